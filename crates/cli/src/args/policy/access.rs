//! The command line of `daypass policy matrix`, `who` and `can`.

use std::path::PathBuf;

use clap::Args;
use daypass_emulator::ClaimOverride;
use daypass_emulator::github::Repository;
use daypass_emulator::gitlab::Project;

use crate::args::SettingsArguments;

/// The policy that is asked about.
#[derive(Debug, Args)]
pub(crate) struct PolicyFilesArguments {
    /// Files, and folders with all that is below them, with the ceilings above them [default: the settings' policy_dir]
    #[arg(value_name = "DIR|FILE")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    /// Allow what a lint finds, and say why; may be given several times
    #[arg(long, value_name = "LINT=REASON")]
    pub(crate) allow: Vec<String>,
}

/// The repository that is asked about: its flags are those of `daypass emulate`.
#[derive(Debug, Args)]
pub(crate) struct RepositoryArguments {
    /// Issuer, by its name in the settings [default: the one of GitHub or GitLab]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub(crate) issuer: Option<String>,

    /// Repository of GitHub; its ids are looked for in the rules if they are not given
    #[arg(long, value_name = "OWNER/NAME", help_heading = "Repository", conflicts_with_all = ["project_path", "project_id", "namespace_id"])]
    pub(crate) repository: Option<Repository>,

    /// Id of the repository
    #[arg(long, value_name = "ID", help_heading = "Repository", requires = "repository_owner_id", conflicts_with_all = ["project_path", "project_id", "namespace_id"])]
    pub(crate) repository_id: Option<u64>,

    /// Id of the repository's owner
    #[arg(long, value_name = "ID", help_heading = "Repository", requires = "repository_id")]
    pub(crate) repository_owner_id: Option<u64>,

    /// Project of GitLab; its ids are looked for in the rules if they are not given
    #[arg(long, value_name = "GROUP/NAME", help_heading = "Repository")]
    pub(crate) project_path: Option<Project>,

    /// Id of the project
    #[arg(long, value_name = "ID", help_heading = "Repository", requires = "namespace_id")]
    pub(crate) project_id: Option<u64>,

    /// Id of the project's group
    #[arg(long, value_name = "ID", help_heading = "Repository", requires = "project_id")]
    pub(crate) namespace_id: Option<u64>,

    /// Its default branch
    #[arg(long, value_name = "BRANCH", default_value = "main", help_heading = "Repository")]
    pub(crate) default_branch: String,
}

/// Show who can get what
///
/// For a repository, each kind of job that matters (pushes, tags, pull requests, environments that rules name, schedules, …)
/// against each role that is about it, decided as the server would. Without a repository, each that a role's trust binds by id.
/// The repository is taken as onboarded. Neither the store nor the network is reached. Ends with 0, with 1 if --check finds a
/// difference, with 2 if the settings or the policy are refused or a file cannot be read or written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy matrix\n  daypass policy matrix --repository octo-org/octo-repo --why\n  daypass policy matrix --html access.html\n  daypass policy matrix --snapshot access.txt\n  daypass policy matrix --snapshot access.txt --check"
)]
pub(crate) struct PolicyMatrixArguments {
    #[command(flatten)]
    pub(crate) files: PolicyFilesArguments,

    #[command(flatten)]
    pub(crate) repository: RepositoryArguments,

    /// Say of each answer why it is so
    #[arg(long)]
    pub(crate) why: bool,

    /// Print one JSON object, with all claims, reasons and traces
    #[arg(long)]
    pub(crate) json: bool,

    /// Write a page for browsers, which is whole in itself and runs nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Write a text with a line for each answer, to be kept beside the policy: a pull request shows what it changes
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Option<PathBuf>,

    /// Write no snapshot, but compare the one that is there, and show what differs
    #[arg(long, requires = "snapshot")]
    pub(crate) check: bool,
}

/// Say in words who may take a role
///
/// Each block of its trust as a sentence, less those that deny, the kinds of job of which repositories that lets in, and what the
/// role gives. Neither the store nor the network is reached.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy who deploy\n  daypass policy who deploy policies/team --config /etc/daypass/daypass.toml"
)]
pub(crate) struct PolicyWhoArguments {
    /// The role
    pub(crate) role: String,

    #[command(flatten)]
    pub(crate) files: PolicyFilesArguments,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say whether a job may take a role, and why
///
/// The job is made up from the flags, which are those of `daypass emulate`, and decided about as the server would. A refusal shows
/// each block of rules, the nearest miss first. The repository is taken as onboarded. Neither the store nor the network is
/// reached. Ends with 0 for yes, with 1 for no, with 2 if the question, the settings or the policy are wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass policy can deploy --repository octo-org/octo-repo --ref refs/heads/main\n  daypass policy can plan --repository acme/shop --repository-id 12 --repository-owner-id 3 --event pull_request\n  daypass policy can deploy --project-path octo/app --ref main --environment production\n  daypass policy can deploy --repository octo-org/octo-repo --claim runner_environment=self-hosted"
)]
pub(crate) struct PolicyCanArguments {
    /// The role
    pub(crate) role: String,

    #[command(flatten)]
    pub(crate) files: PolicyFilesArguments,

    #[command(flatten)]
    pub(crate) repository: RepositoryArguments,

    /// Ref: a branch, or refs/tags/…; of a pull request of GitHub, the branch that it comes from, or refs/pull/…
    #[arg(long = "ref", value_name = "REF", help_heading = "Job")]
    pub(crate) git_ref: Option<String>,

    /// Whether the ref is protected [default: the default branch is]
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Job")]
    pub(crate) ref_protected: Option<bool>,

    /// Event of GitHub, or what started the pipeline of GitLab [default: push]
    #[arg(long, alias = "pipeline-source", value_name = "EVENT", help_heading = "Job")]
    pub(crate) event: Option<String>,

    /// Environment of the job
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) environment: Option<String>,

    /// A claim of its token, as NAME=TEXT or NAME:=JSON; may be given several times
    #[arg(long = "claim", value_name = "NAME=VALUE", help_heading = "Job")]
    pub(crate) claims: Vec<ClaimOverride>,

    /// Print one JSON object, with all claims and the trace
    #[arg(long)]
    pub(crate) json: bool,
}
