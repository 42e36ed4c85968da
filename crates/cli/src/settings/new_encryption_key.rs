//! The encryption key that is to take the place of the present one: found by the same rules as that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daypass_app::seal::EncryptionKey;
use daypass_jose::Secret;

use super::encryption_key::{Found, KeyFault, of_command, of_private_file, parse};
use super::files::FileFault;
use crate::environment;

const VARIABLE: &str = "DAYPASS_NEW_ENCRYPTION_KEY";
const COMMAND: &str = "--new-key-command";

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
        NewKeySource::File(path) => of_kept_file(path),
        NewKeySource::Command(command) => of_steady_command(command).await,
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

/// A pipe gives its key once: with `<(openssl rand -base64 32)` nobody would have it afterwards.
fn of_kept_file(path: &Path) -> Result<Found, KeyFault> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(KeyFault::File { path: path.to_owned(), fault: FileFault::NoFile });
    }
    of_private_file(path)
}

/// What the command prints twice: one that makes a key each time keeps none, and what is sealed under it is lost.
async fn of_steady_command(command: &[String]) -> Result<Found, KeyFault> {
    let (first, second) = (of_command(COMMAND, command).await?, of_command(COMMAND, command).await?);
    if let (Found::Key(key, _), Found::Key(again, _)) = (&first, &second)
        && !key.is_same_as(again)
    {
        let program = command.first().cloned().unwrap_or_default();
        return Err(KeyFault::NotSteady { setting: COMMAND, program });
    }
    Ok(first)
}
