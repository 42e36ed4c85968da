//! What may be answered to each question: the one door through which words of a person come into the files.
//!
//! Every alphabet here is narrower than that of the CI systems. What passes can stand in TOML, in YAML and in a shell's word.

use daypass_emulator::{GithubJob, GitlabJob};
use daypass_jose::IssuerUrl;
use daypass_policy::{ADMIN_ROLE, PROJECT_ROLE};

use crate::args::Ci;
use crate::settings::is_loopback_url;

/// Characters of the longest name of anything.
const MAX_CHARS: usize = 255;

/// The repository or project whose jobs may take the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    /// `octo-org/octo-repo`; on GitLab, with all groups.
    pub(super) path: String,
    /// Its number.
    pub(super) id: u64,
    /// The number of its owner; on GitLab, of the group that it is directly in.
    pub(super) owner_id: u64,
}

/// From where a role may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GitRef {
    /// A branch, by its name.
    Branch(String),
    /// A tag, by its name.
    Tag(String),
}

impl GitRef {
    /// `refs/heads/main`.
    pub(super) fn in_full(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
        }
    }

    /// The name alone.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }
}

impl Project {
    /// Owner or groups.
    pub(super) fn owner(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(owner, _)| owner)
    }
}

impl From<&GithubJob> for Project {
    fn from(job: &GithubJob) -> Self {
        let repository = &job.repository;
        Self { path: repository.to_string(), id: repository.id, owner_id: repository.owner_id }
    }
}

impl From<&GitlabJob> for Project {
    fn from(job: &GitlabJob) -> Self {
        let project = &job.project;
        Self { path: project.path(), id: project.id, owner_id: project.namespace_id }
    }
}

/// The CI system.
pub(super) fn ci(text: &str) -> Result<Ci, String> {
    match text {
        "github" => Ok(Ci::Github),
        "gitlab" => Ok(Ci::Gitlab),
        _ => Err(format!("{text:?} is neither `github` nor `gitlab`")),
    }
}

/// The address of the server.
pub(super) fn public_url(text: &str) -> Result<IssuerUrl, String> {
    let url = IssuerUrl::parse(text).map_err(|fault| format!("{text:?} has {}", fault.0))?;
    if url.is_plain_http() && !is_loopback_url(&url) {
        return Err(format!("`{url}` must be `https://…`: tokens and passes travel to it"));
    }
    Ok(url)
}

/// The address of a GitLab.
pub(super) fn gitlab_url(text: &str) -> Result<IssuerUrl, String> {
    let url = IssuerUrl::parse(text).map_err(|fault| format!("{text:?} has {}", fault.0))?;
    if url.is_plain_http() {
        return Err(format!("`{url}` must be `https://…`: its keys come from there"));
    }
    Ok(url)
}

/// A name of GitHub's, of an owner or of a repository.
pub(super) fn name(text: &str) -> Result<String, String> {
    if is_name(text) { Ok(text.to_owned()) } else { Err(format!("{text:?} is no name on GitHub")) }
}

/// `OWNER/NAME`, or NAME alone where the owner is known.
pub(super) fn repository(text: &str, owner: Option<&str>) -> Result<String, String> {
    let path = match (text.split_once('/'), owner) {
        (None, Some(owner)) => format!("{owner}/{text}"),
        (Some((other, _)), Some(owner)) if other != owner => {
            return Err(format!("{text:?} is not of the owner `{owner}`"));
        }
        _ => text.to_owned(),
    };
    match path.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(path),
        _ => Err(format!("{text:?} is no repository: write `OWNER/NAME`")),
    }
}

/// `GROUP/NAME`, with all groups.
pub(super) fn project_path(text: &str) -> Result<String, String> {
    if text.contains('/') && text.len() <= MAX_CHARS && text.split('/').all(is_name) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no project: write `GROUP/NAME`, with all groups"))
}

/// A number that a CI system has given. Names may be numbers too; a zero in front is none of theirs.
pub(super) fn id(text: &str) -> Result<u64, String> {
    let is_id = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_id).ok_or_else(|| format!("{text:?} is no id: it is a number"))
}

/// The name of a role, which is the name of its file too.
pub(super) fn role(text: &str) -> Result<String, String> {
    if [PROJECT_ROLE, ADMIN_ROLE].contains(&text) {
        return Err(format!("the role `{text}` is made from the settings, not from a policy file"));
    }
    let is_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_role = text.len() <= 64
        && text.bytes().all(is_letter)
        && text.starts_with(|first: char| first.is_ascii_lowercase());
    if is_role {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is no name for a role: 1 to 64 of `a` to `z`, `0` to `9`, `-` and `_`, a letter first"
    ))
}

