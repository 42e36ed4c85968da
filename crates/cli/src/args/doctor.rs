//! The command line of `daypass doctor`.

use clap::Args;

use super::ServerArguments;

const EXAMPLES: &str = "\
Examples:
  daypass doctor
  daypass doctor --config /etc/daypass/daypass.toml --strict
  daypass doctor --json | jq -r '.findings[] | select(.level == \"fault\") | .check'
  daypass doctor --negative --url https://pass.example.com";

/// Check an installation, and say what is wrong, where, and what to do
///
/// Looks at the settings as `serve` with the same flags would go by them, the store, the keys, every issuer, the certificate,
/// the policy, the disk, the clock, and the server that runs. It changes nothing, makes no file, and does not disturb a
/// server. Worst comes last. Ends with 1 if something is at fault. What each check means: docs/doctor.md.
///
/// With --negative it sends what must be refused to the server that runs instead: no token, forged tokens, requests that
/// are too large. All of it is made with keys that are thrown away, so that it can obtain nothing, and no secret is sent.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArguments {
    /// The server that runs; one that does not answer is at fault then [default: public_url]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Send what must be refused to the server that runs
    #[arg(long)]
    pub(crate) negative: bool,

    /// End with 1 for warnings too
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArguments,
}
