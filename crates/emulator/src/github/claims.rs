//! The claims of a GitHub token. All of GitHub's own are strings, numbers and booleans too.

use daypass_jose::{Object, Random, Timestamp};

use crate::claim_override::finish;
use crate::github::GithubJob;
use crate::identity::random_uuid;

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
    ) -> Object {
        let mut claims = Object::default();
        claims.insert("iss", issuer);
        claims.insert("aud", audience.map_or_else(|| self.default_audience(), str::to_owned));
        claims.insert("sub", self.subject());
        claims.insert("jti", random_uuid(rng));
        claims.insert("iat", now.seconds());
        claims.insert("nbf", now.seconds().saturating_sub(NOT_BEFORE_SECONDS));
        claims.insert("exp", now.seconds().saturating_add(LIFETIME_SECONDS));
        self.describe_repository(&mut claims);
        self.describe_run(&mut claims);
        finish(&mut claims, &self.claims);
        claims
    }

    fn describe_repository(&self, claims: &mut Object) {
        claims.insert("repository", self.repository.to_string());
        claims.insert("repository_id", self.repository.id.to_string());
        claims.insert("repository_owner", self.repository.owner.clone());
        claims.insert("repository_owner_id", self.repository.owner_id.to_string());
        claims.insert("repository_visibility", self.visibility.clone());
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
        claims.insert("workflow", self.workflow());
        for (name, value) in [("workflow_ref", self.workflow_ref()), ("workflow_sha", self.sha.clone())] {
            claims.insert(format!("job_{name}"), value.clone());
            claims.insert(name, value);
        }
        claims.insert("actor", self.actor.clone());
        claims.insert("actor_id", self.actor_id.to_string());
        claims.insert("run_id", self.run.id.unwrap_or_default().to_string());
        claims.insert("run_number", self.run.number.to_string());
        claims.insert("run_attempt", self.run.attempt.to_string());
        claims.insert("check_run_id", self.run.check_run_id.unwrap_or_default().to_string());
        claims.insert("runner_environment", self.runner_environment.clone());
        if let Some(environment) = &self.environment {
            claims.insert("environment", environment.clone());
            claims.insert("environment_node_id", "EN_kwDOI1Vzn84yRhwA");
        }
    }

    /// `repo:OWNER@ID/NAME@ID:CONTEXT`, or the old form without the numbers.
    fn subject(&self) -> String {
        let repository = &self.repository;
        let names = if self.immutable_subject {
            format!("{}@{}/{}@{}", repository.owner, repository.owner_id, repository.name, repository.id)
        } else {
            repository.to_string()
        };
        let context = match &self.environment {
            Some(environment) => format!("environment:{}", escaped(environment)),
            None if self.is_pull_request() => "pull_request".to_owned(),
            None => format!("ref:{}", escaped(&self.refs().full)),
        };
        format!("repo:{names}:{context}")
    }
}

/// A colon in a value must not look like the one between values.
fn escaped(value: &str) -> String {
    value.replace(':', "%3A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_names_environment_before_pull_request_before_ref() {
        let prefix = "repo:octo-org@65/octo-repo@123456789";
        for (event, git_ref, environment, context) in [
            ("push", "refs/heads/main", None, "ref:refs/heads/main"),
            ("push", "refs/tags/v1", None, "ref:refs/tags/v1"),
            ("pull_request", "refs/heads/main", None, "pull_request"),
            ("pull_request", "refs/heads/main", Some("prod"), "environment:prod"),
            ("pull_request_target", "refs/heads/main", None, "ref:refs/heads/main"),
            ("push", "refs/heads/main", Some("Production:V1"), "environment:Production%3AV1"),
            (
                "push",
                "refs/heads/main",
                Some("a:ref:refs/heads/main"),
                "environment:a%3Aref%3Arefs/heads/main",
            ),
        ] {
            let job = GithubJob {
                event: event.to_owned(),
                git_ref: git_ref.to_owned(),
                environment: environment.map(str::to_owned),
                ..GithubJob::default()
            };
            assert_eq!(job.subject(), format!("{prefix}:{context}"), "{event} {environment:?}");
        }
    }

    #[test]
    fn the_old_subject_has_names_alone() {
        let job = GithubJob { immutable_subject: false, ..GithubJob::default() };
        assert_eq!(job.subject(), "repo:octo-org/octo-repo:ref:refs/heads/main");
    }
}
