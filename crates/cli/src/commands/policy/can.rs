//! `daypass policy can ROLE`: whether a job may take a role, and why.

use daypass_jose::Json;
use daypass_policy::{Cell, JobChanges, RegisteredIssuer, Supposition};
use serde_json::{Value, json};

use super::{files, repository};
use crate::args::PolicyCanArguments;
use crate::commands::Context;
use crate::commands::audit::shown_decision;
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;
use crate::table::Table;

pub(super) fn run(arguments: &PolicyCanArguments, context: &Context) -> Result<u8, CommandFault> {
    let loaded = files::load(&arguments.files, context)?;
    loaded.role(&arguments.role)?;
    let (repository, issuer) = repository::required(&arguments.repository, &loaded)?;
    let changes = changes(arguments, issuer);
    let mut claims = repository.job(&changes, &arguments.repository.default_branch, issuer);
    for absent in arguments.claims.iter().filter(|claim| claim.value().is_none()) {
        claims.remove(absent.name());
    }
    let job = Supposition::new(claims.clone(), issuer)
        .map_err(|fault| CommandFault::Usage(format!("no token of `{}` is so: {fault}", issuer.name)))?;
    let cell = Cell::decide(&job, &arguments.role, &loaded.policy);
    let trace = serde_json::to_value(&cell.trace).unwrap_or(Value::Null);
    if arguments.json {
        output::json(&json!({
            "allowed": cell.is_yes(),
            "role": cell.role,
            "issuer": issuer.name,
            "repository": repository.title(issuer),
            "reason": cell.trace.reason,
            "given": super::matrix::given_as_json(&cell.given),
            "claims": claims,
            "trace": trace,
            "not_fully_linted": loaded.policy.not_fully_linted().any(|role| role == cell.role),
        }))?;
    } else {
        let answer = if cell.is_yes() {
            output::styled(output::GOOD, "yes:")
        } else {
            output::styled(output::BAD, "no:")
        };
        let of = daypass_client::printable(&repository.title(issuer));
        let verb = if cell.is_yes() { "may" } else { "may not" };
        output::line(format_args!("{answer} this job of {of} {verb} take `{}`\n", cell.role))?;
        output::line(shown_decision(&trace.to_string(), None))?;
        if !cell.given.is_empty() {
            let mut table = Table::indented("    ");
            for given in &cell.given {
                table.row([given.kind.into(), given.what.clone().into()]);
            }
            output::line(format_args!("\n  it gets\n{table}"))?;
        }
        if loaded.policy.not_fully_linted().any(|role| role == cell.role) {
            output::line(loaded.not_fully_linted().unwrap_or_default())?;
        }
    }
    Ok(if cell.is_yes() { OK } else { FINDINGS })
}

/// What the flags say of the job.
fn changes(arguments: &PolicyCanArguments, issuer: &RegisteredIssuer) -> JobChanges {
    let mut changes = JobChanges { event: arguments.event.clone(), ..JobChanges::default() };
    let mut set = |claim: &str, value: Json| changes.claims.push((claim.to_owned(), value));
    let is_gitlab = issuer.profile.name == "gitlab";
    let mut is_default = true;
    if let Some(git_ref) = &arguments.git_ref {
        changes.is_tag = git_ref.starts_with("refs/tags/");
        let branch = git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref);
        is_default = branch == arguments.repository.default_branch;
        if is_gitlab {
            set("ref", branch.strip_prefix("refs/tags/").unwrap_or(branch).into());
        } else if arguments.event.as_deref() == Some("pull_request") && !git_ref.starts_with("refs/pull/") {
            set("head_ref", branch.into());
        } else if git_ref.starts_with("refs/") {
            set("ref", git_ref.as_str().into());
        } else {
            set("ref", format!("refs/heads/{git_ref}").into());
        }
    }
    let is_protected = arguments.ref_protected.or((!is_default).then_some(false));
    if let Some(is_protected) = is_protected {
        set("ref_protected", is_protected.to_string().into());
    }
    if let Some(environment) = &arguments.environment {
        set("environment", environment.as_str().into());
        if is_gitlab {
            set("environment_action", "start".into());
        } else {
            changes.parts.push(("_context", format!("environment:{environment}")));
        }
    }
    for claim in &arguments.claims {
        if let Some(value) = claim.value() {
            changes.claims.push((claim.name().to_owned(), value.clone()));
        }
    }
    changes
}
