//! A job of GitHub Actions: what the checkout says, with the flags upon it.

use std::collections::BTreeMap;

use daypass_emulator::github::Repository;
use daypass_emulator::{Checkout, GithubJob, Provider};

use super::{Job, variable};
use crate::args::{GithubArguments, RunArguments};

const MADE_UP_IDS: &str = "the ids are made up from the names; rules for the real repository need the real ones: \
                           --repository-id, --repository-owner-id";

pub(super) fn job(arguments: GithubArguments, checkout: Option<&Checkout>) -> (Job, RunArguments) {
    let mut job = checkout.map_or_else(GithubJob::default, GithubJob::in_checkout);
    let mut run = arguments.run;
    let set = |to: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *to = value;
        }
    };
    let has_own_ids = arguments.repository_id.is_some() && arguments.repository_owner_id.is_some();
    if let Some(repository) = arguments.repository {
        job.repository = repository;
    }
    job.repository.id = arguments.repository_id.unwrap_or(job.repository.id);
    job.repository.owner_id = arguments.repository_owner_id.unwrap_or(job.repository.owner_id);
    set(&mut job.visibility, arguments.visibility);
    set(&mut job.git_ref, arguments.git_ref);
    set(&mut job.sha, arguments.sha);
    set(&mut job.event, arguments.event);
    set(&mut job.workflow_file, arguments.workflow);
    set(&mut job.actor, arguments.actor);
    set(&mut job.runner_environment, arguments.runner_environment);
    set(&mut job.pull_request.base_ref, arguments.base_ref);
    job.pull_request.number = arguments.pull_request.unwrap_or(job.pull_request.number);
    job.pull_request.head_ref = arguments.head_ref;
    job.ref_protected = arguments.ref_protected;
    job.environment = arguments.environment;
    job.immutable_subject = !arguments.old_subject;
    job.claims = std::mem::take(&mut run.claims);
    let example = Repository::default();
    let is_example = job.repository.owner == example.owner && job.repository.name == example.name;
    let hints = if has_own_ids || is_example { Vec::new() } else { vec![MADE_UP_IDS] };
    (Job { provider: Provider::Github(job), name: "github", told, hints }, run)
}

fn told(variables: &BTreeMap<String, String>) -> String {
    let of = |name| variable(variables, name);
    format!(
        "GitHub Actions, {} (id {}, owner {}), {} on {}",
        of("GITHUB_REPOSITORY"),
        of("GITHUB_REPOSITORY_ID"),
        of("GITHUB_REPOSITORY_OWNER_ID"),
        of("GITHUB_EVENT_NAME"),
        of("GITHUB_REF")
    )
}
