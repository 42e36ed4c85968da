//! The variables that a step of a GitHub job sees.

use std::collections::BTreeMap;

use daypass_jose::Secret;

use crate::github::{GithubJob, RunnerFiles};

/// All variables of a job whose tokens are asked for at `request_url` with `request_token`, if at all.
pub(crate) fn environment(
    job: &GithubJob,
    files: &RunnerFiles,
    request_url: &str,
    request_token: Option<&Secret>,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: &str| drop(variables.insert(name.to_owned(), value.to_owned()));
    set("CI", "true");
    set("GITHUB_ACTIONS", "true");
    if let Some(request_token) = request_token {
        set("ACTIONS_ID_TOKEN_REQUEST_URL", request_url);
        set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", request_token.reveal());
    }
    for (name, file) in &files.named {
        set(name, &file.display().to_string());
    }
    let workspace = job.workspace.as_deref().unwrap_or_else(|| files.folder());
    set("GITHUB_WORKSPACE", &workspace.display().to_string());
    for (name, value) in places(job) {
        set(name, value.as_str());
    }
    for (name, value) in run(job) {
        set(name, value.as_str());
    }
    variables
}

fn places(job: &GithubJob) -> [(&'static str, String); 14] {
    let repository = &job.repository;
    [
        ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ("GITHUB_API_URL", "https://api.github.com".to_owned()),
        ("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql".to_owned()),
        ("GITHUB_REPOSITORY", repository.to_string()),
        ("GITHUB_REPOSITORY_ID", repository.id.to_string()),
        ("GITHUB_REPOSITORY_OWNER", repository.owner.clone()),
        ("GITHUB_REPOSITORY_OWNER_ID", repository.owner_id.to_string()),
        ("GITHUB_WORKFLOW", job.workflow()),
        ("GITHUB_WORKFLOW_REF", job.workflow_ref()),
        ("GITHUB_WORKFLOW_SHA", job.sha.clone()),
        ("RUNNER_ENVIRONMENT", job.runner_environment.clone()),
        ("RUNNER_NAME", "daypass emulator".to_owned()),
        ("RUNNER_OS", if cfg!(target_os = "macos") { "macOS" } else { "Linux" }.to_owned()),
        ("RUNNER_ARCH", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }.to_owned()),
    ]
}

fn run(job: &GithubJob) -> [(&'static str, String); 16] {
    let refs = job.refs();
    [
        ("GITHUB_REF_NAME", refs.short_name().to_owned()),
        ("GITHUB_REF_TYPE", refs.kind().to_owned()),
        ("GITHUB_REF", refs.full),
        ("GITHUB_REF_PROTECTED", job.ref_protected.to_string()),
        ("GITHUB_HEAD_REF", refs.head),
        ("GITHUB_BASE_REF", refs.base),
        ("GITHUB_SHA", job.sha.clone()),
        ("GITHUB_EVENT_NAME", job.event.clone()),
        ("GITHUB_ACTOR", job.actor.clone()),
        ("GITHUB_ACTOR_ID", job.actor_id.to_string()),
        ("GITHUB_TRIGGERING_ACTOR", job.actor.clone()),
        ("GITHUB_RUN_ID", job.run.id.unwrap_or_default().to_string()),
        ("GITHUB_RUN_NUMBER", job.run.number.to_string()),
        ("GITHUB_RUN_ATTEMPT", job.run.attempt.to_string()),
        ("GITHUB_JOB", "emulated".to_owned()),
        ("GITHUB_RETENTION_DAYS", "90".to_owned()),
    ]
}
