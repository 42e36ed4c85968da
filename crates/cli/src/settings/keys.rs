//! `[keys]`: where the encryption key comes from, and the algorithm of passes.

use std::path::PathBuf;

use daypass_app::signing_keys::PASS_ALGORITHMS;
use daypass_jose::Algorithm;

use super::overlay::{Given, Scope};

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
    pub(super) pass_algorithm: Algorithm,
}

pub(super) fn read(keys: &Scope<'_>) -> Keys {
    let file = keys.path("encryption_key_file");
    let command = keys.texts("encryption_key_command");
    let algorithm = keys.text("algorithm");
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
    let pass_algorithm = algorithm.and_then(|given| pass_algorithm(keys, &given)).unwrap_or(Algorithm::ES256);
    Keys { encryption_key, pass_algorithm }
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
