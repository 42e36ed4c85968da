//! Who may take a role: the attack beside the honest case.

use daypass_policy::{Ask, Decision, DenialReason, ProjectStanding, decide};
use serde_json::{Value, json};

use crate::kit::{ask, github, gitlab, is_allowed, policy, with, workload};

const DEPLOY: &str = r#"
[roles.deploy]
max_ttl = "1h"
[[roles.deploy.trust]]
issuer              = "github"
repository_owner_id = "65"
repository_id       = "123456789"
ref                 = ["refs/heads/main", { glob = "refs/heads/release-*" }]
[[roles.deploy.trust]]
issuer       = "gitlab"
namespace_id = "7"
project_id   = "42"
ref_protected = "true"
[[roles.deploy.deny]]
issuer             = "github"
runner_environment = "self-hosted"
absent             = "deny"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
"#;

fn reason(decision: &Decision) -> Option<DenialReason> {
    match decision {
        Decision::Allow(_) => None,
        Decision::Deny(denial) => Some(denial.reason),
    }
}

#[test]
fn a_block_lets_in_what_fits_all_of_it_and_nothing_else() {
    let policy = policy(DEPLOY);
    for (changes, allowed) in [
        (json!({}), true),
        (json!({"ref": "refs/heads/release-1.2"}), true),
        (json!({"repository": "octo-org/renamed"}), true),
        (json!({"repository_owner_id": "66"}), false),
        (json!({"repository_id": "1234567890"}), false),
        (json!({"repository_id": "0123456789"}), false),
        (json!({"ref": "refs/heads/release-1/2"}), false),
        (json!({"ref": "refs/heads/feature"}), false),
        (json!({"ref": "refs/tags/main"}), false),
        (json!({"ref": ""}), false),
        (json!({"sub": "repo:evil/evil:ref:refs/heads/x"}), true),
    ] {
        assert_eq!(
            is_allowed(&policy, &workload("github", &with(github(), changes.clone())), "deploy"),
            allowed,
            "{changes}"
        );
    }
}

#[test]
fn a_block_speaks_of_one_issuer_alone() {
    let policy = policy(DEPLOY);
    assert!(is_allowed(&policy, &workload("gitlab", &gitlab()), "deploy"));
    assert!(
        !is_allowed(&policy, &workload("gitlab-house", &gitlab()), "deploy"),
        "the same ids at another issuer"
    );
    assert!(!is_allowed(&policy, &workload("ghes", &github()), "deploy"));
}

#[test]
fn deny_wins_and_absence_does_what_it_says() {
    let policy = policy(DEPLOY);
    for changes in [
        json!({"runner_environment": "self-hosted"}),
        json!({"runner_environment": null}),
        json!({"runner_environment": 1}),
    ] {
        let decision = ask(&policy, &workload("github", &with(github(), changes.clone())), "deploy");
        assert_eq!(reason(&decision), Some(DenialReason::DeniedByRule), "{changes}");
    }
    let lenient = crate::kit::policy(&DEPLOY.replace("absent             = \"deny\"", "absent = \"allow\""));
    let absent = workload("github", &with(github(), json!({"runner_environment": null})));
    assert!(is_allowed(&lenient, &absent, "deploy"));
    let odd = workload("github", &with(github(), json!({"runner_environment": ["self-hosted"]})));
    assert!(!is_allowed(&lenient, &odd, "deploy"), "a wrong type matches in deny");
}

#[test]
fn a_deny_outside_a_role_wins_over_all_roles() {
    let text = format!("[[deny]]\nissuer = \"github\"\nrepository_id = \"123456789\"\n{DEPLOY}");
    let decision = ask(&policy(&text), &workload("github", &github()), "deploy");
    assert_eq!(reason(&decision), Some(DenialReason::DeniedByRule));
    assert!(is_allowed(&policy(&text), &workload("gitlab", &gitlab()), "deploy"));
}

#[test]
fn an_absent_role_or_policy_denies() {
    let job = workload("github", &github());
    assert_eq!(reason(&ask(&policy(DEPLOY), &job, "other")), Some(DenialReason::RoleUnknown));
    assert_eq!(reason(&ask(&policy(""), &job, "deploy")), Some(DenialReason::RoleUnknown));
    assert_eq!(reason(&ask(&policy(""), &job, "project")), Some(DenialReason::ProjectUnknown));
    assert_eq!(reason(&ask(&policy(""), &job, "admin")), Some(DenialReason::RoleUnknown));
}

