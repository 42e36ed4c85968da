//! Of the claims that differ, what a person changes in the job so that they do not.

use crate::refusal::{Difference, Refusal};

/// How a difference begins that is about a block that keeps out.
const ANYTHING_BUT: &str = "anything but ";

/// Ids and names that say whose job it is: no change of the job changes these.
const OF_REPOSITORY: [&str; 10] = [
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise_id",
    "project_id",
    "project_path",
    "namespace_id",
    "namespace_path",
    "sub",
];

impl Refusal {
    /// The change that would help: of one claim where one differs, and of each where several do. `None` where the caller was not
    /// told what differs.
    pub fn change(&self) -> Option<String> {
        let changes: Vec<String> = self.differences.iter().map(change).collect();
        (!changes.is_empty()).then(|| changes.join(", and "))
    }
}

fn change(difference: &Difference) -> String {
    let Difference { claim, wanted, got } = difference;
    if let [one] = wanted.as_slice()
        && one.starts_with(ANYTHING_BUT)
    {
        return format!("run it where `{claim}` is {one}");
    }
    let any = quoted(wanted);
    let is_one = wanted.len() == 1;
    match claim.as_str() {
        "ref" => format!("run it on {}", any_of(wanted.iter().map(|name| named(name)))),
        "environment" if got.is_none() && is_one => {
            format!("add `environment: {}` to the job", wanted.concat())
        }
        "environment" => format!("have the job say {any} as its `environment:`"),
        "event_name" | "pipeline_source" => format!("start it by {any}"),
        "ref_protected" if wanted.iter().any(|value| value == "true") => {
            "protect the branch or tag that it runs on".to_owned()
        }
        "runner_environment" => format!("run it on a runner that is {any}"),
        "job_workflow_ref" | "workflow_ref" => format!("run it from the workflow {any}"),
        "when" => format!("run it where the rule {any} holds"),
        of_repository if OF_REPOSITORY.contains(&of_repository) => {
            let own = got.as_ref().map_or_else(|| "this one".to_owned(), |got| format!("`{got}`"));
            format!("run it in the repository whose `{claim}` is {any}, or have {own} added to the role")
        }
        _ => format!("run it where `{claim}` is {any}"),
    }
}

/// A ref as people call it.
fn named(name: &str) -> String {
    for (prefix, kind) in [("refs/heads/", "the branch"), ("refs/tags/", "the tag"), ("refs/", "the ref")] {
        if let Some(rest) = name.strip_prefix(prefix) {
            return format!("{kind} `{rest}`");
        }
    }
    format!("`{name}`")
}

fn quoted(wanted: &[String]) -> String {
    any_of(wanted.iter().map(|value| format!("`{value}`")))
}

fn any_of(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(claim: &str, wanted: &[&str], got: Option<&str>) -> String {
        let wanted = wanted.iter().map(|value| (*value).to_owned()).collect();
        change(&Difference { claim: claim.to_owned(), wanted, got: got.map(ToOwned::to_owned) })
    }

    #[test]
    fn each_claim_that_a_job_can_change_has_its_own_words() {
        let all = [
            told("ref", &["refs/heads/main"], Some("refs/heads/fix")),
            told("ref", &["refs/heads/release/*", "refs/tags/v*"], Some("refs/heads/fix")),
            told("ref", &["main"], Some("fix")),
            told("environment", &["production"], None),
            told("environment", &["staging", "production"], Some("test")),
            told("event_name", &["push", "schedule"], Some("pull_request_target")),
            told("ref_protected", &["true"], Some("false")),
            told("runner_environment", &["anything but self-hosted"], Some("self-hosted")),
            told("repository_id", &["1"], Some("2")),
            told("actor_id", &["1"], None),
            told("when", &["claims.run_attempt == '1'"], None),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        run it on the branch `main`
        run it on the branch `release/*` or the tag `v*`
        run it on `main`
        add `environment: production` to the job
        have the job say `staging` or `production` as its `environment:`
        start it by `push` or `schedule`
        protect the branch or tag that it runs on
        run it where `runner_environment` is anything but self-hosted
        run it in the repository whose `repository_id` is `1`, or have `2` added to the role
        run it where `actor_id` is `1`
        run it where the rule `claims.run_attempt == '1'` holds
        ");
    }
}
