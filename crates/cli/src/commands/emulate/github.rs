//! A job of GitHub Actions: what the checkout says, with the flags upon it.

use std::collections::BTreeMap;

use daypass_emulator::github::{Enterprise, IdTokens, PullRequest, Repository, RunNumbers};
use daypass_emulator::{Checkout, GithubJob, Provider, stable_id};

use super::{Job, set, unknown_claims, variable};
use crate::args::{GithubArguments, IdTokenChoice, RunArguments};

const MADE_UP_IDS: &str = "the ids are made up from the names; rules for the real repository need the real ones: \
                           --repository-id, --repository-owner-id";
const NO_ID_TOKENS: &str = "this job may not ask for identity tokens, as a pull request from a fork may not; \
                            --id-tokens forks plays a repository that lets it";
const NO_PERMISSION: &str = "this job may not ask for identity tokens: its workflow has no `id-token: write`";
const FORK_UNUSED: &str = "--fork is of pull requests alone; this event is of none";

pub(super) fn job(mut arguments: GithubArguments, checkout: Option<&Checkout>) -> (Job, RunArguments) {
    let mut job = checkout.map_or_else(GithubJob::default, GithubJob::in_checkout);
    let has_own_ids = arguments.repository_id.is_some() && arguments.repository_owner_id.is_some();
    let has_own_ref = arguments.git_ref.is_some();
    repository(&mut job, &mut arguments);
    run(&mut job, &mut arguments);
    claims(&mut job, &mut arguments);
    let mut hints = hints(&job, has_own_ref);
    if !has_own_ids && !is_example(&job.repository) {
        hints.push(MADE_UP_IDS.to_owned());
    }
    (Job { provider: Provider::Github(job), name: "github", told, hints }, arguments.run)
}

fn repository(job: &mut GithubJob, arguments: &mut GithubArguments) {
    set(&mut job.repository, arguments.repository.take());
    set(&mut job.repository.id, arguments.repository_id);
    set(&mut job.repository.owner_id, arguments.repository_owner_id);
    set(&mut job.visibility, arguments.visibility.take());
    set(&mut job.default_branch, arguments.default_branch.take());
    job.enterprise = arguments
        .enterprise
        .take()
        .map(|slug| Enterprise { id: arguments.enterprise_id.unwrap_or_else(|| stable_id(&slug)), slug });
    job.properties = std::mem::take(&mut arguments.properties).into_iter().collect();
}

fn run(job: &mut GithubJob, arguments: &mut GithubArguments) {
    set(&mut job.git_ref, arguments.git_ref.take());
    set(&mut job.sha, arguments.sha.take());
    set(&mut job.event, arguments.event.take());
    set(&mut job.workflow_file, arguments.workflow.take());
    set(&mut job.runner_environment, arguments.runner_environment.take());
    let base_ref = arguments.base_ref.take().unwrap_or_else(|| job.default_branch.clone());
    job.pull_request = PullRequest {
        number: arguments.pull_request.unwrap_or(job.pull_request.number),
        head_ref: arguments.head_ref.take(),
        base_ref,
        fork: arguments.fork.take(),
    };
    if let Some(actor) = arguments.actor.take() {
        job.actor_id = stable_id(&actor);
        job.actor = actor;
    }
    set(&mut job.actor_id, arguments.actor_id);
    job.run = RunNumbers {
        id: arguments.run_id,
        number: arguments.run_number.unwrap_or(job.run.number),
        attempt: arguments.run_attempt.unwrap_or(job.run.attempt),
        check_run_id: arguments.check_run_id,
    };
    job.workflow_name = arguments.workflow_name.take();
    job.reusable_workflow = arguments.reusable_workflow.take();
    job.ref_protected = arguments.ref_protected;
    job.environment = arguments.environment.take();
}

fn claims(job: &mut GithubJob, arguments: &mut GithubArguments) {
    job.immutable_subject = !arguments.old_subject;
    job.escape_subject = !arguments.unescaped_subject;
    set(&mut job.subject_template, arguments.subject_template.take());
    job.id_tokens = match arguments.id_tokens {
        IdTokenChoice::Granted => IdTokens::Granted,
        IdTokenChoice::Forks => IdTokens::GrantedToForks,
        IdTokenChoice::None => IdTokens::NotGranted,
    };
    job.claims = std::mem::take(&mut arguments.run.claims);
}

fn hints(job: &GithubJob, has_own_ref: bool) -> Vec<String> {
    let mut hints = unknown_claims("github", &job.claims);
    if !job.has_id_tokens() {
        let withheld = if job.id_tokens == IdTokens::NotGranted { NO_PERMISSION } else { NO_ID_TOKENS };
        hints.push(withheld.to_owned());
    }
    let is_of_pull_request = job.event.starts_with("pull_request");
    if job.pull_request.fork.is_some() && !is_of_pull_request {
        hints.push(FORK_UNUSED.to_owned());
    }
    if has_own_ref && !is_of_pull_request && !job.runs_on_its_ref() {
        hints.push(format!("`{}` runs on {}, whatever --ref says", job.event, job.run_ref()));
    }
    hints
}

fn is_example(repository: &Repository) -> bool {
    let example = Repository::default();
    repository.owner == example.owner && repository.name == example.name
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
