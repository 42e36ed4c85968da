//! The encryption key that is to take the place of the present one: found by the same rules as that.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daypass_app::seal::EncryptionKey;
use daypass_jose::Secret;

use super::encryption_key::{Found, KeyFault, of_command, of_private_file, parse};
use crate::environment;

const VARIABLE: &str = "DAYPASS_NEW_ENCRYPTION_KEY";

/// Where the new encryption key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewKeySource {
    /// This file.
    File(PathBuf),
    /// What this command prints.
    Command(Vec<String>),
    /// Nothing is named: the variable.
    Unnamed,
}

/// The new key, and where it was.
pub(crate) async fn find(
    source: &NewKeySource,
    environment: &BTreeMap<String, String>,
) -> Result<(EncryptionKey, String), KeyFault> {
    let found = match source {
        NewKeySource::File(path) => of_private_file(path),
        NewKeySource::Command(command) => of_command("--new-key-command", command).await,
        NewKeySource::Unnamed => match environment::value(environment, VARIABLE) {
            Some(text) => parse(VARIABLE, &Secret::new(text.to_owned())),
            None => Err(KeyFault::NoNew),
        },
    };
    match found? {
        Found::Key(key, place) => Ok((key, place)),
        Found::Nowhere(_) => Err(KeyFault::NoNew),
    }
}
