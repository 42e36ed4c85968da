//! What the git checkout says that a job is started in: repository, ref and commit.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// A git that does not answer in this time is no git.
const GIT_DEADLINE: Duration = Duration::from_secs(5);

/// Longer lines are no name of anything.
const MAX_LINE_BYTES: usize = 1024;

/// What a git checkout says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its topmost folder.
    pub root: PathBuf,
    /// Path of the repository on its server, as `octo-org/octo-repo`, from the URL of the remote `origin`.
    pub repository: Option<String>,
    /// The branch that is checked out, else a tag of the commit, in full: `refs/heads/main`.
    pub git_ref: Option<String>,
    /// The branch that is the default one of the remote `origin`, as far as the clone knows: a name alone.
    pub default_branch: Option<String>,
    /// The commit.
    pub sha: Option<String>,
}

impl Checkout {
    /// Asks `git` about a folder. `None` outside a checkout, and without a git.
    pub async fn read(directory: &Path) -> Option<Self> {
        let root = git(directory, &["rev-parse", "--show-toplevel"]).await?;
        let origin = git(directory, &["config", "--get", "remote.origin.url"]).await;
        let git_ref = match git(directory, &["symbolic-ref", "--quiet", "HEAD"]).await {
            Some(branch) => Some(branch),
            None => git(directory, &["describe", "--tags", "--exact-match", "HEAD"])
                .await
                .map(|tag| format!("refs/tags/{tag}")),
        };
        let origin_head = git(directory, &["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"]).await;
        let sha = git(directory, &["rev-parse", "--quiet", "--verify", "HEAD"]).await;
        Some(Self {
            root: root.into(),
            repository: origin.as_deref().and_then(repository_path),
            default_branch: origin_head
                .and_then(|head| head.strip_prefix("refs/remotes/origin/").map(ToOwned::to_owned)),
            git_ref: git_ref.filter(|name| name.starts_with("refs/")),
            sha: sha.filter(|sha| sha.bytes().all(|byte| byte.is_ascii_hexdigit())),
        })
    }
}

/// The one line that git prints, if it ends well. Reads only, takes no lock, and starts no helper that the
/// checkout's configuration names.
async fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(GIT_DEADLINE, output).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim_end();
    let is_one_line = !line.is_empty() && line.len() <= MAX_LINE_BYTES && !line.contains(char::is_control);
    (output.status.success() && is_one_line).then(|| line.to_owned())
}

/// The path in a remote's URL: `https://host/path`, `ssh://user@host/path` or `user@host:path`. A folder of this machine has none.
fn repository_path(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?.1,
        Some(_) => return None,
        None => url.split_once(':').filter(|(host, _)| !host.contains('/'))?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_path = path.split('/').count() >= 2 && path.split('/').all(is_name);
    is_path.then(|| path.to_owned())
}

/// A name that an owner, a group or a repository may have on GitHub or GitLab.
pub(crate) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_read_from_every_form_of_remote() {
        for url in [
            "https://github.com/octo-org/octo-repo",
            "https://github.com/octo-org/octo-repo.git",
            "https://user:secret@github.com/octo-org/octo-repo.git/",
            "git@github.com:octo-org/octo-repo.git",
            "github.com:octo-org/octo-repo",
            "ssh://git@github.com:22/octo-org/octo-repo.git",
        ] {
            assert_eq!(repository_path(url).as_deref(), Some("octo-org/octo-repo"), "{url}");
        }
        assert_eq!(repository_path("git@gitlab.com:a/b/c.git").as_deref(), Some("a/b/c"));
    }

    #[test]
    fn what_names_no_repository_of_a_server_is_none() {
        for url in [
            "/srv/git/octo-repo.git",
            "../octo-repo",
            "./a:b/c",
            "file:///srv/git/octo-org/octo-repo.git",
            "https://github.com",
            "https://github.com/octo-repo",
            "https://github.com/octo org/octo-repo",
            "https://github.com/../octo-repo",
            "ext::sh -c x/y",
        ] {
            assert_eq!(repository_path(url), None, "{url}");
        }
    }
}
