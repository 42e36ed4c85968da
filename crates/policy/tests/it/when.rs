//! `when`: what an expression lets in and keeps out, and what happens where it has no answer.

use daypass_policy::{Decision, DenialReason};
use serde_json::json;

use crate::kit::{ask, file, github, gitlab, is_allowed, load, policy, with, workload};

const GRANT: &str = "[roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";

fn trusting(when: &str) -> daypass_policy::Policy {
    policy(&format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\nwhen = {when:?}\n{GRANT}"
    ))
}

fn denying(when: &str) -> daypass_policy::Policy {
    policy(&format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n\
         [[roles.r.deny]]\nissuer = \"github\"\nwhen = {when:?}\n{GRANT}"
    ))
}

#[test]
fn an_expression_lets_in_what_it_says_and_nothing_else() {
    let policy = trusting("claims.actor == 'octocat' && claims.ref.startsWith('refs/heads/')");
    assert!(is_allowed(&policy, &workload("github", &github()), "r"));
    for change in [
        json!({ "actor": "someone" }),
        json!({ "actor": null }),
        json!({ "actor": 1 }),
        json!({ "actor": ["octocat"] }),
        json!({ "ref": "refs/tags/main" }),
        json!({ "repository_owner_id": "66" }),
    ] {
        assert!(!is_allowed(&policy, &workload("github", &with(github(), change.clone())), "r"), "{change}");
    }
}

#[test]
fn an_expression_without_an_answer_is_no_match_in_trust_and_a_match_in_deny() {
    for (when, change) in [
        ("claims.environment == 'prod'", json!({})),
        ("claims.environment != 'prod'", json!({})),
        ("claims.actor != 'someone'", json!({ "actor": ["octocat"] })),
        ("claims['x.y'] == 'a'", json!({})),
        ("claims['x.y'].z == 'a'", json!({ "x.y": "a" })),
        ("int(claims.ref) > 1", json!({})),
        ("claims.run_attempt", json!({})),
        ("int(claims.run_attempt) < 'a'", json!({})),
        ("int(claims.run_number) > 1", json!({ "run_number": "99999999999999999999999" })),
        ("claims.run_attempt in claims.ref", json!({})),
    ] {
        let workload = workload("github", &with(github(), change));
        assert!(!is_allowed(&trusting(when), &workload, "r"), "trust: {when}");
        assert!(!is_allowed(&denying(when), &workload, "r"), "deny: {when}");
        let unsure = format!("{when} || claims.ref == 'refs/heads/main'");
        if when.contains("environment") {
            assert!(
                is_allowed(&trusting(&unsure), &workload, "r"),
                "an error is overruled by a yes: {unsure}"
            );
        }
    }
}

#[test]
fn a_deny_expression_keeps_out_what_it_says_and_lets_the_rest_pass() {
    let policy = denying("has(claims.environment) && claims.environment == 'lab'");
    assert!(is_allowed(&policy, &workload("github", &github()), "r"));
    let lab = workload("github", &with(github(), json!({ "environment": "lab" })));
    let Decision::Deny(denial) = ask(&policy, &lab, "r") else { panic!("the deny block is passed over") };
    assert_eq!(denial.reason, DenialReason::DeniedByRule);
    let prod = workload("github", &with(github(), json!({ "environment": "prod" })));
    assert!(is_allowed(&policy, &prod, "r"));
}

#[test]
fn a_global_deny_expression_wins_over_every_role() {
    let text = format!(
        "[[deny]]\nissuer = \"gitlab\"\nwhen = \"'octo/readers' in claims.groups_direct\"\n\
         [roles.r]\n[[roles.r.trust]]\nissuer = \"gitlab\"\nnamespace_id = \"7\"\n{GRANT}"
    );
    let policy = policy(&text);
    assert!(!is_allowed(&policy, &workload("gitlab", &gitlab()), "r"));
    let other = with(gitlab(), json!({ "groups_direct": ["octo/deployers"] }));
    assert!(is_allowed(&policy, &workload("gitlab", &other), "r"));
}

#[test]
fn the_trace_holds_the_expression_and_what_it_tests_counts_as_tested() {
    let policy = trusting("claims.run_attempt == '2'");
    let decision = ask(&policy, &workload("github", &github()), "r");
    let tested = decision.trace().blocks[0].conditions.last().unwrap().clone();
    assert_eq!((tested.claim.as_str(), tested.holds), ("when", false));
    assert_eq!(
        (tested.wanted, tested.got),
        (vec!["claims.run_attempt == '2'".to_owned()], Some("false".to_owned()))
    );
    assert!(decision.tested_claims().contains("run_attempt"));
    assert!(!policy.role("r").unwrap().is_fully_linted());
    assert_eq!(policy.not_fully_linted().collect::<Vec<_>>(), ["r"]);
}

#[test]
fn a_fault_in_an_expression_is_told_with_its_place() {
    let faults = |when: &str| {
        let text = format!(
            "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\nwhen = {when}\n{GRANT}"
        );
        load(&[file("roles.toml", &text)]).expect_err(when)
    };
    let all: Vec<String> = [
        "\"claims.run_attmpt == '1'\"",
        "\"claims.custom == '1'\"",
        "'claims.ref.matches(\"x\")'",
        "\"claims.ref == \"",
        "\"claims.ref == now\"",
        "\"true\"",
        "true",
        "\"\\u0063laims.run_attmpt == '1'\"",
    ]
    .map(faults)
    .into();
    insta::assert_snapshot!(all.join("\n"));
}
