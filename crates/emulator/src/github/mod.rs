//! GitHub Actions: what a job is, and what its runner and its identity provider make of it.

mod claims;
mod environment;
mod files;
mod refs;
mod repository;
mod reusable;
mod subject;

use std::collections::BTreeMap;
use std::path::PathBuf;

use daypass_jose::{Json, Object, Random};

pub(crate) use environment::environment;
pub(crate) use files::RunnerFiles;
pub use repository::Repository;
pub use reusable::ReusableWorkflow;
pub use subject::SubjectTemplate;

use crate::checkout::Checkout;
use crate::claim_override::ClaimOverride;
use crate::fault::EmulatorFault;
use crate::identity::random_number;

/// The address at which a job asks for its tokens. It has a query already: clients append `&audience=…` as it stands.
pub(crate) fn request_url(server: &str, job: &str) -> String {
    format!("{server}/_apis/pipelines/jobs/{job}/idtoken?api-version=2.0")
}

/// A job of GitHub Actions. [`GithubJob::default`] is a push to `main` of `octo-org/octo-repo`.
#[derive(Debug, Clone)]
pub struct GithubJob {
    /// The repository.
    pub repository: Repository,
    /// `private`, `public` or `internal`.
    pub visibility: String,
    /// The event that started the run: `push`, `pull_request`, `schedule`, `workflow_dispatch`, `merge_group`, …
    pub event: String,
    /// The ref: `refs/heads/main`, `refs/tags/v1`; a name alone is a branch, and an empty one stays empty, as in
    /// deployments of a commit. The events of pull requests and merge groups make their own from it and `pull_request`,
    /// and many events run on the default branch alone.
    pub git_ref: String,
    /// The default branch: a name alone.
    pub default_branch: String,
    /// Whether the ref is protected.
    pub ref_protected: bool,
    /// The pull request, looked at by its events only.
    pub pull_request: PullRequest,
    /// The commit.
    pub sha: String,
    /// The environment that the job names.
    pub environment: Option<String>,
    /// File of the workflow in `.github/workflows`.
    pub workflow_file: String,
    /// The workflow's `name`; one without a name is called by its path.
    pub workflow_name: Option<String>,
    /// The workflow in which the job is written, where that is not the one that the event started.
    pub reusable_workflow: Option<ReusableWorkflow>,
    /// Who started the run.
    pub actor: String,
    /// The number of that user.
    pub actor_id: u64,
    /// Which run it is.
    pub run: RunNumbers,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// Whether `sub` holds the numbers of owner and repository, as it does for each repository that was made after
    /// 2026-07-15. Without, it is the old form with names alone.
    pub immutable_subject: bool,
    /// Whether a colon in a value of `sub` is written `%3A`, as everywhere but on GitHub Enterprise Server up to 3.18.
    pub escape_subject: bool,
    /// Of what `sub` is made.
    pub subject_template: SubjectTemplate,
    /// The enterprise that the repository belongs to.
    pub enterprise: Option<Enterprise>,
    /// Custom properties of the repository, by their names without `repo_property_`.
    pub properties: BTreeMap<String, String>,
    /// Whether the job may ask for tokens.
    pub id_tokens: IdTokens,
    /// The folder of the checkout.
    pub workspace: Option<PathBuf>,
    /// Claims that are set by hand.
    pub claims: Vec<ClaimOverride>,
}

/// The pull request of a `pull_request*` or `merge_group` event.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The branch that it comes from; where none is named, the job's branch, else `feature`.
    pub head_ref: Option<String>,
    /// The branch that it goes to.
    pub base_ref: String,
    /// The repository that it comes from, where that is a fork.
    pub fork: Option<Repository>,
}

/// An enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enterprise {
    /// Its name in URLs.
    pub slug: String,
    /// Its number.
    pub id: u64,
}

/// Whether a job may ask for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdTokens {
    /// Its workflow says `permissions: id-token: write`, which a pull request from a fork does not get.
    Granted,
    /// The same, and the repository's setting "Send write tokens to workflows from pull requests" is on: pull requests
    /// from forks get them too.
    GrantedToForks,
    /// Its workflow does not ask for the permission.
    NotGranted,
}

/// The numbers of a run and its job.
#[derive(Debug, Clone)]
pub struct RunNumbers {
    /// The run; a random one where none is given.
    pub id: Option<u64>,
    /// The how-manieth run of the workflow it is.
    pub number: u64,
    /// The how-manieth attempt.
    pub attempt: u64,
    /// The job's check run; a random one where none is given.
    pub check_run_id: Option<u64>,
}

