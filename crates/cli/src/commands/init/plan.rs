//! From flags and answers to what is written.

use std::path::Path;

use daypass_emulator::{Checkout, GithubJob, GitlabJob};
use daypass_jose::IssuerUrl;

use super::answer::{self, GitRef, Project};
use super::ask::Answers;
use super::questions::{
    AUDIENCE, CI, ENVIRONMENT, GITLAB_URL, NAMESPACE_ID, OWNER, OWNER_ID, PROJECT_ID, PROJECT_PATH,
    PUBLIC_URL, REF, REPOSITORY, REPOSITORY_ID, ROLE, SCOPE, STORE,
};
use crate::args::{Ci, InitArguments};
use crate::fault::CommandFault;
use crate::settings::is_loopback_url;

const LOCAL_URL: &str = "http://127.0.0.1:8080";

/// Everything that the files say.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ci: Ci,
    pub(super) public_url: IssuerUrl,
    /// A GitLab of one's own.
    pub(super) gitlab_url: Option<IssuerUrl>,
    pub(super) project: Project,
    /// Whether the project is that of the emulator: real jobs have another one.
    pub(super) is_try_out: bool,
    pub(super) role: String,
    pub(super) git_ref: GitRef,
    pub(super) environment: Option<String>,
    pub(super) audience: String,
    pub(super) scopes: Vec<String>,
    pub(super) store: String,
}

impl Plan {
    /// Whether the server is for this machine alone, where jobs of the emulator are taken too.
    pub(super) fn is_local(&self) -> bool {
        is_loopback_url(&self.public_url)
    }

    /// From the flags, and from the answers of whoever sits at the terminal.
    pub(super) async fn make(arguments: &InitArguments, has_terminal: bool) -> Result<Self, CommandFault> {
        let names_nothing =
            arguments.ci.is_none() && arguments.public_url.is_none() && !names_a_project(arguments);
        let is_try_out = arguments.try_out || (names_nothing && !has_terminal);
        let mut answers = Answers::new(has_terminal && !is_try_out && !is_complete(arguments));
        let ci = match arguments.ci {
            Some(ci) => Some(ci),
            None if is_try_out => Some(Ci::Github),
            None => answers.required(&CI, None, answer::ci)?,
        };
        let default_url = (is_try_out || has_terminal).then_some(LOCAL_URL);
        let public_url = PUBLIC_URL.or(default_url);
        let public_url =
            answers.required(&public_url, arguments.public_url.as_deref(), answer::public_url)?;
        let of_project = match ci {
            None => None,
            Some(_) if is_try_out => None,
            Some(ci) => Some(Named::ask(ci, arguments, public_url.as_ref(), &mut answers)?),
        };
        let is_try_out = is_try_out || (answers.asks() && of_project.as_ref().is_some_and(Option::is_none));
        let stage = if is_try_out { Emulated::here(ci, Path::new(".")).await } else { Emulated::nowhere() };
        let role = answers.required(&ROLE, arguments.role.as_deref(), answer::role)?;
        let default_ref = stage.git_ref.in_full();
        let default_ref = default_ref.strip_prefix("refs/heads/").unwrap_or(&default_ref);
        let git_ref =
            answers.required(&REF.or(Some(default_ref)), arguments.git_ref.as_deref(), answer::git_ref)?;
        let environment =
            answers.optional(&ENVIRONMENT, arguments.environment.as_deref(), answer::environment)?;
        let audience = answers.required(&AUDIENCE, arguments.audience.as_deref(), answer::audience)?;
        let scopes = scopes(arguments, &mut answers);
        let store = answers.required(&STORE, arguments.store.as_deref(), answer::store)?;
        answers.finish()?;
        let made = || {
            let named = of_project.flatten();
            Some(Self {
                ci: ci?,
                public_url: public_url?,
                gitlab_url: named.as_ref().and_then(|named| named.gitlab_url.clone()),
                project: match named {
                    Some(named) => named.project,
                    None if is_try_out => stage.project,
                    None => return None,
                },
                is_try_out,
                role: role?,
                git_ref: git_ref?,
                environment,
                audience: audience?,
                scopes,
                store: store?,
            })
        };
        let plan = made().ok_or_else(|| CommandFault::Usage("something is missing".to_owned()))?;
        plan.checked()
    }

    /// What no single answer shows.
    fn checked(self) -> Result<Self, CommandFault> {
        if self.is_try_out && !self.is_local() {
            return Err(CommandFault::Usage(format!(
                "a try-out is on this machine alone, and `{}` is not: name the repository whose jobs will come",
                self.public_url
            )));
        }
        Ok(self)
    }
}

/// A project that was named, and where it is.
struct Named {
    project: Project,
    gitlab_url: Option<IssuerUrl>,
}

