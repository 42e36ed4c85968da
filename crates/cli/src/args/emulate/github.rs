//! The command line of `daypass emulate github`.

use clap::{Args, ValueEnum};
use daypass_emulator::github::{Repository, ReusableWorkflow, SubjectTemplate};

use super::RunArguments;

/// Who may ask for identity tokens.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum IdTokenChoice {
    /// The job, unless it is of a pull request from a fork
    Granted,
    /// The job, from a fork too: "Send write tokens to workflows from pull requests" is on
    Forks,
    /// Nobody: the workflow has no `id-token: write`
    None,
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

    /// Ref: a branch, refs/heads/…, or refs/tags/…; empty for a deployment of a commit. Many events have one of their own
    #[arg(long = "ref", value_name = "REF", help_heading = "Job")]
    pub(crate) git_ref: Option<String>,

    /// Commit
    #[arg(long, help_heading = "Job")]
    pub(crate) sha: Option<String>,

    /// The ref is protected
    #[arg(long, help_heading = "Job")]
    pub(crate) ref_protected: bool,

    /// Branch on which schedules, repository_dispatch, workflow_run, pull_request_target and others run [default: that of the checkout's origin, else main]
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) default_branch: Option<String>,

    /// Event: push, pull_request, schedule, workflow_dispatch, merge_group, …
    #[arg(long, help_heading = "Job")]
    pub(crate) event: Option<String>,

    /// Number of the pull request, for its events
    #[arg(long, value_name = "NUMBER", help_heading = "Job")]
    pub(crate) pull_request: Option<u64>,

    /// Branch that the pull request comes from
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) head_ref: Option<String>,

    /// Branch that the pull request goes to [default: the default branch]
    #[arg(long, value_name = "BRANCH", help_heading = "Job")]
    pub(crate) base_ref: Option<String>,

    /// Repository that the pull request comes from, a fork: its job gets no identity tokens, see --id-tokens
    #[arg(long, value_name = "OWNER/NAME", help_heading = "Job")]
    pub(crate) fork: Option<Repository>,

    /// Who may ask for identity tokens
    #[arg(long, value_enum, value_name = "WHO", default_value_t = IdTokenChoice::Granted, help_heading = "Job")]
    pub(crate) id_tokens: IdTokenChoice,

    /// Environment of the job
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) environment: Option<String>,

    /// File of the workflow in .github/workflows
    #[arg(long, value_name = "FILE", help_heading = "Job")]
    pub(crate) workflow: Option<String>,

    /// `name` of the workflow [default: the path of its file]
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) workflow_name: Option<String>,

    /// Workflow that is called and has the job: OWNER/NAME/.github/workflows/FILE@REF
    #[arg(long, value_name = "WORKFLOW", help_heading = "Job")]
    pub(crate) reusable_workflow: Option<ReusableWorkflow>,

    /// Who started the run
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) actor: Option<String>,

    /// Id of who started the run
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) actor_id: Option<u64>,

    /// Id of the run [default: a random one]
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) run_id: Option<u64>,

    /// Number of the run among those of its workflow [default: 1]
    #[arg(long, value_name = "NUMBER", help_heading = "Job")]
    pub(crate) run_number: Option<u64>,

    /// Number of the attempt: 2 for the first re-run [default: 1]
    #[arg(long, value_name = "NUMBER", help_heading = "Job")]
    pub(crate) run_attempt: Option<u64>,

    /// Id of the job's check run [default: a random one]
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) check_run_id: Option<u64>,

    /// github-hosted or self-hosted
    #[arg(long, value_name = "KIND", help_heading = "Job")]
    pub(crate) runner_environment: Option<String>,

    /// Enterprise that the repository belongs to
    #[arg(long, value_name = "SLUG", help_heading = "Job")]
    pub(crate) enterprise: Option<String>,

    /// Id of the enterprise
    #[arg(long, value_name = "ID", requires = "enterprise", help_heading = "Job")]
    pub(crate) enterprise_id: Option<u64>,

    /// A custom property of the repository; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = property, help_heading = "Job")]
    pub(crate) properties: Vec<(String, String)>,

    /// Names of which `sub` is made, with commas between [default: repo,context]
    #[arg(long = "subject", value_name = "NAMES", help_heading = "Claims")]
    pub(crate) subject_template: Option<SubjectTemplate>,

    /// Leave colons in values of `sub` as they are, as GitHub Enterprise Server up to 3.18 does
    #[arg(long, help_heading = "Claims")]
    pub(crate) unescaped_subject: bool,

    /// Give `sub` the form of repositories made before 2026-07-15: names without ids
    #[arg(long, help_heading = "Claims")]
    pub(crate) old_subject: bool,
}

const GITHUB_EXAMPLES: &str = "\
Examples:
  daypass emulate github -- daypass exchange --url http://127.0.0.1:8080 --role deploy
  daypass emulate github --event pull_request --pull-request 7 -- ./job.sh
  daypass emulate github --event pull_request --fork mona/octo-repo -- ./job.sh
  daypass emulate github --repository acme/shop --repository-id 12 --repository-owner-id 3 -- env
  daypass emulate github --listen 127.0.0.1:4011 --print-env > job.env &
  daypass emulate github --join http://127.0.0.1:4011 --event schedule -- ./job.sh";

/// A property's name and value.
fn property(text: &str) -> Result<(String, String), String> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write `NAME=VALUE`".to_owned()),
    }
}
