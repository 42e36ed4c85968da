//! The repository that a command is asked about.

use daypass_policy::{RegisteredIssuer, SupposedRepository};

use super::files::Loaded;
use crate::args::RepositoryArguments;
use crate::fault::CommandFault;

/// What the flags name of a repository.
struct Named {
    provider: &'static str,
    path: Option<String>,
    ids: Option<(u64, u64)>,
    /// The ids of the example of the provider, where it is that one.
    of_example: Option<(u64, u64)>,
    flags: &'static str,
}

/// The repository and its issuer; `None` where no flag names one.
pub(super) fn named<'a>(
    arguments: &RepositoryArguments,
    loaded: &'a Loaded,
) -> Result<Option<(SupposedRepository, &'a RegisteredIssuer)>, CommandFault> {
    let Some(named) = flags(arguments) else { return Ok(None) };
    let issuer = issuer(arguments.issuer.as_deref(), named.provider, loaded)?;
    if let Some((id, owner_id)) = named.ids {
        return Ok(Some((of(issuer, named.path.as_deref(), id, owner_id), issuer)));
    }
    let (bound, _) = SupposedRepository::bound(&loaded.policy, &loaded.context);
    let mut known = bound.into_iter().filter(|repository| {
        repository.issuer() == issuer.name
            && repository.path() == named.path.as_deref()
            && repository.is_one(issuer)
    });
    match (known.next(), known.next(), named.of_example) {
        (Some(repository), None, _) => Ok(Some((repository, issuer))),
        (None, _, Some((id, owner_id))) => {
            Ok(Some((of(issuer, named.path.as_deref(), id, owner_id), issuer)))
        }
        (first, ..) => {
            let path = named.path.unwrap_or_default();
            let what = if first.is_some() { "several ids" } else { "no ids" };
            Err(CommandFault::Usage(format!(
                "the rules name {what} for `{path}`\n  help: rules rest on ids: give them by {}",
                named.flags
            )))
        }
    }
}

/// The repository, where one has to be named.
pub(super) fn required<'a>(
    arguments: &RepositoryArguments,
    loaded: &'a Loaded,
) -> Result<(SupposedRepository, &'a RegisteredIssuer), CommandFault> {
    named(arguments, loaded)?.ok_or_else(|| {
        let message =
            "no repository is named\n  help: name one: --repository OWNER/NAME, or --project-path GROUP/NAME";
        CommandFault::Usage(message.to_owned())
    })
}

fn of(issuer: &RegisteredIssuer, path: Option<&str>, id: u64, owner_id: u64) -> SupposedRepository {
    SupposedRepository::new(issuer, path, &id.to_string(), &owner_id.to_string())
}

fn flags(arguments: &RepositoryArguments) -> Option<Named> {
    if arguments.repository.is_some() || arguments.repository_id.is_some() {
        let repository = arguments.repository.as_ref();
        let path = repository.map(ToString::to_string);
        let example = daypass_emulator::github::Repository::default();
        let is_example = path.as_deref() == Some(example.to_string().as_str());
        return Some(Named {
            provider: "github",
            path,
            ids: arguments.repository_id.zip(arguments.repository_owner_id),
            of_example: is_example.then_some((example.id, example.owner_id)),
            flags: "--repository-id and --repository-owner-id",
        });
    }
    if arguments.project_path.is_some() || arguments.project_id.is_some() {
        let path = arguments.project_path.as_ref().map(daypass_emulator::gitlab::Project::path);
        let example = daypass_emulator::gitlab::Project::default();
        let is_example = path.as_deref() == Some(example.path().as_str());
        return Some(Named {
            provider: "gitlab",
            path,
            ids: arguments.project_id.zip(arguments.namespace_id),
            of_example: is_example.then_some((example.id, example.namespace_id)),
            flags: "--project-id and --namespace-id",
        });
    }
    None
}

/// The issuer of a name, or the only one of a kind.
fn issuer<'a>(
    name: Option<&str>,
    provider: &str,
    loaded: &'a Loaded,
) -> Result<&'a RegisteredIssuer, CommandFault> {
    let of_kind = || loaded.context.issuers.iter().filter(|issuer| issuer.profile.name == provider);
    let names = || of_kind().map(|issuer| format!("`{}`", issuer.name)).collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => of_kind().find(|issuer| issuer.name == name).ok_or_else(|| {
            CommandFault::Usage(format!(
                "`{name}` is no issuer of `{provider}`\n  help: the settings have {}",
                or_none(&names())
            ))
        }),
        None => match (of_kind().next(), of_kind().nth(1)) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(CommandFault::Usage(format!("the settings have no issuer of `{provider}`"))),
            (Some(_), Some(_)) => Err(CommandFault::Usage(format!(
                "the settings have several issuers of `{provider}`\n  help: say which by --issuer: {}",
                names()
            ))),
        },
    }
}

fn or_none(names: &str) -> &str {
    if names.is_empty() { "none" } else { names }
}