impl Named {
    /// `None` where the emulator's is to be taken, or something is missing, which has been noted.
    fn ask(
        ci: Ci,
        arguments: &InitArguments,
        public_url: Option<&IssuerUrl>,
        answers: &mut Answers,
    ) -> Result<Option<Self>, CommandFault> {
        let foreign = foreign_flags(ci, arguments);
        if !foreign.is_empty() {
            answers.fault(format!(
                "{} and `--ci {}` do not belong together",
                foreign.join(", "),
                name_of(ci)
            ));
        }
        // Only a server on this machine takes jobs of the emulator.
        let may_be_left_out = public_url.is_some_and(is_loopback_url) && !names_a_project(arguments);
        let gitlab_url = match ci {
            Ci::Github => None,
            Ci::Gitlab => {
                answers.optional(&GITLAB_URL, arguments.gitlab_url.as_deref(), answer::gitlab_url)?
            }
        };
        let owner = answers.given(&OWNER, arguments.owner.as_deref(), answer::name);
        let path = match ci {
            Ci::Github => {
                let parse = |text: &str| answer::repository(text, owner.as_deref());
                answers.or_nothing(&REPOSITORY, arguments.repository.as_deref(), may_be_left_out, parse)?
            }
            Ci::Gitlab => {
                let given = arguments.project_path.as_deref();
                answers.or_nothing(&PROJECT_PATH, given, may_be_left_out, answer::project_path)?
            }
        };
        if path.is_none() && answers.asks() {
            return Ok(None);
        }
        answers.hint_at_ids(how_to_find_ids(ci, path.as_deref(), gitlab_url.as_ref()));
        let (id, owner_id) = match ci {
            Ci::Github => (
                answers.required(&REPOSITORY_ID, arguments.repository_id.as_deref(), answer::id)?,
                answers.required(&OWNER_ID, arguments.owner_id.as_deref(), answer::id)?,
            ),
            Ci::Gitlab => (
                answers.required(&PROJECT_ID, arguments.project_id.as_deref(), answer::id)?,
                answers.required(&NAMESPACE_ID, arguments.namespace_id.as_deref(), answer::id)?,
            ),
        };
        let project = || Some(Project { path: path?, id: id?, owner_id: owner_id? });
        Ok(project().map(|project| Self { project, gitlab_url }))
    }
}

/// What the emulator plays in this folder.
struct Emulated {
    project: Project,
    git_ref: GitRef,
}

impl Emulated {
    /// Outside any checkout.
    fn nowhere() -> Self {
        let git_ref = GitRef::Branch("main".to_owned());
        Self { project: Project::from(&GithubJob::default()), git_ref }
    }

    async fn here(ci: Option<Ci>, folder: &Path) -> Self {
        let checkout = Checkout::read(folder).await;
        let checkout = checkout.as_ref();
        let (project, git_ref) = match ci {
            Some(Ci::Gitlab) => {
                let job = checkout.map_or_else(GitlabJob::default, GitlabJob::in_checkout);
                (Project::from(&job), job.git_ref)
            }
            Some(Ci::Github) | None => {
                let job = checkout.map_or_else(GithubJob::default, GithubJob::in_checkout);
                (Project::from(&job), job.git_ref)
            }
        };
        let git_ref = answer::git_ref(&git_ref).unwrap_or_else(|_| Self::nowhere().git_ref);
        Self { project, git_ref }
    }
}

/// How the numbers are found: nothing is fetched here.
fn how_to_find_ids(ci: Ci, path: Option<&str>, gitlab_url: Option<&IssuerUrl>) -> String {
    match ci {
        Ci::Github => {
            let path = path.unwrap_or("OWNER/NAME");
            format!(
                "The ids of the repository and of its owner, in this order: gh api repos/{path} --jq '.id, .owner.id'"
            )
        }
        Ci::Gitlab => {
            let url = gitlab_url.map_or("https://gitlab.com", IssuerUrl::as_str);
            let path = path.unwrap_or("GROUP/NAME").replace('/', "%2F");
            format!(
                "The ids of the project and of its group, in this order: curl -s {url}/api/v4/projects/{path} | jq '.id, \
                 .namespace.id'\n(of a private project: glab api projects/{path}; the pages of project and group show them too)"
            )
        }
    }
}

fn scopes(arguments: &InitArguments, answers: &mut Answers) -> Vec<String> {
    if arguments.scopes.is_empty() {
        return vec!["releases:write".to_owned()];
    }
    arguments.scopes.iter().filter_map(|given| answers.given(&SCOPE, Some(given), answer::scope)).collect()
}

fn names_a_project(arguments: &InitArguments) -> bool {
    let of_either = [Ci::Github, Ci::Gitlab].map(|ci| foreign_flags(ci, arguments));
    of_either.iter().any(|flags| !flags.is_empty())
}

/// Flags of the other CI system.
fn foreign_flags(ci: Ci, arguments: &InitArguments) -> Vec<&'static str> {
    let of_github = [
        (REPOSITORY.flag, &arguments.repository),
        (REPOSITORY_ID.flag, &arguments.repository_id),
        (OWNER.flag, &arguments.owner),
        (OWNER_ID.flag, &arguments.owner_id),
    ];
    let of_gitlab = [
        (PROJECT_PATH.flag, &arguments.project_path),
        (PROJECT_ID.flag, &arguments.project_id),
        (NAMESPACE_ID.flag, &arguments.namespace_id),
        (GITLAB_URL.flag, &arguments.gitlab_url),
    ];
    let foreign = match ci {
        Ci::Github => of_gitlab,
        Ci::Gitlab => of_github,
    };
    foreign.into_iter().filter(|(_, given)| given.is_some()).map(|(flag, _)| flag).collect()
}

/// Whether the flags say all that has no default, so that nobody is asked anything.
fn is_complete(arguments: &InitArguments) -> bool {
    let of_ci = match arguments.ci {
        None => return false,
        Some(Ci::Github) => [&arguments.repository, &arguments.repository_id, &arguments.owner_id],
        Some(Ci::Gitlab) => [&arguments.project_path, &arguments.project_id, &arguments.namespace_id],
    };
    arguments.public_url.is_some() && of_ci.iter().all(|given| given.is_some())
}

fn name_of(ci: Ci) -> &'static str {
    match ci {
        Ci::Github => "github",
        Ci::Gitlab => "gitlab",
    }
}
