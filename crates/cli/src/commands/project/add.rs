//! `daypass project add`.

use daypass_client::printable;
use daypass_jose::ids::{AccountId, ProjectId};
use daypass_policy::{RegisteredIssuer, did_you_mean, show_duration};
use daypass_store::{AccountStatus, NewAccount, NewProject, Project, ProjectStatus};

use super::super::Context;
use super::super::records::Records;
use super::show;
use crate::args::ProjectAddArguments;
use crate::fault::CommandFault;
use crate::output;

const MAX_TEXT_CHARS: usize = 255;

pub(super) async fn run(
    arguments: &ProjectAddArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    check(arguments, records)?;
    let known = records.store.projects().find(&arguments.issuer, &arguments.id).await?;
    if let Some(known) = &known {
        check_standing(known)?;
    }
    let (now, rng) = (context.clock.now(), context.rng.as_ref());
    let owner = arguments.path.rsplit_once('/').map_or(arguments.path.as_str(), |(owner, _)| owner);
    let account = NewAccount {
        id: AccountId::new(now, rng),
        issuer: arguments.issuer.clone(),
        external_id: arguments.owner_id.clone(),
        name: owner.to_owned(),
        tenant: arguments.tenant.clone(),
        status: AccountStatus::Accepted,
    };
    let account = records.store.accounts().upsert(account, now).await?;
    let project = NewProject {
        id: ProjectId::new(now, rng),
        account_id: account.id,
        issuer: arguments.issuer.clone(),
        external_id: arguments.id.clone(),
        path: arguments.path.clone(),
    };
    let project = records.store.projects().upsert(project, now).await?;
    if arguments.json {
        return output::line(show::as_json(&project, Some(&account)));
    }
    let done = if known.is_some() { "updated" } else { "onboarded" };
    let before = known.map(|known| known.path).filter(|path| *path != project.path);
    let renamed = before.map(|path| format!(", renamed from {}", printable(&path))).unwrap_or_default();
    let policy = &records.settings.policy.projects;
    output::line(format_args!(
        "{done} {} as project {}{renamed}\nits jobs get a pass for {} with {}, valid for {}",
        project.path,
        project.id,
        policy.audience,
        if policy.scopes.is_empty() { "no scope".to_owned() } else { policy.scopes.join(" ") },
        show_duration(policy.ttl_seconds)
    ))
}

fn check(arguments: &ProjectAddArguments, records: &Records) -> Result<(), CommandFault> {
    let fault = |text: String| Err(CommandFault::Usage(text));
    let issuers = &records.settings.issuers;
    let Some(issuer) =
        issuers.iter().map(|issuer| &issuer.registered).find(|one| one.name == arguments.issuer)
    else {
        let names: Vec<&str> = issuers.iter().map(|issuer| issuer.registered.name.as_str()).collect();
        let help = match did_you_mean(&arguments.issuer, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "the settings register none".to_owned(),
            None => format!("the settings register `{}`", names.join("`, `")),
        };
        return fault(format!("there is no issuer `{}`: {help}", arguments.issuer));
    };
    for (flag, text) in
        [("PATH", &arguments.path), ("--id", &arguments.id), ("--owner-id", &arguments.owner_id)]
            .into_iter()
            .chain(arguments.tenant.as_ref().map(|tenant| ("--tenant", tenant)))
    {
        if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS || text.contains(char::is_control) {
            return fault(format!("{flag}: {text:?} is not a text of 1 to {MAX_TEXT_CHARS} characters"));
        }
    }
    if has_owners(issuer) && !is_path(&arguments.path) {
        return fault(format!(
            "PATH: `{}` is not the path of a repository of {}: write it with its owner, as `octo-org/octo-repo`",
            arguments.path, issuer.profile.title
        ));
    }
    for (flag, id) in [("--id", &arguments.id), ("--owner-id", &arguments.owner_id)] {
        if has_owners(issuer) && !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return fault(format!(
                "{flag}: `{id}` is not an id of {}: ids are numbers, since a name can be taken by somebody else",
                issuer.profile.title
            ));
        }
    }
    Ok(())
}

/// Whether repositories are called OWNER/NAME and have numbers, as it is where the provider is one of these.
fn has_owners(issuer: &RegisteredIssuer) -> bool {
    matches!(issuer.profile.name.as_str(), "github" | "gitlab")
}

fn is_path(path: &str) -> bool {
    path.contains('/') && path.split('/').all(|part| !part.is_empty())
}

/// Adding must not undo what somebody decided.
fn check_standing(known: &Project) -> Result<(), CommandFault> {
    match known.status {
        ProjectStatus::Active => Ok(()),
        ProjectStatus::Suspended => Err(CommandFault::Usage(format!(
            "`{}` is onboarded and suspended; `daypass project resume {}` ends that",
            known.path, known.id
        ))),
        ProjectStatus::Deleted => super::check_is_not_deleted(known),
    }
}
