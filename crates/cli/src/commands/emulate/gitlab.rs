//! A job of GitLab CI: what the checkout says, with the flags upon it.

use std::collections::BTreeMap;

use daypass_emulator::gitlab::{ClaimSet, Environment, Project, User};
use daypass_emulator::{Checkout, GitlabJob, Provider, stable_id};

use super::{Job, set, unknown_claims, variable};
use crate::args::{ClaimSetChoice, GitlabArguments, RunArguments};

const MERGE_REQUEST: &str = "merge_request_event";

const NO_TOKEN: &str = "this job has no identity token; give it one: --id-token DAYPASS_ID_TOKEN=AUDIENCE (the host of the server)";

const MADE_UP_IDS: &str = "the ids are made up from the names; rules for the real project need the real ones: \
                           --project-id, --namespace-id";

const FORK_UNUSED: &str = "--fork is of merge requests alone; add --pipeline-source merge_request_event";

pub(super) fn job(mut arguments: GitlabArguments, checkout: Option<&Checkout>) -> (Job, RunArguments) {
    let mut job = checkout.map_or_else(GitlabJob::default, GitlabJob::in_checkout);
    let has_own_ids = arguments.project_id.is_some() && arguments.namespace_id.is_some();
    project(&mut job, &mut arguments);
    pipeline(&mut job, &mut arguments);
    user(&mut job.user, &mut arguments);
    claims(&mut job, &mut arguments);
    let mut hints = unknown_claims("gitlab", &job.claims);
    if job.merge_request.fork.is_some() && job.pipeline_source != MERGE_REQUEST {
        hints.push(FORK_UNUSED.to_owned());
    }
    if !has_own_ids && job.project.path() != Project::default().path() {
        hints.push(MADE_UP_IDS.to_owned());
    }
    if job.id_tokens.is_empty() {
        hints.push(NO_TOKEN.to_owned());
    }
    (Job { provider: Provider::Gitlab(job), name: "gitlab", told, hints }, arguments.run)
}

fn project(job: &mut GitlabJob, arguments: &mut GitlabArguments) {
    set(&mut job.project, arguments.project_path.take());
    set(&mut job.project.id, arguments.project_id);
    set(&mut job.project.namespace_id, arguments.namespace_id);
    set(&mut job.visibility, arguments.visibility.take());
    job.config_in_project = !arguments.config_elsewhere;
}

fn pipeline(job: &mut GitlabJob, arguments: &mut GitlabArguments) {
    set(&mut job.sha, arguments.sha.take());
    set(&mut job.pipeline_source, arguments.pipeline_source.take());
    set(&mut job.merge_request.target_branch, arguments.target_branch.take());
    set(&mut job.merge_request.iid, arguments.merge_request);
    job.merge_request.fork = arguments.fork.take();
    if let Some(git_ref) = arguments.git_ref.take() {
        job.ref_protected = is_main(&git_ref);
        job.git_ref = git_ref;
    }
    // The branch of a fork may have the name of a protected one.
    job.ref_protected &= job.merge_request.fork.is_none();
    set(&mut job.ref_protected, arguments.ref_protected);
    job.pipeline_id = arguments.pipeline_id;
    job.job_id = arguments.job_id;
    set(&mut job.runner_id, arguments.runner_id);
    set(&mut job.runner_environment, arguments.runner_environment.take());
    set(&mut job.timeout_seconds, arguments.timeout);
    job.environment = arguments.environment.take().map(|name| {
        let mut environment = Environment::named(&name);
        environment.protected = arguments.environment_protected;
        set(&mut environment.tier, arguments.environment_tier.take());
        set(&mut environment.action, arguments.environment_action.take());
        environment
    });
}

fn user(user: &mut User, arguments: &mut GitlabArguments) {
    if let Some(login) = arguments.user.take() {
        user.id = stable_id(&login);
        user.email = format!("{login}@example.com");
        user.login = login;
    }
    set(&mut user.id, arguments.user_id);
    set(&mut user.email, arguments.user_email.take());
    set(&mut user.access_level, arguments.user_access_level.take());
    user.groups = std::mem::take(&mut arguments.groups);
}

fn claims(job: &mut GitlabJob, arguments: &mut GitlabArguments) {
    job.claim_set = match arguments.claim_set {
        ClaimSetChoice::BeforeForks => ClaimSet::BeforeForks,
        ClaimSetChoice::Current => ClaimSet::Current,
        ClaimSetChoice::WithSource => ClaimSet::WithSource,
    };
    set(&mut job.subject_components, arguments.subject_components.take());
    job.path_reclaimed = arguments.path_reclaimed;
    job.id_tokens = std::mem::take(&mut arguments.id_tokens);
    job.claims = std::mem::take(&mut arguments.run.claims);
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
