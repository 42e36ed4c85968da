//! Which ref an event runs on.

use crate::github::GithubJob;

/// Events that run on the default branch, wherever what they are about is ("Events that trigger workflows").
const ON_DEFAULT_BRANCH: &[&str] = &[
    "schedule",
    "repository_dispatch",
    // On the default branch, and not the one that the pull request goes to, since 2025-12-08.
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "delete",
    "fork",
    "gollum",
    "label",
    "milestone",
    "page_build",
    "public",
    "status",
    "watch",
];

/// The tag of a release that is told no other.
const RELEASE_TAG: &str = "refs/tags/v1.0.0";

/// The refs that a run's claims and variables name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refs {
    /// `refs/heads/…`, `refs/tags/…`, `refs/pull/…/merge`, or nothing.
    pub(super) full: String,
    /// Source branch of a pull request, else empty.
    pub(super) head: String,
    /// Target branch of a pull request, else empty.
    pub(super) base: String,
}

impl Refs {
    /// `branch` for everything that is no tag, the merge commit of a pull request included.
    pub(super) fn kind(&self) -> &'static str {
        if self.full.starts_with("refs/tags/") { "tag" } else { "branch" }
    }

    /// The ref without its first two parts.
    pub(super) fn short_name(&self) -> &str {
        self.full.splitn(3, '/').nth(2).unwrap_or("")
    }
}

impl GithubJob {
    /// The refs of the run, as its event has them.
    pub(super) fn refs(&self) -> Refs {
        let (number, base) = (self.pull_request.number, &self.pull_request.base_ref);
        let of_pull_request = |full| Refs { full, head: self.head_ref().to_owned(), base: base.clone() };
        match self.event.as_str() {
            "pull_request_target" => of_pull_request(self.default_ref()),
            event if ON_DEFAULT_BRANCH.contains(&event) => plain(self.default_ref()),
            "release" if !self.git_ref.starts_with("refs/tags/") => plain(RELEASE_TAG.to_owned()),
            _ if self.is_pull_request() && self.git_ref.starts_with("refs/pull/") => {
                of_pull_request(self.git_ref.clone())
            }
            _ if self.is_pull_request() => of_pull_request(format!("refs/pull/{number}/merge")),
            "merge_group" if !self.git_ref.starts_with("refs/heads/gh-readonly-queue/") => {
                plain(format!("refs/heads/gh-readonly-queue/{base}/pr-{number}-{}", self.sha))
            }
            _ => plain(self.git_ref.clone()),
        }
    }

    /// Whether the run is of a pull request's merge commit. Which events beside `pull_request` GitHub counts here is
    /// documented nowhere; `pull_request_target` runs on the base branch.
    pub(super) fn is_pull_request(&self) -> bool {
        matches!(self.event.as_str(), "pull_request" | "pull_request_review" | "pull_request_review_comment")
    }

    fn default_ref(&self) -> String {
        format!("refs/heads/{}", self.default_branch)
    }

    fn head_ref(&self) -> &str {
        let checked_out =
            self.git_ref.strip_prefix("refs/heads/").filter(|name| *name != self.pull_request.base_ref);
        self.pull_request.head_ref.as_deref().or(checked_out).unwrap_or("feature")
    }
}

/// A name alone is a branch's.
pub(super) fn in_full(git_ref: &str) -> String {
    if git_ref.is_empty() || git_ref.starts_with("refs/") {
        git_ref.to_owned()
    } else {
        format!("refs/heads/{git_ref}")
    }
}

fn plain(full: String) -> Refs {
    Refs { full, head: String::new(), base: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_has_its_ref() {
        for (event, given, git_ref, head, base, kind) in [
            ("push", "refs/heads/main", "refs/heads/main", "", "", "branch"),
            ("push", "refs/tags/v1", "refs/tags/v1", "", "", "tag"),
            ("deployment", "", "", "", "", "branch"),
            ("schedule", "refs/heads/fix", "refs/heads/main", "", "", "branch"),
            ("repository_dispatch", "refs/heads/fix", "refs/heads/main", "", "", "branch"),
            ("workflow_dispatch", "refs/heads/fix", "refs/heads/fix", "", "", "branch"),
            ("workflow_run", "refs/heads/fix", "refs/heads/main", "", "", "branch"),
            ("issue_comment", "refs/tags/v1", "refs/heads/main", "", "", "branch"),
            ("release", "refs/heads/main", "refs/tags/v1.0.0", "", "", "tag"),
            ("release", "refs/tags/v2", "refs/tags/v2", "", "", "tag"),
            ("deployment", "refs/heads/main", "refs/heads/main", "", "", "branch"),
            ("pull_request", "refs/heads/main", "refs/pull/1/merge", "feature", "main", "branch"),
            ("pull_request", "refs/heads/fix", "refs/pull/1/merge", "fix", "main", "branch"),
            ("pull_request", "refs/pull/7/merge", "refs/pull/7/merge", "feature", "main", "branch"),
            ("pull_request_target", "refs/heads/fix", "refs/heads/main", "fix", "main", "branch"),
            (
                "merge_group",
                "refs/heads/main",
                "refs/heads/gh-readonly-queue/main/pr-1-c0ffee",
                "",
                "",
                "branch",
            ),
        ] {
            let job = GithubJob {
                event: event.to_owned(),
                git_ref: given.to_owned(),
                sha: "c0ffee".to_owned(),
                ..GithubJob::default()
            };
            let refs = job.refs();
            let got = (refs.full.as_str(), refs.head.as_str(), refs.base.as_str(), refs.kind());
            assert_eq!(got, (git_ref, head, base, kind), "{event} {given}");
        }
    }

    #[test]
    fn a_pull_request_target_runs_on_the_default_branch_whatever_its_base() {
        let job = GithubJob { event: "pull_request_target".to_owned(), ..GithubJob::default() };
        let pull_request =
            crate::github::PullRequest { base_ref: "release/1".to_owned(), ..job.pull_request };
        let refs =
            GithubJob { pull_request, ..GithubJob { event: job.event, ..GithubJob::default() } }.refs();
        assert_eq!((refs.full.as_str(), refs.base.as_str()), ("refs/heads/main", "release/1"));
    }

    #[test]
    fn a_short_name_is_what_follows_the_kind() {
        assert_eq!(plain("refs/heads/release/1".to_owned()).short_name(), "release/1");
        assert_eq!(plain("refs/pull/1/merge".to_owned()).short_name(), "1/merge");
        assert_eq!(plain(String::new()).short_name(), "");
        assert_eq!(in_full("release/1"), "refs/heads/release/1");
    }
}
