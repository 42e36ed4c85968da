//! What holds of every policy: whatever is added to narrow it never lets in more.

use std::collections::BTreeMap;

use daypass_jose::Object;
use daypass_policy::{Ask, Lint, Policy, PolicyContext, ProjectStanding, Supposition};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kit::{context, file, github, with};

pub(crate) const CONDITIONS: [&str; 12] = [
    "repository_owner_id = \"65\"",
    "repository_id = [\"123456789\", \"7\"]",
    "ref = { glob = \"refs/heads/*\" }",
    "ref_type = \"branch\"",
    "environment = [\"prod\", { glob = \"stag**\" }]",
    "event_name = [\"push\", \"pull_request\"]",
    "runner_environment = \"github-hosted\"",
    "claims.\"x.y\" = \"1\"",
    "claims.list = { contains = \"a\" }",
    "when = \"claims.ref.endsWith('main') || claims.environment == 'prod'\"",
    "when = \"claims['x.y'] != '2'\"",
    "actor = { glob = \"octo*\" }",
];

/// Every lint allowed, so that policies of all kinds are compiled.
pub(crate) fn allowing() -> PolicyContext {
    let mut context = context();
    context.allowed =
        Lint::ALL.into_iter().map(|lint| (lint, "a test".to_owned())).collect::<BTreeMap<_, _>>();
    context
}

/// A block of conditions; of several with one key, the first.
fn block(head: &str, conditions: &[usize]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for condition in conditions.iter().map(|at| CONDITIONS[*at]) {
        if !lines.iter().any(|line| line.split(' ').next() == condition.split(' ').next()) {
            lines.push(condition);
        }
    }
    format!("{head}\nissuer = \"github\"\n{}\n", lines.join("\n"))
}

pub(crate) fn policy(trust: &[usize], deny: Option<(&str, &[usize], &str)>) -> Policy {
    let grant = "[roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let deny = deny.map_or_else(String::new, |(head, conditions, absent)| {
        block(&format!("{head}\nabsent = \"{absent}\""), conditions)
    });
    let text = format!("{deny}[roles.r]\n{}{grant}", block("[[roles.r.trust]]", trust));
    let text = if deny.starts_with("[[deny]]") { text } else { text.replacen(&deny, "", 1) + &deny };
    Policy::load(&[file("r.toml", &text)], &allowing())
        .unwrap_or_else(|faults| panic!("{text}\n{faults:?}"))
        .0
}

fn lets_in(policy: &Policy, claims: &Value) -> bool {
    let context = allowing();
    let claims = Object::parse(claims.to_string().as_bytes()).unwrap();
    let Ok(job) = Supposition::new(claims, context.issuer("github").unwrap()) else { return false };
    job.decide(&Ask { role: "r", standing: ProjectStanding::Unknown }, policy).reason.is_none()
}

/// A job with claims that are as they should be, absent, or odd.
fn job() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!("prod")),
        Just(json!("staging")),
        Just(json!("1")),
        Just(json!(1)),
        Just(json!(["a"])),
        Just(json!({ "a": "b" })),
        Just(json!("refs/heads/main")),
        Just(json!("a\u{1}b")),
        Just(json!("octocat")),
        Just(json!(true)),
    ];
    let claims = prop::sample::select(vec![
        "environment",
        "ref_type",
        "runner_environment",
        "x.y",
        "list",
        "actor",
        "event_name",
        "repository_owner_id",
    ]);
    prop::collection::vec((claims, odd), 0..6).prop_map(|changes| {
        let changes: serde_json::Map<String, Value> =
            changes.into_iter().map(|(claim, value)| (claim.to_owned(), value)).collect();
        with(github(), Value::Object(changes))
    })
}

pub(crate) fn conditions() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..CONDITIONS.len(), 0..3)
}

proptest! {
    #[test]
    fn a_condition_more_never_lets_in_more(trust in conditions(), more in 0..CONDITIONS.len(), job in job()) {
        let mut narrower = trust.clone();
        narrower.push(more);
        prop_assert!(lets_in(&policy(&trust, None), &job) || !lets_in(&policy(&narrower, None), &job));
    }

    #[test]
    fn a_deny_block_more_never_lets_in_more(
        trust in conditions(), deny in conditions(), job in job(),
        head in prop::sample::select(vec!["[[deny]]", "[[roles.r.deny]]"]),
        absent in prop::sample::select(vec!["deny", "allow"]),
    ) {
        let narrower = policy(&trust, Some((head, &deny, absent)));
        prop_assert!(lets_in(&policy(&trust, None), &job) || !lets_in(&narrower, &job));
    }

    #[test]
    fn who_meets_a_block_of_trust_is_stopped_by_the_same_block_as_deny(trust in conditions(), job in job()) {
        let both = policy(&trust, Some(("[[deny]]", &trust, "allow")));
        prop_assert!(!lets_in(&both, &job));
    }
}
