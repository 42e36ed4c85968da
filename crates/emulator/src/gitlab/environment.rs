//! The variables that a GitLab job sees.

use std::collections::BTreeMap;

use daypass_jose::Secret;

use crate::gitlab::GitlabJob;

/// All variables of a job, its tokens included.
pub(crate) fn environment(
    job: &GitlabJob,
    issuer: &str,
    tokens: &[(String, Secret)],
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: &str| drop(variables.insert(name.to_owned(), value.to_owned()));
    for name in ["CI", "GITLAB_CI", "CI_SERVER"] {
        set(name, "true");
    }
    for (name, value) in server(issuer).into_iter().chain(project(job, issuer)).chain(pipeline(job)) {
        set(name, &value);
    }
    for (name, value) in source(job).into_iter().chain(deployment(job)) {
        set(name, &value);
    }
    if let Some(workspace) = &job.workspace {
        set("CI_PROJECT_DIR", &workspace.display().to_string());
    }
    for (name, token) in tokens {
        set(name, token.reveal());
    }
    variables
}

type Variables = Vec<(&'static str, String)>;

fn server(issuer: &str) -> Variables {
    let authority = issuer.split_once("://").map_or("", |(_, authority)| authority);
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    vec![
        ("CI_SERVER_URL", issuer.to_owned()),
        ("CI_SERVER_FQDN", authority.to_owned()),
        ("CI_SERVER_HOST", host.to_owned()),
        ("CI_SERVER_PORT", port.to_owned()),
        ("CI_SERVER_PROTOCOL", "http".to_owned()),
        ("CI_SERVER_NAME", "GitLab".to_owned()),
        ("CI_API_V4_URL", format!("{issuer}/api/v4")),
    ]
}

fn project(job: &GitlabJob, issuer: &str) -> Variables {
    let project = &job.project;
    let root = project.namespace.split('/').next().unwrap_or_default();
    vec![
        ("CI_PROJECT_ID", project.id.to_string()),
        ("CI_PROJECT_PATH", project.path()),
        ("CI_PROJECT_NAME", project.name.clone()),
        ("CI_PROJECT_NAMESPACE", project.namespace.clone()),
        ("CI_PROJECT_NAMESPACE_ID", project.namespace_id.to_string()),
        ("CI_PROJECT_ROOT_NAMESPACE", root.to_owned()),
        ("CI_PROJECT_URL", format!("{issuer}/{}", project.path())),
        ("CI_PROJECT_VISIBILITY", job.visibility.clone()),
        ("CI_DEFAULT_BRANCH", job.merge_request.target_branch.clone()),
    ]
}

fn pipeline(job: &GitlabJob) -> Variables {
    vec![
        ("CI_PIPELINE_ID", job.pipeline_id.unwrap_or_default().to_string()),
        ("CI_PIPELINE_IID", "1".to_owned()),
        ("CI_PIPELINE_SOURCE", job.pipeline_source.clone()),
        ("CI_JOB_ID", job.job_id.unwrap_or_default().to_string()),
        ("CI_JOB_NAME", "emulated".to_owned()),
        ("CI_JOB_STAGE", "test".to_owned()),
        ("CI_JOB_TIMEOUT", job.timeout_seconds.to_string()),
        ("CI_RUNNER_ID", job.runner_id.to_string()),
        ("GITLAB_USER_ID", job.user.id.to_string()),
        ("GITLAB_USER_LOGIN", job.user.login.clone()),
        ("GITLAB_USER_EMAIL", job.user.email.clone()),
    ]
}

/// A merge request has no `CI_COMMIT_BRANCH`, and a tag neither.
fn source(job: &GitlabJob) -> Variables {
    let mut variables = vec![
        ("CI_COMMIT_SHA", job.sha.clone()),
        ("CI_COMMIT_SHORT_SHA", job.sha.chars().take(8).collect()),
        ("CI_COMMIT_REF_NAME", job.git_ref.clone()),
        ("CI_COMMIT_REF_SLUG", slug(&job.git_ref)),
        ("CI_COMMIT_REF_PROTECTED", job.ref_protected.to_string()),
    ];
    if job.is_merge_request() {
        variables.extend([
            ("CI_MERGE_REQUEST_IID", job.merge_request.iid.to_string()),
            ("CI_MERGE_REQUEST_REF_PATH", format!("refs/merge-requests/{}/head", job.merge_request.iid)),
            ("CI_MERGE_REQUEST_PROJECT_ID", job.project.id.to_string()),
            ("CI_MERGE_REQUEST_PROJECT_PATH", job.project.path()),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", job.source_project().id.to_string()),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", job.source_project().path()),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", job.git_ref.clone()),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", job.merge_request.target_branch.clone()),
        ]);
    } else if job.is_tag {
        variables.push(("CI_COMMIT_TAG", job.git_ref.clone()));
    } else {
        variables.push(("CI_COMMIT_BRANCH", job.git_ref.clone()));
    }
    variables
}

fn deployment(job: &GitlabJob) -> Variables {
    let Some(environment) = &job.environment else { return Vec::new() };
    vec![
        ("CI_ENVIRONMENT_NAME", environment.name.clone()),
        ("CI_ENVIRONMENT_SLUG", slug(&environment.name)),
        ("CI_ENVIRONMENT_TIER", environment.tier.clone()),
        ("CI_ENVIRONMENT_ACTION", environment.action.clone()),
    ]
}

/// Lower case, at most 63 characters, everything but letters and digits a hyphen, none at the ends.
fn slug(name: &str) -> String {
    let dashed: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(63)
        .collect();
    dashed.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_is_fit_for_a_host_name() {
        assert_eq!(slug("feature/Größe_2"), "feature-gr--e-2");
        assert_eq!(slug("-x-"), "x");
        assert_eq!(slug(&"a".repeat(80)).len(), 63);
    }
}
