//! Who learns what of a refusal.

use daypass_policy::{Decision, Denial, DenialReason};
use serde_json::json;

use crate::kit::{ask, github, gitlab, policy, with, workload};

const ROLES: &str = r#"
[roles.deploy]
[[roles.deploy.trust]]
issuer              = "github"
repository_owner_id = "65"
repository_id       = "123456789"
ref                 = "refs/heads/main"
environment         = ["staging", "production"]
[[roles.deploy.trust]]
issuer              = "github"
repository_owner_id = "65"
repository_id       = "123456789"
ref                 = { glob = "refs/tags/v*" }
[[roles.deploy.trust]]
issuer              = "github"
repository_owner_id = "99"
ref                 = "refs/heads/feature"
[[roles.deploy.trust]]
issuer   = "gitlab-house"
project_path = "octo/other"
[[roles.deploy.deny]]
issuer = "github"
actor  = "mallory"
absent = "allow"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = []
"#;

fn denial(issuer: &str, claims: &serde_json::Value, role: &str) -> Denial {
    match ask(&policy(ROLES), &workload(issuer, claims), role) {
        Decision::Deny(denial) => denial,
        Decision::Allow(allowance) => panic!("{allowance:?}"),
    }
}

fn differing(denial: &Denial) -> Vec<(&str, String, Option<&str>)> {
    denial
        .differences
        .iter()
        .map(|difference| {
            (difference.claim.as_str(), difference.wanted.join(" or "), difference.got.as_deref())
        })
        .collect()
}

#[test]
fn a_caller_whom_the_role_knows_sees_the_block_that_comes_closest() {
    let branch = with(github(), json!({"ref": "refs/heads/feature", "environment": "staging"}));
    let denial_of_branch = denial("github", &branch, "deploy");
    assert_eq!(
        differing(&denial_of_branch),
        [("ref", "refs/heads/main".to_owned(), Some("refs/heads/feature"))]
    );
    let main = denial("github", &github(), "deploy");
    assert_eq!(differing(&main), [("environment", "staging or production".to_owned(), None)]);
}

#[test]
fn an_event_that_is_not_admitted_is_a_difference_too() {
    let pull = with(github(), json!({"environment": "staging", "event_name": "pull_request"}));
    let denial = denial("github", &pull, "deploy");
    assert_eq!(denial.differences.len(), 1);
    assert_eq!(
        (denial.differences[0].claim.as_str(), denial.differences[0].got.as_deref()),
        ("event_name", Some("pull_request"))
    );
    assert!(denial.differences[0].wanted.contains(&"push".to_owned()));
}

#[test]
fn a_stranger_learns_nothing_and_cannot_tell_an_absent_role_from_one_that_refuses() {
    let stranger = with(github(), json!({"repository_owner_id": "1", "repository_id": "2"}));
    for role in ["deploy", "absent", "project"] {
        let denial = denial("github", &stranger, role);
        assert_eq!((denial.known_to_role, denial.differences.len()), (false, 0), "{role}");
    }
    let look_alike =
        with(stranger, json!({"repository": "octo-org/octo-repo", "repository_owner": "octo-org"}));
    assert!(!denial("github", &look_alike, "deploy").known_to_role, "a name is no acquaintance");
    assert!(
        !denial("github", &github(), "absent").known_to_role,
        "nobody is known to a role that is not there"
    );
}

#[test]
fn one_id_is_enough_to_be_known_and_only_that_block_is_shown() {
    let moved = with(github(), json!({"repository_owner_id": "1", "environment": "staging"}));
    let denial = denial("github", &moved, "deploy");
    assert!(denial.known_to_role);
    assert_eq!(differing(&denial), [("repository_owner_id", "65".to_owned(), Some("1"))]);
}

#[test]
fn everybody_of_an_issuer_that_no_stranger_shares_is_known() {
    let denial = denial("gitlab-house", &gitlab(), "deploy");
    assert!(denial.known_to_role);
    assert_eq!(differing(&denial), [("project_path", "octo/other".to_owned(), Some("octo/app"))]);
}

#[test]
fn what_denied_is_shown_to_the_known_and_to_nobody_else() {
    let mallory =
        |changes| with(with(github(), json!({"environment": "staging", "actor": "mallory"})), changes);
    let known = denial("github", &mallory(json!({})), "deploy");
    assert_eq!(known.reason, DenialReason::DeniedByRule);
    assert_eq!(differing(&known), [("actor", "anything but mallory".to_owned(), Some("mallory"))]);
    let stranger =
        denial("github", &mallory(json!({"repository_owner_id": "1", "repository_id": "2"})), "deploy");
    assert_eq!((stranger.reason, stranger.differences.len()), (DenialReason::DeniedByRule, 0));
}

#[test]
fn the_operator_has_the_whole_trace() {
    let branch = with(github(), json!({"ref": "refs/heads/feature", "environment": "staging"}));
    let decision = ask(&policy(ROLES), &workload("github", &branch), "deploy");
    insta::assert_snapshot!(serde_json::to_string_pretty(decision.trace()).unwrap());
}

#[test]
fn owners_that_a_block_names_are_named() {
    let policy = policy(ROLES);
    assert!(policy.names_owner("github", "65") && policy.names_owner("github", "99"));
    assert!(!policy.names_owner("github", "1") && !policy.names_owner("gitlab", "65"));
    assert!(
        policy.names_owner("gitlab-house", "7"),
        "a block of a house issuer that names no owner names all"
    );
    assert!(!crate::kit::policy("").names_owner("github", "65"));
}