fn triggered(policy: &str, event: &str) -> bool {
    is_allowed(
        &crate::kit::policy(policy),
        &workload("github", &with(github(), json!({"event_name": event}))),
        "r",
    )
}

fn role(condition: &str) -> String {
    format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n{condition}\n\
         [roles.r.grants.api]\naudience = \"https://api.example.com\"\nscopes = []\n"
    )
}

#[test]
fn a_review_event_must_be_named_and_an_untrusted_one_opened() {
    let (plain, named) = (role(""), role("event_name = [\"push\", \"pull_request\"]"));
    let covered = role("event_name = { glob = \"pull_*\" }");
    let opened = role("untrusted_triggers = true");
    let opened_named = role("event_name = \"pull_request_target\"\nuntrusted_triggers = true");
    for (policy, event, allowed) in [
        (&plain, "push", true),
        (&plain, "schedule", true),
        (&plain, "pull_request", false),
        (&plain, "pull_request_target", false),
        (&plain, "brand_new", false),
        (&named, "pull_request", true),
        (&named, "schedule", false),
        (&covered, "pull_request", false),
        (&covered, "pull_request_target", false),
        (&opened, "workflow_run", true),
        (&opened, "pull_request", false),
        (&opened_named, "pull_request_target", true),
        (&opened_named, "issue_comment", false),
    ] {
        assert_eq!(triggered(policy, event), allowed, "{event} with {policy}");
    }
}

#[test]
fn a_merge_request_of_a_fork_is_no_review() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"gitlab\"\nnamespace_id = [\"7\", \"666\"]\n\
                pipeline_source = \"merge_request_event\"\n[roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let policy = policy(text);
    let own = with(gitlab(), json!({"pipeline_source": "merge_request_event"}));
    assert!(is_allowed(&policy, &workload("gitlab", &own), "r"));
    let fork = with(own, json!({"project_id": "13", "namespace_id": "666"}));
    assert!(!is_allowed(&policy, &workload("gitlab", &fork), "r"));
}

#[test]
fn odd_claims_never_match_in_trust() {
    let policy = policy(&role("actor = \"prod\""));
    let is = |value: Value| {
        is_allowed(&policy, &workload("github", &with(github(), json!({"actor": value}))), "r")
    };
    assert!(is(json!("prod")));
    for value in [
        json!(null),
        json!(["prod"]),
        json!({"prod": 1}),
        json!(true),
        json!("Prod"),
        json!("prod "),
        json!("pro"),
    ] {
        assert!(!is(value.clone()), "{value}");
    }
}

#[test]
fn a_member_of_a_list_is_asked_for_with_contains() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"gitlab\"\nnamespace_id = \"7\"\ngroups_direct = { contains = \"octo/deployers\" }\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let policy = policy(text);
    let is = |value: Value| {
        is_allowed(&policy, &workload("gitlab", &with(gitlab(), json!({"groups_direct": value}))), "r")
    };
    assert!(is(json!(["x", "octo/deployers"])));
    for value in [
        json!(null),
        json!([]),
        json!(["octo/deployers2"]),
        json!("octo/deployers"),
        json!(["octo/deployers", 1]),
    ] {
        assert!(!is(value.clone()), "{value}");
    }
}

#[test]
fn an_extra_claim_is_reached_by_its_name() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"sso\"\nsub = \"me\"\nclaims.\"https://x.y/level\" = \"3\"\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let policy = policy(text);
    let is = |claims: Value| is_allowed(&policy, &workload("sso", &claims), "r");
    assert!(
        is(json!({"sub": "me", "https://x.y/level": "3"}))
            && is(json!({"sub": "me", "https://x.y/level": 3}))
    );
    for claims in [
        json!({"sub": "me"}),
        json!({"sub": "me", "https://x.y/level": 3.0}),
        json!({"sub": "you", "https://x.y/level": "3"}),
    ] {
        assert!(!is(claims.clone()), "{claims}");
    }
}

