//! The command line of `daypass policy`.

use clap::{Args, Subcommand};

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass policy schema > policy.schema.json
  daypass policy schema --ceiling > ceiling.schema.json";

/// What to do with policy files.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Schema(PolicySchemaArguments),
}

/// Print the JSON Schema of policy files
///
/// For editors, which complete keys by it, explain them and mark what is wrong, and for other programs. It knows the claims of
/// every CI system together; which of them the tokens of an issuer have, the server knows, which reads the settings too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy schema > policy.schema.json\n  then, as the first line of a policy file: #:schema ../policy.schema.json\n  daypass policy schema --ceiling > ceiling.schema.json"
)]
pub(crate) struct PolicySchemaArguments {
    /// That of `_ceiling.toml`, which bounds the roles of its folder
    #[arg(long)]
    pub(crate) ceiling: bool,
}
