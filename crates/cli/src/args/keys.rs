//! The command line of `daypass keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass keys list
  daypass keys rotate
  daypass keys rotate --compromised
  daypass keys rewrap --new-key-file /run/secrets/new.key";

/// What to do with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    List(KeysListArguments),
    Rotate(KeysRotateArguments),
    Rewrap(KeysRewrapArguments),
}

/// List the keys that sign passes, in the order in which they begin
///
/// A key is announced (published, so that verifiers know it when it begins to sign), then signing, then replaced (still
/// published for the passes that it signed), then ended, and a week later gone; or it is revoked, which stays on record for 90 days.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  daypass keys list --json | jq -r .key_id")]
pub(crate) struct KeysListArguments {
    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// Make a new key that signs passes
///
/// Servers rotate by themselves (`rotate_after` in the settings); this does it now. The new key is published first, and
/// signs when every verifier knows it; nothing breaks. Servers that run see it within seconds.
#[derive(Debug, Args)]
#[command(after_help = ROTATE_EXAMPLES)]
pub(crate) struct KeysRotateArguments {
    /// Revoke a key, that which signs unless another is named: its passes are refused within seconds, and a new key signs at once
    #[arg(
        long,
        value_name = "KEY_ID",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SIGNING,
        value_parser = compromised,
        conflicts_with = "lost_encryption_key"
    )]
    pub(crate) compromised: Option<CompromisedKey>,

    /// Last resort: revoke the keys that the encryption key of the settings does not open, and make a new one. Every pass
    /// that they signed is refused from then on; with the wrong encryption key in the settings, that is every pass. It only
    /// tells what it would do unless `--yes` is added
    #[arg(long)]
    pub(crate) lost_encryption_key: bool,

    /// Do what `--lost-encryption-key` would do
    #[arg(long, requires = "lost_encryption_key")]
    pub(crate) yes: bool,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// Stands for the key that signs; no key id is so short.
const SIGNING: &str = "signing";

/// The key that is compromised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CompromisedKey {
    /// The one that signs.
    Signing,
    /// The one of this id.
    Id(String),
}

/// The variable of a script that was not set must not revoke anything.
fn compromised(text: &str) -> Result<CompromisedKey, String> {
    match text {
        "" => Err("it is empty; `daypass keys list` lists the ids".to_owned()),
        SIGNING => Ok(CompromisedKey::Signing),
        key_id => Ok(CompromisedKey::Id(key_id.to_owned())),
    }
}

const ROTATE_EXAMPLES: &str = "\
Examples:
  daypass keys rotate
  daypass keys rotate --compromised
  daypass keys rotate --compromised=3sXvcsqcdoX6hKRrCpCkvzXDg0rzWvBWy4oCvmOQw2g
  daypass keys rotate --lost-encryption-key";

/// Seal the stored keys under a new encryption key
///
/// Reads the present encryption key as `daypass serve` does. All keys are sealed anew, or none. Servers that run go on;
/// restart them with the new encryption key, since a key that is made from then on they cannot open.
#[derive(Debug, Args)]
#[command(after_help = REWRAP_EXAMPLES)]
pub(crate) struct KeysRewrapArguments {
    /// File of the new encryption key: 32 bytes in base64, readable by its owner alone
    #[arg(long, value_name = "FILE", conflicts_with = "new_key_command")]
    pub(crate) new_key_file: Option<PathBuf>,

    /// Program, with its arguments, that prints the new encryption key; the last option of the line
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true)]
    pub(crate) new_key_command: Vec<String>,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

const REWRAP_EXAMPLES: &str = "\
Examples:
  (umask 077; openssl rand -base64 32 > new.key) && daypass keys rewrap --new-key-file new.key
  DAYPASS_NEW_ENCRYPTION_KEY=$(cat new.key) daypass keys rewrap
  daypass keys rewrap --new-key-command vault kv get -field=key secret/daypass";