#[test]
fn tombstones_and_suspensions_hold_for_every_role() {
    let policy = policy(DEPLOY);
    let job = workload("github", &github());
    for (standing, deploy, project) in [
        (ProjectStanding::Unknown, None, Some(DenialReason::ProjectUnknown)),
        (ProjectStanding::Pending, None, Some(DenialReason::ProjectPending)),
        (ProjectStanding::Active, None, None),
        (
            ProjectStanding::Suspended,
            Some(DenialReason::ProjectSuspended),
            Some(DenialReason::ProjectSuspended),
        ),
        (ProjectStanding::Deleted, Some(DenialReason::ProjectDeleted), Some(DenialReason::ProjectDeleted)),
    ] {
        assert_eq!(reason(&decide(&job, &Ask { role: "deploy", standing }, &policy)), deploy, "{standing:?}");
        assert_eq!(
            reason(&decide(&job, &Ask { role: "project", standing }, &policy)),
            project,
            "{standing:?}"
        );
    }
}

#[test]
fn an_onboarded_project_has_its_pass_on_trusted_and_review_events() {
    let policy = policy("");
    let on = |event: &str| {
        let job = workload("github", &with(github(), json!({"event_name": event})));
        matches!(
            decide(&job, &Ask { role: "project", standing: ProjectStanding::Active }, &policy),
            Decision::Allow(_)
        )
    };
    assert!(on("push") && on("pull_request"));
    assert!(!on("pull_request_target") && !on("brand_new"));
}

#[test]
fn what_is_granted_is_the_least_of_all_bounds() {
    let text = |max: &str, ttl: &str| {
        format!(
            "[roles.r]\n{max}\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n\
             [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = [\"a\", \"repo:{{repository_id}}:write\"]\n{ttl}\n"
        )
    };
    for (max, ttl, usual, longest) in [
        ("", "", 900, 900),
        ("max_ttl = \"1h\"", "", 900, 3600),
        ("max_ttl = \"5m\"", "", 300, 300),
        ("max_ttl = \"1h\"", "ttl = \"30m\"", 1800, 1800),
        ("max_ttl = \"30m\"", "ttl = \"30m\"", 1800, 1800),
    ] {
        let decision = ask(&policy(&text(max, ttl)), &workload("github", &github()), "r");
        let Decision::Allow(allowance) = decision else { panic!("{decision:?}") };
        let api = allowance.api().unwrap();
        assert_eq!((api.ttl_seconds, api.max_ttl_seconds), (usual, longest), "{max} {ttl}");
        assert_eq!(api.scopes, ["a", "repo:123456789:write"]);
    }
}

#[test]
fn an_id_that_could_break_out_of_its_place_denies() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = [\"repo:{repository_id}:write\"]\n";
    for id in ["1:write other", "1/2", "*", "1 admin:x", "1\n", "ä", ".."] {
        let job = workload("github", &with(github(), json!({"repository_id": id})));
        assert_eq!(reason(&ask(&policy(text), &job, "r")), Some(DenialReason::GrantUnfillable), "{id:?}");
    }
}

#[test]
fn a_control_character_gets_nobody_past_a_deny() {
    let text = format!(
        "[[deny]]\nissuer = \"github\"\nref = {{ glob = \"refs/heads/untrusted/**\" }}\n{}",
        role("")
    );
    let policy = policy(&text);
    let on = |git_ref: &str| {
        is_allowed(&policy, &workload("github", &with(github(), json!({"ref": git_ref}))), "r")
    };
    assert!(on("refs/heads/main"));
    for git_ref in ["refs/heads/untrusted/x", "refs/heads/untrusted/\u{85}x", "refs/heads/\nuntrusted/x"] {
        assert!(!on(git_ref), "{git_ref:?}");
    }
}

#[test]
fn a_scope_is_judged_with_its_places_filled() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"sso\"\nsub = [\"dmin\", \"pi\"]\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = [\"a{sub}:x\"]\n";
    assert!(is_allowed(&policy(text), &workload("sso", &json!({"sub": "pi"})), "r"));
    let decision = ask(&policy(text), &workload("sso", &json!({"sub": "dmin"})), "r");
    assert_eq!(reason(&decision), Some(DenialReason::GrantUnfillable));
}
