//! `sub`: the default one, and those of templates (GitHub's `include_claim_keys`).

use std::str::FromStr;

use daypass_jose::{Json, Object};

use crate::fault::EmulatorFault;
use crate::github::GithubJob;

/// Claims that GitHub takes into no template, and those that are not about the job.
const NOT_IN_TEMPLATES: [&str; 5] = ["aud", "sha", "enterprise", "enterprise_id", "ref_protected"];

/// The names of which `sub` is made. [`SubjectTemplate::default`] is `repo`, `context`, as for whoever changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTemplate(Vec<String>);

impl Default for SubjectTemplate {
    fn default() -> Self {
        Self(["repo", "context"].map(str::to_owned).into())
    }
}

impl FromStr for SubjectTemplate {
    type Err = EmulatorFault;

    /// Reads names with commas between: `repo`, `context` (environment, pull request or ref), or claims, each once.
    fn from_str(text: &str) -> Result<Self, EmulatorFault> {
        let keys: Vec<String> = text.split(',').map(str::to_owned).collect();
        let is_key = |key: &str| {
            !key.is_empty()
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !NOT_IN_TEMPLATES.contains(&key)
        };
        let is_once = |key: &String| keys.iter().filter(|other| *other == key).count() == 1;
        if keys.iter().all(|key| is_key(key) && is_once(key)) {
            Ok(Self(keys))
        } else {
            Err(EmulatorFault::SubjectMalformed(text.to_owned()))
        }
    }
}

impl GithubJob {
    /// `sub` of a job with these claims: `key:value` of each name of the template, a colon between them.
    pub(super) fn subject(&self, claims: &Object) -> Result<String, EmulatorFault> {
        let part = |key: &String| match key.as_str() {
            "repo" => Ok(format!("repo:{}", self.subject_repository())),
            "context" => Ok(self.subject_context()),
            name => match claims.member(name) {
                Some(Json::String(value)) => Ok(format!("{name}:{}", self.escaped(value))),
                _ => Err(EmulatorFault::SubjectClaimMissing(name.to_owned())),
            },
        };
        let parts = self.subject_template.0.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join(":"))
    }

    /// `OWNER@ID/NAME@ID`, or the old form without the numbers.
    fn subject_repository(&self) -> String {
        let repository = &self.repository;
        if self.immutable_subject {
            format!("{}@{}/{}@{}", repository.owner, repository.owner_id, repository.name, repository.id)
        } else {
            repository.to_string()
        }
    }

    fn subject_context(&self) -> String {
        match &self.environment {
            Some(environment) => format!("environment:{}", self.escaped(environment)),
            None if self.is_pull_request() => "pull_request".to_owned(),
            None => format!("ref:{}", self.escaped(&self.refs().full)),
        }
    }

    /// A colon in a value must not look like the one between values. GitHub Enterprise Server up to 3.18 lets it.
    fn escaped(&self, value: &str) -> String {
        if self.escape_subject { value.replace(':', "%3A") } else { value.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(job: &GithubJob) -> String {
        job.subject(&job.description()).unwrap()
    }

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
            assert_eq!(subject(&job), format!("{prefix}:{context}"), "{event} {environment:?}");
        }
    }

    #[test]
    fn the_old_subject_has_names_alone_and_an_old_server_escapes_nothing() {
        let job = GithubJob { immutable_subject: false, ..GithubJob::default() };
        assert_eq!(subject(&job), "repo:octo-org/octo-repo:ref:refs/heads/main");
        let environment = Some("a:ref:refs/heads/main".to_owned());
        let job = GithubJob { escape_subject: false, environment, ..job };
        assert_eq!(subject(&job), "repo:octo-org/octo-repo:environment:a:ref:refs/heads/main");
    }

    #[test]
    fn a_template_names_the_parts_in_its_order() {
        let workflow = "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main";
        for (template, expected) in [
            (
                "repository_owner,repository_visibility",
                "repository_owner:octo-org:repository_visibility:private",
            ),
            ("job_workflow_ref", &format!("job_workflow_ref:{workflow}")),
            (
                "repo,context,job_workflow_ref",
                &format!("repo:octo-org/octo-repo:environment:prod%3Aeastus:job_workflow_ref:{workflow}"),
            ),
            ("repository_id", "repository_id:123456789"),
            ("environment,repository_owner", "environment:prod%3Aeastus:repository_owner:octo-org"),
            ("repo_property_workspace_id", "repo_property_workspace_id:ws-abc123"),
        ] {
            let job = GithubJob {
                immutable_subject: false,
                environment: Some("prod:eastus".to_owned()),
                reusable_workflow: Some(workflow.parse().unwrap()),
                properties: [("workspace_id".to_owned(), "ws-abc123".to_owned())].into(),
                subject_template: template.parse().unwrap(),
                ..GithubJob::default()
            };
            assert_eq!(subject(&job), expected, "{template}");
        }
        let job = GithubJob { subject_template: "repo".parse().unwrap(), ..GithubJob::default() };
        assert_eq!(subject(&job), "repo:octo-org@65/octo-repo@123456789", "the ids cannot be removed");
    }

    #[test]
    fn a_template_that_needs_what_the_job_has_not_is_a_fault() {
        for template in ["environment", "environment_node_id", "repo_property_team", "nothing"] {
            let job = GithubJob { subject_template: template.parse().unwrap(), ..GithubJob::default() };
            let fault = job.subject(&job.description()).unwrap_err();
            assert!(matches!(fault, EmulatorFault::SubjectClaimMissing(_)), "{template}: {fault}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in
            ["", "repo,", "repo,repo", "re-po", "aud", "sha", "repo,enterprise_id", "ref_protected", "a b"]
        {
            assert!(text.parse::<SubjectTemplate>().is_err(), "{text}");
        }
    }
}
