//! A job of GitLab CI: what the checkout says, with the flags upon it.

use std::collections::BTreeMap;

use daypass_emulator::gitlab::{Environment, Project};
use daypass_emulator::{Checkout, GitlabJob, Provider};

use super::{Job, variable};
use crate::args::{GitlabArguments, RunArguments};

const NO_TOKEN: &str = "this job has no identity token; give it one: --id-token DAYPASS_ID_TOKEN=AUDIENCE (the host of the server)";

const MADE_UP_IDS: &str = "the ids are made up from the names; rules for the real project need the real ones: \
                           --project-id, --namespace-id";

pub(super) fn job(arguments: GitlabArguments, checkout: Option<&Checkout>) -> (Job, RunArguments) {
    let mut job = checkout.map_or_else(GitlabJob::default, GitlabJob::in_checkout);
    let mut run = arguments.run;
    let set = |to: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *to = value;
        }
    };
    let has_own_ids = arguments.project_id.is_some() && arguments.namespace_id.is_some();
    if let Some(project) = arguments.project_path {
        job.project = project;
    }
    job.project.id = arguments.project_id.unwrap_or(job.project.id);
    job.project.namespace_id = arguments.namespace_id.unwrap_or(job.project.namespace_id);
    if let Some(git_ref) = arguments.git_ref {
        job.ref_protected = is_main(&git_ref);
        job.git_ref = git_ref;
    }
    job.ref_protected = arguments.ref_protected.unwrap_or(job.ref_protected);
    set(&mut job.visibility, arguments.visibility);
    set(&mut job.sha, arguments.sha);
    set(&mut job.pipeline_source, arguments.pipeline_source);
    set(&mut job.merge_request.target_branch, arguments.target_branch);
    set(&mut job.user.login, arguments.user);
    job.merge_request.iid = arguments.merge_request.unwrap_or(job.merge_request.iid);
    job.timeout_seconds = arguments.timeout.unwrap_or(job.timeout_seconds);
    job.environment = arguments.environment.as_deref().map(Environment::named);
    job.id_tokens = arguments.id_tokens;
    job.claims = std::mem::take(&mut run.claims);
    let is_example = job.project.path() == Project::default().path();
    let mut hints = if has_own_ids || is_example { Vec::new() } else { vec![MADE_UP_IDS] };
    hints.extend(job.id_tokens.is_empty().then_some(NO_TOKEN));
    (Job { provider: Provider::Gitlab(job), name: "gitlab", told, hints }, run)
}

fn told(variables: &BTreeMap<String, String>) -> String {
    let of = |name| variable(variables, name);
    format!(
        "GitLab CI, {} (id {}, namespace {}), {} on {}",
        of("CI_PROJECT_PATH"),
        of("CI_PROJECT_ID"),
        of("CI_PROJECT_NAMESPACE_ID"),
        of("CI_PIPELINE_SOURCE"),
        of("CI_COMMIT_REF_NAME")
    )
}

fn is_main(git_ref: &str) -> bool {
    matches!(git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref), "main" | "master")
}
