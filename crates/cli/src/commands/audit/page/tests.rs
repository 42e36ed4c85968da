//! Pages as a person reads them, one of each kind.

use daypass_client::is_obeyed;
use daypass_jose::ids::{CredentialId, ExchangeId};
use daypass_jose::{Random, Timestamp};

use super::*;

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

const NOW: i64 = 1_795_512_600_000;

fn at(seconds_ago: i64) -> Timestamp {
    Timestamp::from_millis(NOW).plus_seconds(seconds_ago.saturating_neg())
}

/// A record of somebody whose token was not verified.
fn unverified(seconds_ago: i64) -> ExchangeRecord {
    let at = at(seconds_ago);
    ExchangeRecord {
        role: Some("deploy".to_owned()),
        issuer: Some("github".to_owned()),
        ..ExchangeRecord::new(ExchangeId::new(at, &Zeros), at, "native", "192.0.2.1")
    }
}

fn verified(seconds_ago: i64) -> ExchangeRecord {
    let text = |text: &str| Some(text.to_owned());
    ExchangeRecord {
        repository_id: text("123456789"),
        repository: text("octo-org/octo-repo"),
        owner_id: text("65"),
        owner: text("octo-org"),
        run_id: text("30433642"),
        job: text("deploy"),
        event: text("push"),
        git_ref: text("refs/heads/fix"),
        policy_version: text("5b1c"),
        claims: text(r#"{"sub":"repo:octo-org/octo-repo:ref:refs/heads/fix","jti":"7f3c"}"#),
        ..unverified(seconds_ago)
    }
}

fn refused(code: &str, trace: Option<&str>) -> ExchangeRecord {
    let trace = trace.map(ToOwned::to_owned);
    ExchangeRecord { code: Some(code.to_owned()), trace, detail: Some("in words".to_owned()), ..verified(90) }
}

fn condition(claim: &str, wanted: &str, got: Option<&str>, holds: bool) -> Value {
    serde_json::json!({"claim": claim, "wanted": [wanted], "got": got, "holds": holds})
}

fn block(effect: &str, line: usize, matches: bool, conditions: &[Value]) -> Value {
    serde_json::json!({
        "effect": effect, "file": "deploy.toml", "line": line, "issuer": "github", "matches": matches,
        "conditions": conditions,
    })
}

fn trace(reason: Option<&str>, blocks: &[Value]) -> String {
    serde_json::json!({"role": "deploy", "standing": "active", "reason": reason, "blocks": blocks})
        .to_string()
}

fn plain(exchange: ExchangeRecord, first_use: Option<ExchangeRecord>) -> String {
    let page = Page { exchange, elsewhere: None, first_use, now: Timestamp::from_millis(NOW) };
    anstream::adapter::strip_str(&page.to_string()).to_string()
}

fn owner() -> Value {
    condition("repository_owner_id", "65", Some("65"), true)
}

#[test]
fn a_success_says_what_it_got_and_which_block_let_it_in() {
    let main = condition("ref", "refs/heads/*", Some("refs/heads/fix"), true);
    let deny = condition("runner_environment", "self-hosted", Some("github-hosted"), false);
    let blocks = [block("deny", 9, false, &[deny]), block("trust", 3, true, &[owner(), main])];
    let credential = CredentialRecord {
        id: CredentialId::new(at(90), &Zeros),
        kind: "api".to_owned(),
        audience: Some("https://api.example.com".to_owned()),
        scopes: vec!["releases:write".to_owned()],
        expires_at: at(-810),
        key_id: Some("kid".to_owned()),
    };
    insta::assert_snapshot!(plain(
        ExchangeRecord {
            outcome: Outcome::Success,
            trace: Some(trace(None, &blocks)),
            credentials: vec![credential],
            ..verified(90)
        },
        None
    ));
}

#[test]
fn a_refusal_by_one_claim_shows_that_claim() {
    let main = condition("ref", "refs/heads/main", Some("refs/heads/fix"), false);
    let trace = trace(Some("no_rule_matches"), &[block("trust", 3, false, &[owner(), main])]);
    insta::assert_snapshot!(plain(refused("not_allowed", Some(&trace)), None));
}

#[test]
fn a_refusal_by_several_blocks_shows_the_nearest_first() {
    let main = condition("ref", "refs/heads/main", Some("refs/heads/fix"), false);
    let environment = condition("environment", "production", None, false);
    let blocks = [
        block("deny", 20, false, &[condition("event_name", "fork", Some("push"), false)]),
        block("trust", 3, false, &[owner(), main.clone(), environment.clone()]),
        serde_json::json!({"effect": "trust", "file": "[projects]", "line": 1, "issuer": "gitlab", "matches": false,
            "conditions": []}),
        block("trust", 12, false, &[owner(), environment]),
    ];
    let trace = trace(Some("no_rule_matches"), &blocks);
    insta::assert_snapshot!(plain(refused("not_allowed", Some(&trace)), None));
}

#[test]
fn a_refusal_by_a_deny_block_shows_what_it_denies() {
    let hosted = condition("runner_environment", "self-hosted", Some("self-hosted"), true);
    let blocks = [block("trust", 3, true, &[owner()]), block("deny", 9, true, &[hosted])];
    let trace = trace(Some("denied_by_rule"), &blocks);
    insta::assert_snapshot!(plain(refused("not_allowed", Some(&trace)), None));
}

#[test]
fn a_role_that_is_not_there_is_said_so() {
    let trace = trace(Some("role_unknown"), &[]);
    insta::assert_snapshot!(plain(refused("not_allowed", Some(&trace)), None));
}

#[test]
fn a_token_that_was_used_twice_shows_both_addresses() {
    let first = ExchangeRecord { source: "198.51.100.7".to_owned(), ..verified(102) };
    let exchange = ExchangeRecord {
        detail: Some(format!("spent by exchange `{}` from `198.51.100.7` at {}", first.id, first.at)),
        trace: Some(trace(None, &[block("trust", 3, true, &[owner()])])),
        ..refused("token_already_used", None)
    };
    insta::assert_snapshot!(plain(exchange, Some(first)));
}

#[test]
fn a_token_that_was_not_verified_names_nobody() {
    let exchange = ExchangeRecord {
        code: Some("signature_invalid".to_owned()),
        detail: Some("the signature is not that of the key".to_owned()),
        ..unverified(90)
    };
    insta::assert_snapshot!(plain(exchange, None));
}

#[test]
fn nothing_that_a_stranger_wrote_reaches_the_terminal_raw() {
    const EVIL: &str = "\u{1b}[31mred\n::add-mask::\u{202e}\u{9b}2J\u{7f}";
    let evil = || Some(EVIL.to_owned());
    let claims = serde_json::json!({ EVIL: EVIL, "list": [EVIL] }).to_string();
    let conditions = [condition(EVIL, EVIL, Some(EVIL), false), condition(EVIL, EVIL, Some(EVIL), true)];
    for trace in [trace(Some(EVIL), &[block("trust", 3, false, &conditions)]), EVIL.to_owned()] {
        let exchange = ExchangeRecord {
            face: EVIL.to_owned(),
            code: evil(),
            detail: evil(),
            issuer: evil(),
            role: evil(),
            repository_id: evil(),
            repository: evil(),
            owner_id: evil(),
            owner: evil(),
            run_id: evil(),
            job: evil(),
            event: evil(),
            git_ref: evil(),
            source: EVIL.to_owned(),
            policy_version: evil(),
            claims: Some(claims.clone()),
            trace: Some(trace),
            ..verified(90)
        };
        let page = Page {
            first_use: Some(ExchangeRecord { source: EVIL.to_owned(), ..verified(102) }),
            elsewhere: evil(),
            now: at(0),
            exchange,
        };
        let shown = page.to_string();
        // The page's own colours have no other letter than `m`, and are not those of the claim.
        let of_page =
            shown.split('\u{1b}').skip(1).all(|part| part.starts_with('[') && !part.starts_with("[31mred"));
        assert!(of_page, "{shown:?}");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        let lines_are_its_own = plain.lines().all(|line| !line.starts_with("::"));
        let obeyed = plain.chars().find(|character| *character != '\n' && is_obeyed(*character));
        assert!(lines_are_its_own && obeyed.is_none(), "{obeyed:?} {plain}");
    }
}