impl Default for GithubJob {
    fn default() -> Self {
        Self {
            repository: Repository::default(),
            visibility: "private".to_owned(),
            event: "push".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            default_branch: "main".to_owned(),
            ref_protected: false,
            pull_request: PullRequest { number: 1, head_ref: None, base_ref: "main".to_owned(), fork: None },
            sha: "6dcb09b5b57875f334f61aebed695e2e4193db5e".to_owned(),
            environment: None,
            workflow_file: "ci.yml".to_owned(),
            workflow_name: None,
            reusable_workflow: None,
            actor: "octocat".to_owned(),
            actor_id: 583_231,
            run: RunNumbers { id: None, number: 1, attempt: 1, check_run_id: None },
            runner_environment: "github-hosted".to_owned(),
            immutable_subject: true,
            escape_subject: true,
            subject_template: SubjectTemplate::default(),
            enterprise: None,
            properties: BTreeMap::new(),
            id_tokens: IdTokens::Granted,
            workspace: None,
            claims: Vec::new(),
        }
    }
}

impl GithubJob {
    /// A push to what is checked out; the default for what the checkout does not say.
    pub fn in_checkout(checkout: &Checkout) -> Self {
        let default = Self::default();
        let repository = checkout.repository.as_deref().and_then(|path| path.parse().ok());
        let default_branch = checkout.default_branch.clone().unwrap_or(default.default_branch);
        Self {
            pull_request: PullRequest { base_ref: default_branch.clone(), ..default.pull_request },
            default_branch,
            repository: repository.unwrap_or(default.repository),
            git_ref: checkout.git_ref.clone().unwrap_or(default.git_ref),
            sha: checkout.sha.clone().unwrap_or(default.sha),
            workspace: Some(checkout.root.clone()),
            ..default
        }
    }

    /// The job with all its numbers chosen and its ref in full. One whose `sub` cannot be made does not start.
    pub(crate) fn started(mut self, rng: &dyn Random) -> Result<Self, EmulatorFault> {
        self.git_ref = refs::in_full(&self.git_ref);
        self.run.id.get_or_insert_with(|| random_number(rng));
        self.run.check_run_id.get_or_insert_with(|| random_number(rng));
        self.subject(&self.description())?;
        Ok(self)
    }

    /// Whether the job finds the variables by which tokens are asked for. The events of a pull request from a fork run
    /// without, unless the repository's settings say otherwise; `pull_request_target` runs with them.
    pub fn has_id_tokens(&self) -> bool {
        match self.id_tokens {
            IdTokens::Granted => !(self.is_pull_request() && self.pull_request.fork.is_some()),
            IdTokens::GrantedToForks => true,
            IdTokens::NotGranted => false,
        }
    }

    /// The ref that the run is on, as its event has it.
    pub fn run_ref(&self) -> String {
        refs::in_full(&self.refs().full)
    }

    /// Whether the event runs on the ref that the job was given, rather than on one of its own.
    pub fn runs_on_its_ref(&self) -> bool {
        self.run_ref() == refs::in_full(&self.git_ref)
    }

    /// The audience of a token for which none is asked.
    fn default_audience(&self) -> String {
        format!("https://github.com/{}", self.repository.owner)
    }

    fn workflow_path(&self) -> String {
        format!(".github/workflows/{}", self.workflow_file)
    }

    fn workflow_ref(&self) -> String {
        // A deployment of a commit has no ref; its workflow is named by the commit then.
        let git_ref =
            Some(self.refs().full).filter(|name| !name.is_empty()).unwrap_or_else(|| self.sha.clone());
        format!("{}/{}@{git_ref}", self.repository, self.workflow_path())
    }

    fn workflow(&self) -> String {
        self.workflow_name.clone().unwrap_or_else(|| self.workflow_path())
    }
}

/// The discovery document, with the members of the real one.
pub(crate) fn discovery(issuer: &str) -> Object {
    let list = |items: &[&str]| Json::Array(items.iter().map(|item| Json::from(*item)).collect());
    let mut document = Object::default();
    document.insert("issuer", issuer);
    document.insert("jwks_uri", format!("{issuer}/.well-known/jwks"));
    document.insert("subject_types_supported", list(&["public", "pairwise"]));
    document.insert("response_types_supported", list(&["id_token"]));
    document.insert("claims_supported", list(claims::SUPPORTED));
    document.insert("id_token_signing_alg_values_supported", list(&["RS256"]));
    document.insert("scopes_supported", list(&["openid"]));
    document
}
