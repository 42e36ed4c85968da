//! GitLab CI/CD: what a job is, and what its runner and its identity provider make of it.

mod claims;
mod environment;
mod id_token;
mod project;
mod subject;

use std::path::PathBuf;

use daypass_jose::{Json, Object, Random};

pub(crate) use environment::environment;
pub use id_token::IdToken;
pub use project::Project;
pub use subject::SubjectComponents;

use crate::checkout::Checkout;
use crate::claim_override::ClaimOverride;
use crate::fault::EmulatorFault;
use crate::identity::random_number;

/// How long the key set may be cached.
pub(crate) const KEYS_CACHE_CONTROL: &str = "max-age=86400, public, must-revalidate, no-transform";

/// A job of GitLab CI/CD. [`GitlabJob::default`] is a push to the protected branch `main` of `octo/app`.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any of them go together")]
pub struct GitlabJob {
    /// The project.
    pub project: Project,
    /// `private`, `internal` or `public`.
    pub visibility: String,
    /// What started the pipeline: `push`, `merge_request_event`, `schedule`, `web`, …
    pub pipeline_source: String,
    /// Name of the branch or tag; of a merge request, its source branch. `refs/heads/…` and `refs/tags/…` are cut off.
    pub git_ref: String,
    /// Whether it is a tag.
    pub is_tag: bool,
    /// Whether it is protected.
    pub ref_protected: bool,
    /// The merge request, looked at for `merge_request_event` only.
    pub merge_request: MergeRequest,
    /// The commit.
    pub sha: String,
    /// The environment that the job names.
    pub environment: Option<Environment>,
    /// Who started the pipeline.
    pub user: User,
    /// The pipeline; a random number where none is given.
    pub pipeline_id: Option<u64>,
    /// The job; a random number where none is given.
    pub job_id: Option<u64>,
    /// The runner.
    pub runner_id: i64,
    /// `gitlab-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// The job's timeout, which is the lifetime of its tokens.
    pub timeout_seconds: i64,
    /// Whether the pipeline's file is in the project; if not, the claims that name it are null.
    pub config_in_project: bool,
    /// Which GitLab made the tokens.
    pub claim_set: ClaimSet,
    /// Of what `sub` is made.
    pub subject_components: SubjectComponents,
    /// Whether another project had the path before. GitLab gives no token then whose `sub` names the path.
    pub path_reclaimed: bool,
    /// The tokens that the job gets.
    pub id_tokens: Vec<IdToken>,
    /// The folder of the checkout.
    pub workspace: Option<PathBuf>,
    /// Claims that are set by hand.
    pub claims: Vec<ClaimOverride>,
}

/// A merge request.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// Its number in the project.
    pub iid: u64,
    /// The branch that it goes to.
    pub target_branch: String,
    /// The project that it comes from, where that is a fork. The pipeline runs in the project that it goes to.
    pub fork: Option<Project>,
}

/// Which GitLab made the tokens: what they say of merge requests from forks has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimSet {
    /// Before 18.2.2: the fork is not to be seen. `project_…` is where the job runs, beside a branch that the fork chose.
    BeforeForks,
    /// Since 18.4, and 18.3 and 18.2 with the fix: `project_…` is where the ref is from, `job_project_…` where the job runs.
    Current,
    /// Newer: `source_project_…` besides.
    WithSource,
}

/// An environment, as a job names it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether it is protected.
    pub protected: bool,
    /// `production`, `staging`, `testing`, `development` or `other`.
    pub tier: String,
    /// `start`, `prepare`, `verify`, `stop` or `access`.
    pub action: String,
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Number.
    pub id: u64,
    /// Name for logging in.
    pub login: String,
    /// Mail address.
    pub email: String,
    /// `developer`, `maintainer`, `owner`, …
    pub access_level: String,
    /// Paths of the groups that the user is a direct member of; in tokens where there are any.
    pub groups: Vec<String>,
}

impl Default for GitlabJob {
    fn default() -> Self {
        Self {
            project: Project::default(),
            visibility: "private".to_owned(),
            pipeline_source: "push".to_owned(),
            git_ref: "main".to_owned(),
            is_tag: false,
            ref_protected: true,
            merge_request: MergeRequest { iid: 1, target_branch: "main".to_owned(), fork: None },
            sha: "6dcb09b5b57875f334f61aebed695e2e4193db5e".to_owned(),
            environment: None,
            user: User {
                id: 1,
                login: "octocat".to_owned(),
                email: "octocat@example.com".to_owned(),
                access_level: "developer".to_owned(),
                groups: Vec::new(),
            },
            pipeline_id: None,
            job_id: None,
            runner_id: 1,
            runner_environment: "gitlab-hosted".to_owned(),
            timeout_seconds: 3600,
            config_in_project: true,
            claim_set: ClaimSet::Current,
            subject_components: SubjectComponents::default(),
            path_reclaimed: false,
            id_tokens: Vec::new(),
            workspace: None,
            claims: Vec::new(),
        }
    }
}

