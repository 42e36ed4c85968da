//! The encryption key and the signing keys that it opens.

use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::{PURPOSE, Standing, ahead, next_rotation, states};
use daypass_jose::Timestamp;
use daypass_store::SigningKeyRow;

use super::super::Context;
use super::check::Check;
use super::finding::Finding;
use crate::settings::{FileFault, FoundKey, KeyFault, SealedKeys, Settings, find_encryption_key};
use crate::words;

/// For how long the next key may be due before somebody should look, in seconds. A server makes it within minutes.
const OVERDUE_SECONDS: i64 = 3600;

/// `rows` are the signing keys of the store, where it could be read. Where it could not, nothing is said of what they need.
pub(super) async fn check(
    settings: &Settings,
    rows: Option<&[SigningKeyRow]>,
    context: &Context,
) -> Vec<Finding> {
    let rows: Option<Vec<SigningKeyRow>> =
        rows.map(|rows| rows.iter().filter(|row| row.purpose == PURPOSE).cloned().collect());
    let found = find_encryption_key(settings, &context.environment).await;
    let Some(sealed) = rows.as_deref() else { return vec![unseen(found)] };
    let mut findings = match found {
        Ok(FoundKey::Key(key, place)) => {
            let database = SealedKeys::of(&settings.store);
            opens(&key, &place, sealed, database, context.clock.now())
        }
        Ok(FoundKey::Nowhere(path)) if sealed.is_empty() => {
            let text = "there is none yet: the first start of a server makes it";
            vec![Finding::note(Check::EncryptionKey, text).at(&path.display())]
        }
        Ok(FoundKey::Nowhere(path)) => {
            let database = SealedKeys::of(&settings.store);
            vec![missing(&KeyFault::Lost { place: Some(path), database })]
        }
        Err(fault) if sealed.is_empty() => vec![missing(&fault)],
        Err(fault) => vec![missing(&fault.with_sealed_keys_in(SealedKeys::of(&settings.store)))],
    };
    findings.extend(of_set(sealed, settings, context.clock.now()));
    findings
}

/// What can be said of the encryption key alone.
fn unseen(found: Result<FoundKey, KeyFault>) -> Finding {
    const UNSEEN: &str = "the signing keys in the database were not looked at";
    match found {
        Ok(FoundKey::Key(_, place)) => {
            let text = format!("there is one; whether it opens them is not told: {UNSEEN}");
            Finding::note(Check::EncryptionKey, text).at(&place)
        }
        Ok(FoundKey::Nowhere(path)) => {
            let text = format!("there is none, and whether one is needed is not told: {UNSEEN}");
            Finding::warning(Check::EncryptionKey, text).at(&path.display())
        }
        Err(fault) => missing(&fault),
    }
}

fn missing(fault: &KeyFault) -> Finding {
    let check = match fault {
        KeyFault::File { fault: FileFault::Exposed, .. } => Check::FileModes,
        KeyFault::File { .. }
        | KeyFault::Lost { .. }
        | KeyFault::Wrong { .. }
        | KeyFault::Malformed { .. }
        | KeyFault::Command { .. }
        | KeyFault::NotSteady { .. }
        | KeyFault::NotKept { .. }
        | KeyFault::NoNew
        | KeyFault::Missing => Check::EncryptionKey,
    };
    Finding::fault(check, fault.to_string())
}

/// Whether the key opens what is in use; what is revoked or has ended need not be opened any more.
fn opens(
    key: &EncryptionKey,
    place: &str,
    rows: &[SigningKeyRow],
    database: SealedKeys,
    now: Timestamp,
) -> Vec<Finding> {
    let used: Vec<&SigningKeyRow> = states(rows, now)
        .into_iter()
        .filter(|state| state.standing.is_published())
        .map(|state| state.row)
        .collect();
    let shut = |row: &&&SigningKeyRow| key.open(PURPOSE, &row.key_id, &row.sealed).is_err();
    let closed: Vec<&str> = used.iter().filter(shut).map(|row| row.key_id.as_str()).collect();
    let finding = if closed.is_empty() {
        Finding::ok(Check::EncryptionKey, format!("it opens the signing keys in use: {}", used.len()))
    } else if closed.len() == used.len() {
        Finding::fault(
            Check::EncryptionKey,
            KeyFault::Wrong { place: place.to_owned(), database }.to_string(),
        )
    } else {
        let text = format!(
            "signing keys are sealed under another encryption key, or altered: {}",
            closed.join(", ")
        );
        Finding::fault(Check::EncryptionKey, text)
    };
    vec![finding.at(&place)]
}

fn of_set(rows: &[SigningKeyRow], settings: &Settings, now: Timestamp) -> Vec<Finding> {
    if rows.is_empty() {
        let text = "there is no signing key yet: the first start of a server makes it";
        return vec![Finding::note(Check::SigningKeys, text)];
    }
    let states = states(rows, now);
    let with = |standing| states.iter().filter(move |state| state.standing == standing);
    let mut findings = vec![match with(Standing::Signing).next() {
        Some(signing) => {
            let next = match with(Standing::Announced).next() {
                Some(next) => {
                    format!("; {} follows {}", next.row.key_id, words::relative(next.row.activates_at, now))
                }
                None => String::new(),
            };
            let text = format!("{} ({}) signs{next}", signing.row.key_id, signing.row.algorithm);
            Finding::ok(Check::SigningKeys, text)
        }
        None => Finding::fault(Check::SigningKeys, "every signing key is revoked: no pass is given"),
    }];
    if let Some(key) = ahead(rows, now) {
        let text = format!("{} was made at {}, which is still to come", key.key_id, key.created_at);
        findings.push(Finding::fault(Check::KeysAhead, text));
    }
    if let Some(due) = next_rotation(rows, &settings.pass_keys) {
        let when = words::relative(due, now);
        findings.push(if due.plus_seconds(OVERDUE_SECONDS) < now {
            Finding::warning(Check::KeyRotation, format!("the next key was to be made {when}"))
        } else {
            Finding::ok(Check::KeyRotation, format!("the next key is made {when}"))
        });
    }
    let place = SealedKeys::of(&settings.store).to_string();
    findings.into_iter().map(|finding| finding.at(&place)).collect()
}