/// A branch, or a ref in full. One, and no pattern: what a role may be taken from is widened with the file in view.
pub(super) fn git_ref(text: &str) -> Result<GitRef, String> {
    let (make, name): (fn(String) -> GitRef, &str) =
        match (text.strip_prefix("refs/heads/"), text.strip_prefix("refs/tags/")) {
            (Some(branch), _) => (GitRef::Branch, branch),
            (_, Some(tag)) => (GitRef::Tag, tag),
            _ if text.starts_with("refs/") => {
                return Err(format!(
                    "{text:?} is neither a branch nor a tag: write `main` or `refs/tags/v1`"
                ));
            }
            _ => (GitRef::Branch, text),
        };
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && !part.contains("..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
    };
    if name.len() <= MAX_CHARS && name.split('/').all(is_part) {
        return Ok(make(name.to_owned()));
    }
    Err(format!(
        "{text:?} is no name of a branch that is written here: letters, digits, `/`, `.`, `-`, `_` and `+`; put another \
         one, or a pattern, into the files by hand"
    ))
}

/// The name of an environment.
pub(super) fn environment(text: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./ ".contains(&byte);
    if (1..=MAX_CHARS).contains(&text.len()) && text.trim() == text && text.bytes().all(is_letter) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is no name of an environment that is written here: letters, digits, blanks, `/`, `.`, `-` and `_`; put \
         another one into the files by hand"
    ))
}

/// Whom the pass of the role is for. That it is nobody's address who must not have it, the policy says.
pub(super) fn audience(text: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!&'()+,;=%".contains(&byte);
    if (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(is_letter) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no audience: write the address of your API, as `https://api.example.com`"))
}

/// One scope.
pub(super) fn scope(text: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    if (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(is_letter) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no scope that is written here: letters, digits, `:`, `/`, `.`, `-` and `_`"))
}

/// Where the ledger is. Nothing secret is written to the settings.
pub(super) fn store(text: &str) -> Result<String, String> {
    let shown = daypass_store::shown_url(text).map_err(|fault| fault.to_string())?;
    if has_password(text) {
        return Err(format!(
            "it holds a password, which does not belong into a file: write `{shown}`, and give the server the whole URL by \
             DAYPASS_STORE_URL"
        ));
    }
    if text.contains(char::is_control) {
        return Err("it holds control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether a URL has a password before its host or among its parameters. Where that cannot be told, it has one.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let user = address.rsplit_once('@').map_or("", |(user, _)| user);
    let mut names = parameters.split('&').map(|pair| pair.split('=').next().unwrap_or(""));
    user.contains(':') || names.any(|name| name.contains('%') || name.to_lowercase().contains("password"))
}

/// A name on GitHub or GitLab.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= MAX_CHARS
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_one_owner() {
        for (text, owner, path) in [
            ("octo-org/octo-repo", None, Some("octo-org/octo-repo")),
            ("octo-repo", Some("octo-org"), Some("octo-org/octo-repo")),
            ("octo-org/octo-repo", Some("octo-org"), Some("octo-org/octo-repo")),
            ("mona/octo-repo", Some("octo-org"), None),
            ("octo-repo", None, None),
            ("a/b/c", None, None),
            ("a/..", None, None),
            ("-a/b", None, None),
        ] {
            assert_eq!(repository(text, owner).ok().as_deref(), path, "{text} {owner:?}");
        }
    }

    #[test]
    fn an_id_is_a_number_as_the_token_has_it() {
        assert_eq!(id("123456789"), Ok(123_456_789));
        for text in ["", "0", "065", "+65", "-1", "6 5", "65\n", "octo-org", "6.5", "99999999999999999999999"]
        {
            assert!(id(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_role_can_be_a_key_and_the_name_of_a_file() {
        assert_eq!(role("deploy-1_x").as_deref(), Ok("deploy-1_x"));
        for text in [
            "", "1a", "Deploy", "a.b", "a/b", "../a", "a b", "a]", "a\n", "_ceiling", "ä", "project", "admin",
        ] {
            assert!(role(text).is_err(), "{text:?}");
        }
        assert!(role(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_ref_is_one_branch_or_one_tag() {
        for (text, full) in [
            ("main", "refs/heads/main"),
            ("release/1.x", "refs/heads/release/1.x"),
            ("refs/heads/main", "refs/heads/main"),
            ("refs/tags/v1.0+b", "refs/tags/v1.0+b"),
        ] {
            assert_eq!(git_ref(text).unwrap().in_full(), full);
        }
        for text in
            ["", "release/*", "**", "refs/pull/1/merge", "a//b", "a..b", "-f", "a b", "$(id)", "a\"", "ä"]
        {
            assert!(git_ref(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        for url in [
            "postgres://u:p@db.example.com/daypass",
            "postgres://u:@db.example.com/daypass",
            "postgres://u@db.example.com/daypass?password=p",
            "postgres://u@db.example.com/daypass?application_name=x&PASSWORD=p",
            "postgres://u@db.example.com/daypass?pass%77ord=p",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in [
            "sqlite://daypass.db",
            "sqlite:///var/lib/daypass.db",
            "postgres://u@db.example.com:5432/daypass?sslrootcert=ca.pem",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/daypass",
        ] {
            assert!(!has_password(url), "{url}");
        }
    }
}