impl Environment {
    /// An unprotected one, with the tier that GitLab guesses from the name.
    pub fn named(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let tier = [
            ("prod", "production"),
            ("live", "production"),
            ("stag", "staging"),
            ("test", "testing"),
            ("dev", "development"),
        ]
        .into_iter()
        .find(|(part, _)| lower.contains(part))
        .map_or("other", |(_, tier)| tier);
        Self { name: name.to_owned(), protected: false, tier: tier.to_owned(), action: "start".to_owned() }
    }
}

impl GitlabJob {
    /// A push to what is checked out; the default for what the checkout does not say. No branch but the default one
    /// is taken for protected.
    pub fn in_checkout(checkout: &Checkout) -> Self {
        let default = Self::default();
        let project = checkout.repository.as_deref().and_then(|path| path.parse().ok());
        let git_ref = checkout.git_ref.clone().unwrap_or(default.git_ref);
        let is_default = match &checkout.default_branch {
            Some(branch) => git_ref.strip_prefix("refs/heads/") == Some(branch.as_str()),
            None => matches!(git_ref.as_str(), "main" | "refs/heads/main" | "refs/heads/master"),
        };
        let target_branch = checkout.default_branch.clone().unwrap_or(default.merge_request.target_branch);
        Self {
            project: project.unwrap_or(default.project),
            ref_protected: is_default,
            merge_request: MergeRequest { target_branch, ..default.merge_request },
            git_ref,
            sha: checkout.sha.clone().unwrap_or(default.sha),
            workspace: Some(checkout.root.clone()),
            ..default
        }
    }

    /// The job with all its numbers chosen and its ref as GitLab writes it. One whose `sub` would name a path that
    /// another project had does not start.
    pub(crate) fn started(mut self, rng: &dyn Random) -> Result<Self, EmulatorFault> {
        if self.path_reclaimed && self.subject_components.name_a_path() {
            return Err(EmulatorFault::PathReclaimed);
        }
        if let Some(tag) = self.git_ref.strip_prefix("refs/tags/") {
            (self.git_ref, self.is_tag) = (tag.to_owned(), true);
        } else if let Some(branch) = self.git_ref.strip_prefix("refs/heads/") {
            (self.git_ref, self.is_tag) = (branch.to_owned(), false);
        }
        self.pipeline_id.get_or_insert_with(|| random_number(rng));
        self.job_id.get_or_insert_with(|| random_number(rng));
        Ok(self)
    }

    fn is_merge_request(&self) -> bool {
        self.pipeline_source == "merge_request_event"
    }

    /// The project that the ref is from: of a merge request from a fork, the fork.
    fn source_project(&self) -> &Project {
        let fork = self.merge_request.fork.as_ref().filter(|_| self.is_merge_request());
        fork.unwrap_or(&self.project)
    }

    fn ref_type(&self) -> &'static str {
        if self.is_tag { "tag" } else { "branch" }
    }

    fn ref_path(&self) -> String {
        format!("refs/{}/{}", if self.is_tag { "tags" } else { "heads" }, self.git_ref)
    }
}

/// The discovery document. Of the endpoints that it names, only the key set is there.
pub(crate) fn discovery(issuer: &str) -> Object {
    let list = |items: &[&str]| Json::Array(items.iter().map(|item| Json::from(*item)).collect());
    let mut document = Object::default();
    document.insert("issuer", issuer);
    for (name, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("userinfo_endpoint", "/oauth/userinfo"),
        ("jwks_uri", "/oauth/discovery/keys"),
    ] {
        document.insert(name, format!("{issuer}{path}"));
    }
    document.insert("scopes_supported", list(&["openid", "profile", "email"]));
    document.insert("response_types_supported", list(&["code"]));
    document.insert("grant_types_supported", list(&["authorization_code", "refresh_token"]));
    document.insert("subject_types_supported", list(&["public"]));
    document.insert("id_token_signing_alg_values_supported", list(&["RS256"]));
    document.insert("claim_types_supported", list(&["normal"]));
    document.insert("claims_supported", list(claims::SUPPORTED));
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_in_full_is_cut_and_a_tag_is_seen() {
        struct Zero;
        impl Random for Zero {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        for (given, git_ref, ref_path, kind) in [
            ("main", "main", "refs/heads/main", "branch"),
            ("refs/heads/a/b", "a/b", "refs/heads/a/b", "branch"),
            ("refs/tags/v1", "v1", "refs/tags/v1", "tag"),
        ] {
            let job = GitlabJob { git_ref: given.to_owned(), ..GitlabJob::default() }.started(&Zero).unwrap();
            assert_eq!(
                (job.git_ref.as_str(), job.ref_path().as_str(), job.ref_type()),
                (git_ref, ref_path, kind)
            );
        }
    }

    #[test]
    fn the_tier_is_guessed_from_the_name() {
        for (name, tier) in [("production", "production"), ("Staging", "staging"), ("review/x", "other")] {
            assert_eq!(Environment::named(name).tier, tier);
        }
    }
}
