//! A workflow that other workflows call: what `job_workflow_ref` and `job_workflow_sha` name.

use std::fmt;
use std::str::FromStr;

use crate::checkout::is_name;
use crate::fault::EmulatorFault;

/// A workflow file of some repository at some ref: `OWNER/NAME/.github/workflows/FILE@REF`.
///
/// The other claims of a job that runs in it describe the workflow that called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReusableWorkflow {
    reference: String,
    /// The commit at which it was called.
    pub sha: String,
}

impl FromStr for ReusableWorkflow {
    type Err = EmulatorFault;

    /// Reads `OWNER/NAME/.github/workflows/FILE@REF`; the ref may be a commit. Which commit another ref is at is made
    /// up, and can be set.
    fn from_str(text: &str) -> Result<Self, EmulatorFault> {
        let malformed = || EmulatorFault::WorkflowMalformed(text.to_owned());
        // The ref may hold a `@` too, a file's name none.
        let (path, git_ref) = text.split_once('@').ok_or_else(malformed)?;
        let mut parts = path.split('/');
        let names = [(); 5].map(|()| parts.next().unwrap_or_default());
        let [owner, name, ".github", "workflows", file] = names else { return Err(malformed()) };
        let is_file = is_name(file) && matches!(file.rsplit_once('.'), Some((_, "yml" | "yaml")));
        let is_ref = !git_ref.is_empty() && !git_ref.contains(|letter: char| letter.is_whitespace());
        if !(is_name(owner) && is_name(name) && is_file && is_ref && parts.next().is_none()) {
            return Err(malformed());
        }
        let sha = if is_commit(git_ref) { git_ref } else { "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15" };
        Ok(Self { reference: text.to_owned(), sha: sha.to_owned() })
    }
}

impl fmt::Display for ReusableWorkflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reference)
    }
}

fn is_commit(git_ref: &str) -> bool {
    git_ref.len() == 40 && git_ref.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_named_with_its_repository_and_ref() {
        let commit = "0123456789012345678901234567890123456789";
        for (git_ref, is_at_itself) in [("refs/heads/main", false), ("v1@beta", false), (commit, true)] {
            let text = format!("octo-org/octo-automation/.github/workflows/oidc.yml@{git_ref}");
            let workflow: ReusableWorkflow = text.parse().unwrap();
            assert_eq!(workflow.to_string(), text);
            assert_eq!(workflow.sha == git_ref, is_at_itself, "{git_ref}");
        }
    }

    #[test]
    fn what_names_no_workflow_is_refused() {
        for text in [
            "",
            "oidc.yml",
            "a/b/.github/workflows/oidc.yml",
            "a/b/.github/workflows/oidc.yml@",
            "a/b/.github/workflows/oidc.txt@main",
            "a/b/.github/workflows/x/oidc.yml@main",
            "a/b/workflows/oidc.yml@main",
            "a/../.github/workflows/oidc.yml@main",
            "a/b/.github/workflows/oidc.yml@ma in",
        ] {
            assert!(text.parse::<ReusableWorkflow>().is_err(), "{text}");
        }
    }
}
