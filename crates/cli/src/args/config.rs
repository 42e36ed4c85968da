//! The command line of `daypass config`.

use clap::{Args, Subcommand};

use super::ServerArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass config show
  daypass config show --config /etc/daypass/daypass.toml --json
  daypass config schema > daypass.schema.json";

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(Box<ConfigShowArguments>),
    Schema(ConfigSchemaArguments),
}

/// Show every setting as `serve` would go by it, and where it comes from
///
/// The file and its line, a variable, a flag of `serve` (given here as it would be there), or the default. Passwords are not
/// shown. No key is read, no command is run, neither the store nor the network is reached. Faults of the settings are told as
/// `serve` tells them, with the exit code 2.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass config show\n  daypass config show --listen 0.0.0.0:8080 --config /etc/daypass/daypass.toml\n  daypass config show --json | jq -c 'select(.from.kind != \"default\")'"
)]
pub(crate) struct ConfigShowArguments {
    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

/// Print the JSON Schema of daypass.toml
///
/// For editors, which complete keys by it, explain them and mark what is wrong, and for other programs. `serve` knows more
/// than a schema can say: whether an issuer is trusted twice, say.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass config schema > daypass.schema.json\n  then, as the first line of daypass.toml: #:schema ./daypass.schema.json"
)]
pub(crate) struct ConfigSchemaArguments {}
