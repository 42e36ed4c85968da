//! The command line of `daypass emulate`.

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::{Args, Subcommand};
use daypass_emulator::ClaimOverride;
use daypass_emulator::github::Repository;
use daypass_emulator::gitlab::{IdToken, Project};

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass emulate github -- daypass exchange --url http://127.0.0.1:8080 --role deploy
  daypass emulate gitlab --id-token DAYPASS_ID_TOKEN=127.0.0.1 -- env";

/// The CI system to play.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulateCommand {
    Github(GithubArguments),
    Gitlab(GitlabArguments),
}

/// What is done with the job; common to all CI systems.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Where the identity provider listens; on 127.0.0.1 only
    #[arg(long, value_name = "127.0.0.1:PORT", default_value = "127.0.0.1:0", help_heading = "Emulator")]
    pub(crate) listen: SocketAddr,

    /// Print `export NAME='…'` lines for a shell instead of running a command, and serve until a signal comes, or until
    /// stdin closes where it is a pipe: the variables work for as long as the emulator runs
    #[arg(long, help_heading = "Emulator", conflicts_with_all = ["serve", "command"])]
    pub(crate) print_env: bool,

    /// Keep running for several commands, and say how to start them
    #[arg(long, help_heading = "Emulator", conflicts_with = "command")]
    pub(crate) serve: bool,

    /// A claim of its tokens, as NAME=TEXT or NAME:=JSON; may be given several times
    #[arg(long = "claim", value_name = "NAME=VALUE", help_heading = "Claims")]
    pub(crate) claims: Vec<ClaimOverride>,

    /// The command of the job
    #[arg(last = true, value_name = "CMD", required_unless_present_any = ["print_env", "serve"])]
    pub(crate) command: Vec<OsString>,
}

/// Play GitHub Actions
///
/// Runs CMD with the variables and the token endpoint of a GitHub Actions job, and ends with its exit status. Tokens
/// have the claims of real ones; the issuer is `http://127.0.0.1:PORT`, and a server takes them only while its
/// public_url and listen are both loopback. Repository, ref and commit come from the git checkout of the working
/// directory, if there is one; the ids of a repository other than octo-org/octo-repo are made up from its name unless
/// they are given. Signals are passed on to CMD.
#[derive(Debug, Args)]
#[command(after_help = GITHUB_EXAMPLES)]
pub(crate) struct GithubArguments {
    #[command(flatten)]
    pub(crate) run: RunArguments,

    /// Repository
    #[arg(long, value_name = "OWNER/NAME", help_heading = "Job")]
    pub(crate) repository: Option<Repository>,

    /// Id of the repository
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) repository_id: Option<u64>,

    /// Id of the repository's owner
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) repository_owner_id: Option<u64>,

    /// private, public or internal
    #[arg(long, value_name = "VISIBILITY", help_heading = "Job")]
    pub(crate) visibility: Option<String>,

    /// Ref: a branch, refs/heads/…, or refs/tags/…
    #[arg(long = "ref", value_name = "REF", help_heading = "Job")]
    pub(crate) git_ref: Option<String>,

    /// Commit
    #[arg(long, help_heading = "Job")]
    pub(crate) sha: Option<String>,

    /// The ref is protected
    #[arg(long, help_heading = "Job")]
    pub(crate) ref_protected: bool,

    /// Event: push, pull_request, schedule, workflow_dispatch, merge_group, …
    #[arg(long, help_heading = "Job")]
    pub(crate) event: Option<String>,

    /// Number of the pull request, for its events
    #[arg(long, value_name = "NUMBER", help_heading = "Job")]
    pub(crate) pull_request: Option<u64>,

    /// Branch that the pull request comes from
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) head_ref: Option<String>,

    /// Branch that the pull request goes to
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) base_ref: Option<String>,

    /// Environment of the job
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) environment: Option<String>,

    /// File of the workflow in .github/workflows
    #[arg(long, value_name = "FILE", help_heading = "Job")]
    pub(crate) workflow: Option<String>,

    /// Who started the run
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) actor: Option<String>,

    /// github-hosted or self-hosted
    #[arg(long, value_name = "KIND", help_heading = "Job")]
    pub(crate) runner_environment: Option<String>,

    /// Give `sub` the form of repositories made before 2026-07-15: names without ids
    #[arg(long, help_heading = "Claims")]
    pub(crate) old_subject: bool,
}

const GITHUB_EXAMPLES: &str = "\
Examples:
  daypass emulate github -- daypass exchange --url http://127.0.0.1:8080 --role deploy
  daypass emulate github --event pull_request --pull-request 7 -- ./job.sh
  daypass emulate github --repository acme/shop --repository-id 12 --repository-owner-id 3 -- env
  daypass emulate github --listen 127.0.0.1:4011 --print-env > job.env &";

/// Play GitLab CI
///
/// Runs CMD with the variables and the identity tokens of a GitLab CI job, and ends with its exit status. Tokens have
/// the claims of real ones; the issuer is `http://127.0.0.1:PORT`, and a server takes them only while its public_url
/// and listen are both loopback. Project, ref and commit come from the git checkout of the working directory, if there
/// is one; the ids of a project other than octo/app are made up from its name unless they are given. Signals are
/// passed on to CMD.
#[derive(Debug, Args)]
#[command(after_help = GITLAB_EXAMPLES)]
pub(crate) struct GitlabArguments {
    #[command(flatten)]
    pub(crate) run: RunArguments,

    /// A token of the job: the variable that holds it, and its audience; may be given several times
    #[arg(long = "id-token", value_name = "NAME=AUDIENCE", help_heading = "Job")]
    pub(crate) id_tokens: Vec<IdToken>,

    /// Project
    #[arg(long, value_name = "GROUP/NAME", help_heading = "Job")]
    pub(crate) project_path: Option<Project>,

    /// Id of the project
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) project_id: Option<u64>,

    /// Id of the project's group
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) namespace_id: Option<u64>,

    /// private, internal or public
    #[arg(long, value_name = "VISIBILITY", help_heading = "Job")]
    pub(crate) visibility: Option<String>,

    /// Branch, or refs/tags/…; of a merge request, its source branch
    #[arg(long = "ref", value_name = "REF", help_heading = "Job")]
    pub(crate) git_ref: Option<String>,

    /// Commit
    #[arg(long, help_heading = "Job")]
    pub(crate) sha: Option<String>,

    /// Whether the ref is protected [default: main and master are]
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Job")]
    pub(crate) ref_protected: Option<bool>,

    /// What started the pipeline: push, merge_request_event, schedule, web, …
    #[arg(long, value_name = "SOURCE", help_heading = "Job")]
    pub(crate) pipeline_source: Option<String>,

    /// Number of the merge request in its project, for its events
    #[arg(long, value_name = "NUMBER", help_heading = "Job")]
    pub(crate) merge_request: Option<u64>,

    /// Branch that the merge request goes to
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) target_branch: Option<String>,

    /// Environment of the job
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) environment: Option<String>,

    /// Who started the pipeline
    #[arg(long, value_name = "LOGIN", help_heading = "Job")]
    pub(crate) user: Option<String>,

    /// Timeout of the job in seconds, which is the lifetime of its tokens
    #[arg(long, value_name = "SECONDS", help_heading = "Job")]
    pub(crate) timeout: Option<i64>,
}

const GITLAB_EXAMPLES: &str = "\
Examples:
  daypass emulate gitlab --id-token DAYPASS_ID_TOKEN=127.0.0.1 -- daypass exchange --url http://127.0.0.1:8080
  daypass emulate gitlab --pipeline-source merge_request_event --id-token TOKEN=test -- ./job.sh";
