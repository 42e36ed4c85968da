//! The claims of a GitHub token. All of GitHub's own are strings, numbers and booleans too.

use daypass_jose::{Object, Random, Timestamp, base64url};

use crate::claim_override::finish;
use crate::fault::EmulatorFault;
use crate::github::GithubJob;
use crate::identity::{random_uuid, stable_id};

/// Seconds before `iat` from which a token is valid.
const NOT_BEFORE_SECONDS: i64 = 600;
/// Seconds after `iat` until which it is.
const LIFETIME_SECONDS: i64 = 300;

/// `claims_supported` of the real discovery document.
pub(super) const SUPPORTED: &[&str] = &[
    "sub",
    "aud",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "ref",
    "sha",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise",
    "enterprise_id",
    "run_id",
    "run_number",
    "run_attempt",
    "actor",
    "actor_id",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "head_ref",
    "base_ref",
    "event_name",
    "ref_type",
    "ref_protected",
    "environment",
    "environment_node_id",
    "job_workflow_ref",
    "job_workflow_sha",
    "repository_visibility",
    "runner_environment",
    "issuer_scope",
    "check_run_id",
];

impl GithubJob {
    /// The claims of a token for `audience`, else for the default one.
    pub(crate) fn claims(
        &self,
        issuer: &str,
        audience: Option<&str>,
        now: Timestamp,
        rng: &dyn Random,
    ) -> Result<Object, EmulatorFault> {
        let mut claims = self.description();
        claims.insert("sub", self.subject(&claims)?);
        claims.insert("iss", issuer);
        claims.insert("aud", audience.map_or_else(|| self.default_audience(), str::to_owned));
        claims.insert("jti", random_uuid(rng));
        claims.insert("iat", now.seconds());
        claims.insert("nbf", now.seconds().saturating_sub(NOT_BEFORE_SECONDS));
        claims.insert("exp", now.seconds().saturating_add(LIFETIME_SECONDS));
        finish(&mut claims, &self.claims);
        Ok(claims)
    }

    /// The claims about the job.
    pub(super) fn description(&self) -> Object {
        let mut claims = Object::default();
        self.describe_repository(&mut claims);
        self.describe_run(&mut claims);
        self.describe_workflow(&mut claims);
        claims
    }

    fn describe_repository(&self, claims: &mut Object) {
        claims.insert("repository", self.repository.to_string());
        claims.insert("repository_id", self.repository.id.to_string());
        claims.insert("repository_owner", self.repository.owner.clone());
        claims.insert("repository_owner_id", self.repository.owner_id.to_string());
        claims.insert("repository_visibility", self.visibility.clone());
        if let Some(enterprise) = &self.enterprise {
            claims.insert("enterprise", enterprise.slug.clone());
            claims.insert("enterprise_id", enterprise.id.to_string());
        }
        for (name, value) in &self.properties {
            claims.insert(format!("repo_property_{name}"), value.clone());
        }
    }

    fn describe_run(&self, claims: &mut Object) {
        let refs = self.refs();
        claims.insert("ref_type", refs.kind());
        claims.insert("ref", refs.full);
        claims.insert("ref_protected", self.ref_protected.to_string());
        claims.insert("head_ref", refs.head);
        claims.insert("base_ref", refs.base);
        claims.insert("sha", self.sha.clone());
        claims.insert("event_name", self.event.clone());
        claims.insert("actor", self.actor.clone());
        claims.insert("actor_id", self.actor_id.to_string());
        claims.insert("run_id", self.run.id.unwrap_or_default().to_string());
        claims.insert("run_number", self.run.number.to_string());
        claims.insert("run_attempt", self.run.attempt.to_string());
        claims.insert("check_run_id", self.run.check_run_id.unwrap_or_default().to_string());
        claims.insert("runner_environment", self.runner_environment.clone());
        if let Some(environment) = &self.environment {
            claims.insert("environment", environment.clone());
            claims.insert("environment_node_id", self.environment_node_id(environment));
        }
    }

    /// `job_…` is the file in which the job is written, the rest the one that the event started: the same unless the
    /// job is in a reusable workflow.
    fn describe_workflow(&self, claims: &mut Object) {
        claims.insert("workflow", self.workflow());
        claims.insert("workflow_ref", self.workflow_ref());
        claims.insert("workflow_sha", self.sha.clone());
        let (job_workflow, sha) = match &self.reusable_workflow {
            Some(workflow) => (workflow.to_string(), workflow.sha.clone()),
            None => (self.workflow_ref(), self.sha.clone()),
        };
        claims.insert("job_workflow_ref", job_workflow);
        claims.insert("job_workflow_sha", sha);
    }

    /// Made up, like other ids: the same for the same environment of the same repository.
    fn environment_node_id(&self, environment: &str) -> String {
        let number = stable_id(&format!("{}/environments/{environment}", self.repository.id));
        format!("EN_{}", base64url::encode(number.to_be_bytes()))
    }
}
