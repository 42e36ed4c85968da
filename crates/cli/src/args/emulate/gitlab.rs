//! The command line of `daypass emulate gitlab`.

use clap::{Args, ValueEnum};
use daypass_emulator::gitlab::{IdToken, Project, SubjectComponents};

use super::RunArguments;

/// Which GitLab made the tokens.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ClaimSetChoice {
    /// Before 18.2.2: `project_…` is where the job runs, and a fork is not to be seen
    BeforeForks,
    /// Since 18.4: `project_…` is where the ref is from, `job_project_…` where the job runs
    Current,
    /// Newer: `source_project_…` besides
    WithSource,
}

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

    /// Project that the merge request comes from, a fork; the pipeline runs in the project that it goes to
    #[arg(long, value_name = "GROUP/NAME", help_heading = "Job")]
    pub(crate) fork: Option<Project>,

    /// Environment of the job
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) environment: Option<String>,

    /// Tier of the environment [default: guessed from its name]
    #[arg(long, value_name = "TIER", requires = "environment", help_heading = "Job")]
    pub(crate) environment_tier: Option<String>,

    /// The environment is protected
    #[arg(long, requires = "environment", help_heading = "Job")]
    pub(crate) environment_protected: bool,

    /// What the job does with the environment: start, prepare, verify, stop or access [default: start]
    #[arg(long, value_name = "ACTION", requires = "environment", help_heading = "Job")]
    pub(crate) environment_action: Option<String>,

    /// Who started the pipeline
    #[arg(long, value_name = "LOGIN", help_heading = "Job")]
    pub(crate) user: Option<String>,

    /// Id of who started the pipeline
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) user_id: Option<u64>,

    /// Mail address of who started the pipeline
    #[arg(long, value_name = "ADDRESS", help_heading = "Job")]
    pub(crate) user_email: Option<String>,

    /// Role in the project of who started the pipeline: developer, maintainer, owner
    #[arg(long, value_name = "ROLE", help_heading = "Job")]
    pub(crate) user_access_level: Option<String>,

    /// A group that who started the pipeline is a direct member of; may be given several times
    #[arg(long = "group", value_name = "PATH", help_heading = "Job")]
    pub(crate) groups: Vec<String>,

    /// Id of the pipeline [default: a random one]
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) pipeline_id: Option<u64>,

    /// Id of the job [default: a random one]
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) job_id: Option<u64>,

    /// Id of the runner
    #[arg(long, value_name = "ID", help_heading = "Job")]
    pub(crate) runner_id: Option<i64>,

    /// gitlab-hosted or self-hosted
    #[arg(long, value_name = "KIND", help_heading = "Job")]
    pub(crate) runner_environment: Option<String>,

    /// The pipeline's file is not in the project: `ci_config_ref_uri` and `ci_config_sha` are null
    #[arg(long, help_heading = "Job")]
    pub(crate) config_elsewhere: bool,

    /// Timeout of the job in seconds, which is the lifetime of its tokens
    #[arg(long, value_name = "SECONDS", help_heading = "Job")]
    pub(crate) timeout: Option<i64>,

    /// Which GitLab made the tokens: what they say of forks has changed
    #[arg(long, value_enum, value_name = "SET", default_value_t = ClaimSetChoice::Current, help_heading = "Claims")]
    pub(crate) claim_set: ClaimSetChoice,

    /// Names of which `sub` is made, with commas between [default: project_path,ref_type,ref]
    #[arg(long = "subject", value_name = "NAMES", help_heading = "Claims")]
    pub(crate) subject_components: Option<SubjectComponents>,

    /// Another project had the path before: GitLab gives no token whose `sub` names it
    #[arg(long, help_heading = "Claims")]
    pub(crate) path_reclaimed: bool,
}

const GITLAB_EXAMPLES: &str = "\
Examples:
  daypass emulate gitlab --id-token DAYPASS_ID_TOKEN=127.0.0.1 -- daypass exchange --url http://127.0.0.1:8080
  daypass emulate gitlab --pipeline-source merge_request_event --fork mona/app --id-token TOKEN=test -- ./job.sh
  daypass emulate gitlab --join http://127.0.0.1:4011 --ref refs/tags/v1 --id-token TOKEN=test -- ./job.sh";
