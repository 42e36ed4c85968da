//! `[keys]`: where the encryption key comes from, and how signing keys are made and rotated.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use daypass_app::signing_keys::{PASS_ALGORITHMS, PassKeySettings};
use daypass_jose::Algorithm;

use super::overlay::{Given, Scope};

/// For how long a key signs unless the settings say otherwise: a leak that nobody noticed ends with it.
const DEFAULT_ROTATE_AFTER_SECONDS: i64 = 30 * 86_400;
/// Below, a set would be full within minutes; above, nobody remembers how it goes.
const ROTATE_AFTER_SECONDS: RangeInclusive<i64> = 10..=366 * 86_400;
/// For how long a verifier may keep the published keys unless the settings say otherwise.
const DEFAULT_JWKS_MAX_AGE_SECONDS: i64 = 300;
/// For so long a compromised key is taken by whoever keeps the published keys.
const JWKS_MAX_AGE_SECONDS: RangeInclusive<i64> = 1..=3600;

/// Where the encryption key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EncryptionKeySource {
    /// This file.
    File(PathBuf),
    /// What this command prints.
    Command(Vec<String>),
    /// The settings name none.
    Unnamed,
}

pub(super) struct Keys {
    pub(super) encryption_key: EncryptionKeySource,
    pub(super) pass_keys: PassKeySettings,
}

pub(super) fn read(keys: &Scope<'_>) -> Keys {
    let file = keys.path("encryption_key_file");
    let command = keys.texts("encryption_key_command");
    let algorithm = keys.text("algorithm");
    let rotate_after_seconds =
        keys.duration_within("rotate_after", ROTATE_AFTER_SECONDS).unwrap_or(DEFAULT_ROTATE_AFTER_SECONDS);
    let jwks_max_age =
        keys.duration_within("jwks_max_age", JWKS_MAX_AGE_SECONDS).unwrap_or(DEFAULT_JWKS_MAX_AGE_SECONDS);
    keys.finish();
    let encryption_key = match (file, command) {
        (Some(file), Some(_)) => {
            let message = "`encryption_key_file` and `encryption_key_command` both name the encryption key";
            keys.reading.fault(&file.place, message, Some("keep one of them".to_owned()));
            EncryptionKeySource::Unnamed
        }
        (Some(file), None) => EncryptionKeySource::File(file.value),
        (None, Some(command)) => of_command(keys, command),
        (None, None) => EncryptionKeySource::Unnamed,
    };
    let algorithm = algorithm.and_then(|given| pass_algorithm(keys, &given)).unwrap_or(Algorithm::ES256);
    let jwks_max_age_seconds = u32::try_from(jwks_max_age).unwrap_or(u32::MAX);
    let pass_keys = PassKeySettings { algorithm, rotate_after_seconds, jwks_max_age_seconds };
    Keys { encryption_key, pass_keys }
}

fn of_command(keys: &Scope<'_>, command: Vec<Given<String>>) -> EncryptionKeySource {
    if command.first().is_none_or(|program| program.value.is_empty()) {
        let help =
            "write the program and its arguments: `[\"program\", \"argument\"]`; no shell is run".to_owned();
        let place = keys.place_of("encryption_key_command");
        keys.reading.fault(&place, "`encryption_key_command` names no program", Some(help));
    }
    EncryptionKeySource::Command(command.into_iter().map(|word| word.value).collect())
}

fn pass_algorithm(keys: &Scope<'_>, given: &Given<String>) -> Option<Algorithm> {
    let found = PASS_ALGORITHMS.into_iter().find(|algorithm| algorithm.name() == given.value);
    if found.is_none() {
        let names = PASS_ALGORITHMS.map(Algorithm::name).join("`, `");
        let message = format!("`algorithm`: passes are not signed with `{}`", given.value);
        keys.reading.fault(&given.place, message, Some(format!("write one of `{names}`")));
    }
    found
}
