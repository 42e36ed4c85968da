//! The questions, each with the flag that answers it.

use super::ask::Question;
use super::templates::DEFAULT_STORE;

pub(super) const CI: Question<'_> = Question {
    flag: "--ci",
    value: "github|gitlab",
    text: "The CI system whose jobs will come",
    default: Some("github"),
};
pub(super) const PUBLIC_URL: Question<'_> = Question {
    flag: "--public-url",
    value: "URL",
    text: "The address by which jobs will reach the server",
    default: None,
};
pub(super) const GITLAB_URL: Question<'_> = Question {
    flag: "--gitlab-url",
    value: "URL",
    text: "The address of a GitLab of your own",
    default: None,
};
pub(super) const OWNER: Question<'_> =
    Question { flag: "--owner", value: "NAME", text: "The owner of the repository", default: None };
pub(super) const REPOSITORY: Question<'_> = Question {
    flag: "--repository",
    value: "OWNER/NAME",
    text: "The repository whose jobs may take the role",
    default: None,
};
pub(super) const REPOSITORY_ID: Question<'_> =
    Question { flag: "--repository-id", value: "ID", text: "The id of the repository", default: None };
pub(super) const OWNER_ID: Question<'_> =
    Question { flag: "--owner-id", value: "ID", text: "The id of its owner", default: None };
pub(super) const PROJECT_PATH: Question<'_> = Question {
    flag: "--project-path",
    value: "GROUP/NAME",
    text: "The project whose jobs may take the role",
    default: None,
};
pub(super) const PROJECT_ID: Question<'_> =
    Question { flag: "--project-id", value: "ID", text: "The id of the project", default: None };
pub(super) const NAMESPACE_ID: Question<'_> = Question {
    flag: "--namespace-id",
    value: "ID",
    text: "The id of the group that it is directly in",
    default: None,
};
pub(super) const ROLE: Question<'_> =
    Question { flag: "--role", value: "NAME", text: "The name of the role", default: Some("deploy") };
pub(super) const REF: Question<'_> = Question {
    flag: "--ref",
    value: "REF",
    text: "The branch, or refs/tags/…, from which it may be taken",
    default: None,
};
pub(super) const ENVIRONMENT: Question<'_> = Question {
    flag: "--environment",
    value: "NAME",
    text: "The environment in which the job must run",
    default: None,
};
pub(super) const AUDIENCE: Question<'_> = Question {
    flag: "--audience",
    value: "AUDIENCE",
    text: "The API that its pass is for",
    default: Some("https://api.example.com"),
};
pub(super) const SCOPE: Question<'_> =
    Question { flag: "--scope", value: "SCOPE", text: "What the pass may do there", default: None };
pub(super) const STORE: Question<'_> = Question {
    flag: "--store",
    value: "URL",
    text: "Where the ledger is kept",
    default: Some(DEFAULT_STORE),
};
