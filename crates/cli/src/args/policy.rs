//! The command line of `daypass policy`.

mod access;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(crate) use access::{
    PolicyCanArguments, PolicyFilesArguments, PolicyMatrixArguments, PolicyWhoArguments, RepositoryArguments,
};

use super::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass policy check
  daypass policy check policies/team --config /etc/daypass/daypass.toml
  daypass policy check --explain no_immutable_owner
  daypass policy test
  daypass policy matrix
  daypass policy who deploy
  daypass policy can deploy --repository octo-org/octo-repo --ref refs/heads/main
  daypass policy schema > policy.schema.json";

/// What to do with policy files.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Check(Box<PolicyCheckArguments>),
    Matrix(Box<PolicyMatrixArguments>),
    Who(PolicyWhoArguments),
    Can(Box<PolicyCanArguments>),
    Schema(PolicySchemaArguments),
    Test(PolicyTestArguments),
}

/// Check policy files as the server would read them
///
/// Shows every fault with its line, and what to do. The settings say which issuers there are; neither the store nor the
/// network is reached. Ends with 0 if there is nothing to say, with 1 if there are findings, with 2 if the settings are wrong or
/// a file cannot be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy check\n  daypass policy check policies/deploy.toml\n  daypass policy check --sarif > daypass.sarif\n  daypass policy check --json | jq -r '.findings[].message'\n  daypass policy check --explain star_in_text"
)]
pub(crate) struct PolicyCheckArguments {
    /// Files, and folders with all that is below them, with the ceilings above them [default: the settings' policy_dir]
    #[arg(value_name = "DIR|FILE")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    /// Allow what a lint finds, and say why; may be given several times
    #[arg(long, value_name = "LINT=REASON")]
    pub(crate) allow: Vec<String>,

    /// Print one JSON object
    #[arg(long, conflicts_with = "sarif")]
    pub(crate) json: bool,

    /// Print SARIF 2.1.0, which code hosts show beside the lines
    #[arg(long)]
    pub(crate) sarif: bool,

    /// Say what a lint finds, and why, and do nothing else
    #[arg(long, value_name = "LINT", exclusive = true)]
    pub(crate) explain: Option<String>,
}

/// Try the policy on cases: jobs, and what each is to get
///
/// Cases are in files NAME.test.toml beside the policy files, where no server reads them as policy. Each says a job, by a few
/// claims that differ from those of a usual one or by all of them, a role, and whether it is to get it. The function that
/// serves decides; neither the store nor the network is reached. Blocks that no case reaches are named. Ends with 0 if all is as
/// expected, with 1 if it is not or the files have faults, with 2 if the settings are wrong or there are no cases.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy test\n  daypass policy test policies/deploy.test.toml\n  daypass policy test --require-coverage\n  daypass policy test --json | jq -r '.cases[] | select(.passed | not) | .name'"
)]
pub(crate) struct PolicyTestArguments {
    /// Files of cases, and folders with the *.test.toml below them [default: the settings' policy_dir]
    #[arg(value_name = "DIR|FILE")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    /// Folder of the policy files [default: that of the settings]
    #[arg(long, value_name = "DIR")]
    pub(crate) policy_dir: Option<String>,

    /// Allow what a lint finds, and say why; may be given several times
    #[arg(long, value_name = "LINT=REASON")]
    pub(crate) allow: Vec<String>,

    /// End with 1 if a block is reached by no case
    #[arg(long)]
    pub(crate) require_coverage: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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
