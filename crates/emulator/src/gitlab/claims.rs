//! The claims of a GitLab token. Ids and booleans are strings, the runner's id is a number.

use daypass_jose::{Json, Object, Random, Timestamp};

use crate::claim_override::finish;
use crate::gitlab::{ClaimSet, GitlabJob, Project};
use crate::identity::random_uuid;

/// Seconds before `iat` from which a token is valid.
const NOT_BEFORE_SECONDS: i64 = 5;

/// `claims_supported` of the real discovery document: those of its log-in tokens.
pub(super) const SUPPORTED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "sub_legacy",
    "name",
    "nickname",
    "preferred_username",
    "email",
    "email_verified",
    "website",
    "profile",
    "picture",
    "groups",
    "groups_direct",
];

impl GitlabJob {
    /// The claims of a token; `audience` is a string or an array.
    pub(crate) fn claims(&self, issuer: &str, audience: Json, now: Timestamp, rng: &dyn Random) -> Object {
        let mut claims = Object::default();
        claims.insert("iss", issuer);
        claims.insert("aud", audience);
        claims.insert("jti", random_uuid(rng));
        claims.insert("iat", now.seconds());
        claims.insert("nbf", now.seconds().saturating_sub(NOT_BEFORE_SECONDS));
        claims.insert("exp", now.seconds().saturating_add(self.timeout_seconds));
        self.describe_project(&mut claims);
        self.describe_user(&mut claims);
        self.describe_pipeline(issuer, &mut claims);
        self.describe_environment(&mut claims);
        claims.insert("sub", self.subject_components.subject(&claims));
        finish(&mut claims, &self.claims);
        claims
    }

    /// `job_…` is the project in which the job runs, the rest the one that its ref is from: the same unless a merge
    /// request comes from a fork.
    fn describe_project(&self, claims: &mut Object) {
        let (running, source) = (&self.project, self.source_project());
        match self.claim_set {
            ClaimSet::BeforeForks => describe_project("", running, claims),
            ClaimSet::Current | ClaimSet::WithSource => {
                describe_project("", source, claims);
                describe_project("job_", running, claims);
            }
        }
        if self.claim_set == ClaimSet::WithSource {
            describe_project("source_", source, claims);
        }
        claims.insert("project_visibility", self.visibility.clone());
    }

    fn describe_user(&self, claims: &mut Object) {
        claims.insert("user_id", self.user.id.to_string());
        claims.insert("user_login", self.user.login.clone());
        claims.insert("user_email", self.user.email.clone());
        claims.insert("user_access_level", self.user.access_level.clone());
        if !self.user.groups.is_empty() {
            let groups = self.user.groups.iter().map(|group| group.as_str().into()).collect();
            claims.insert("groups_direct", Json::Array(groups));
        }
    }

    fn describe_pipeline(&self, issuer: &str, claims: &mut Object) {
        claims.insert("pipeline_id", self.pipeline_id.unwrap_or_default().to_string());
        claims.insert("pipeline_source", self.pipeline_source.clone());
        claims.insert("job_id", self.job_id.unwrap_or_default().to_string());
        claims.insert("job_source", self.pipeline_source.clone());
        claims.insert("ref", self.git_ref.clone());
        claims.insert("ref_type", self.ref_type());
        claims.insert("ref_path", self.ref_path());
        claims.insert("ref_protected", self.ref_protected.to_string());
        claims.insert("sha", self.sha.clone());
        claims.insert("runner_id", self.runner_id);
        claims.insert("runner_environment", self.runner_environment.clone());
        let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
        let file = format!("{host}/{}//.gitlab-ci.yml@{}", self.project.path(), self.ref_path());
        claims.insert("ci_config_ref_uri", self.config_in_project.then_some(file));
        claims.insert("ci_config_sha", self.config_in_project.then(|| self.sha.clone()));
    }

    fn describe_environment(&self, claims: &mut Object) {
        let Some(environment) = &self.environment else { return };
        claims.insert("environment", environment.name.clone());
        claims.insert("environment_protected", environment.protected.to_string());
        claims.insert("deployment_tier", environment.tier.clone());
        claims.insert("environment_action", environment.action.clone());
    }
}

fn describe_project(prefix: &str, project: &Project, claims: &mut Object) {
    claims.insert(format!("{prefix}namespace_id"), project.namespace_id.to_string());
    claims.insert(format!("{prefix}namespace_path"), project.namespace.clone());
    claims.insert(format!("{prefix}project_id"), project.id.to_string());
    claims.insert(format!("{prefix}project_path"), project.path());
}
