//! What a change of keys came to, in words and for machines.

use daypass_app::signing_keys::{PassKeySettings, Revoked, Rotated};
use daypass_jose::Timestamp;
use daypass_policy::show_duration;
use daypass_store::SigningKeyRow;
use serde_json::{Value, json};

use crate::fault::CommandFault;
use crate::output;
use crate::words;

/// Within how many seconds servers hear of a revocation, or stop taking any pass (`signing_keys::STALE_AFTER`).
const HEARD_WITHIN: &str = "within 2 s, or 10 s where they cannot reach the database";

pub(super) fn rotated(rotated: &Rotated, now: Timestamp, as_json: bool) -> Result<(), CommandFault> {
    let (successor, predecessor) = match rotated {
        Rotated::Made { successor, predecessor } => (successor, Some(predecessor)),
        Rotated::Announced(successor) => (successor, None),
    };
    if as_json {
        return output::line(json!({
            "made": predecessor.is_some(),
            "key": key(successor),
            "replaces": predecessor.map(|predecessor| &predecessor.key_id),
        }));
    }
    let from = successor.activates_at;
    let when = words::relative(from, now);
    match predecessor {
        Some(predecessor) => output::line(format_args!(
            "{} ({}) is made and published, and signs from {from} ({when})\n\
             until then {} signs; its passes are taken until they expire",
            successor.key_id, successor.algorithm, predecessor.key_id
        )),
        None => output::line(format_args!(
            "{} ({}) is published already, and signs from {from} ({when}); no other was made",
            successor.key_id, successor.algorithm
        )),
    }
}

pub(super) fn revoked(
    revoked: &Revoked,
    settings: &PassKeySettings,
    as_json: bool,
) -> Result<(), CommandFault> {
    if as_json {
        return output::line(json!({
            "revoked": revoked.revoked.key_id,
            "revoked_at": revoked.at.to_string(),
            "signing": revoked.signing,
            "successor": revoked.successor.as_ref().map(key),
            "was_before": revoked.was_before,
        }));
    }
    if revoked.was_before {
        return output::line(format_args!(
            "{} is revoked already, since {}, and {signing} signs in its place: nothing was done\n\
             to revoke that one too: daypass keys rotate --compromised={signing}",
            revoked.revoked.key_id,
            revoked.at,
            signing = revoked.signing
        ));
    }
    let max_age = show_duration(i64::from(settings.jwks_max_age_seconds));
    let signs = match &revoked.successor {
        Some(successor) => format!("{} ({}) signs now", successor.key_id, successor.algorithm),
        None => format!("{} signs, as before", revoked.signing),
    };
    output::line(format_args!(
        "{} is revoked since {}: servers take no pass that it signed and publish it no more {HEARD_WITHIN}\n\
         other APIs refuse them when they next fetch the keys, which they may keep for {max_age}, or when they restart\n\
         {signs}",
        revoked.revoked.key_id, revoked.at
    ))
}

pub(super) fn given_up(
    lost: &[SigningKeyRow],
    new: Option<&SigningKeyRow>,
    as_json: bool,
) -> Result<(), CommandFault> {
    let ids: Vec<&str> = lost.iter().map(|row| row.key_id.as_str()).collect();
    if as_json {
        return output::line(json!({ "given_up": ids, "successor": new.map(key) }));
    }
    let signs = match new {
        Some(new) => format!("\n{} ({}) is new, and signs at once", new.key_id, new.algorithm),
        None => String::new(),
    };
    output::line(format_args!(
        "revoked, since the encryption key does not open them: {}\n\
         passes that they signed are taken no more{signs}\n\
         next: start every server with this encryption key; one that still runs with another gives no pass",
        ids.join(", ")
    ))
}

fn key(row: &SigningKeyRow) -> Value {
    json!({
        "key_id": row.key_id,
        "algorithm": row.algorithm,
        "signs_from": row.activates_at.to_string(),
    })
}
