//! `daypass keys rotate --lost-encryption-key`: the last resort, which does nothing without `--yes`.

use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::{Lost, PURPOSE, SigningKeyFault};
use serde_json::json;

use super::super::Context;
use super::super::records::Records;
use super::{Present, of_keys, tell};
use crate::args::KeysRotateArguments;
use crate::fault::CommandFault;
use crate::output;
use crate::settings::{FoundKey, find_encryption_key, make_encryption_key};

/// The one place that goes on without the encryption key under which keys are sealed.
pub(super) async fn run(
    arguments: &KeysRotateArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let settings = &records.settings;
    let rows = records.store.signing_keys().list(PURPOSE).await?;
    if rows.is_empty() {
        return Err(of_keys(SigningKeyFault::NoKeys));
    }
    let found = find_encryption_key(settings, &context.environment).await?;
    let lost = Lost::of(&rows, key_of(&found), context.clock.now());
    if lost.keys.is_empty() {
        return Err(of_keys(SigningKeyFault::NothingLost));
    }
    if !arguments.yes {
        return tell_only(&lost, &found, arguments.json);
    }
    let (key, place) = match found {
        FoundKey::Key(key, place) => (key, place),
        FoundKey::Nowhere(path) => {
            let place = format!("`{}`", path.display());
            let (key, new) = make_encryption_key(path, context.rng.as_ref())?;
            if let Some(new) = new {
                output::note(new);
            }
            (key, place)
        }
    };
    let present = Present { key, place };
    let keeper = present.keeper(&records.store, context);
    let given_up = keeper.give_up_unreadable(settings.pass_keys.algorithm).await;
    let (lost, new) = given_up.map_err(|fault| present.fault(settings, fault))?;
    tell::given_up(&lost, new.as_ref(), arguments.json)
}

/// What would be done. Nothing is, and no encryption key is made.
fn tell_only(lost: &Lost, found: &FoundKey, as_json: bool) -> Result<(), CommandFault> {
    let ids: Vec<&str> = lost.keys.iter().map(|row| row.key_id.as_str()).collect();
    let listed = ids.join(", ");
    let (place, is, encryption_key) = match found {
        FoundKey::Key(_, place) => {
            (place.clone(), format!("the encryption key of {place} does not open {listed}"), "")
        }
        FoundKey::Nowhere(path) => {
            let place = format!("`{}`", path.display());
            let is =
                format!("there is no encryption key in {place}, where it is looked for, to open {listed}");
            (place, is, "a new encryption key is made there; ")
        }
    };
    if as_json {
        output::line(json!({
            "would_give_up": ids,
            "encryption_key": place,
            "makes_encryption_key": key_of(found).is_none(),
            "makes_signing_key": lost.signing.is_none(),
        }))?;
    } else {
        let signs = if lost.signing.is_none() { "; a new key is made, which signs at once" } else { "" };
        output::line(format_args!(
            "{is}\nwith `--yes`: {encryption_key}what is not opened is revoked for good, and passes that it signed are taken no \
             more{signs}"
        ))?;
    }
    Err(CommandFault::Usage(
        "nothing was changed: look for the encryption key that was there before, and put it back; add `--yes` only where it \
         is lost for good"
            .to_owned(),
    ))
}

fn key_of(found: &FoundKey) -> Option<&EncryptionKey> {
    match found {
        FoundKey::Key(key, _) => Some(key),
        FoundKey::Nowhere(_) => None,
    }
}
