//! What is recorded, what is told to whom, and what is never written down.

use daypass_store::{AccountStatus, Outcome};
use serde_json::json;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};

const ROLES: &str = r#"
[roles.deploy]
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
repository_id       = "123456789"
ref                 = "refs/heads/main"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
"#;

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(ROLES).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

#[tokio::test]
async fn a_success_is_a_row_with_its_credential() {
    let (kit, mut table, app) = start().await;
    let answer = app.exchange(&kit.honest(&mut table), Some("deploy")).await;
    let id = answer.header("daypass-exchange-id").unwrap().to_owned();
    let records = app.records().await;
    assert_eq!(records.len(), 1);
    let record = app.app.store().ledger().show(records[0].id).await.unwrap().unwrap();
    assert_eq!((record.id.to_string(), record.outcome), (id, Outcome::Success));
    assert_eq!(
        (record.face.as_str(), record.issuer.as_deref(), record.role.as_deref()),
        ("seed", Some("main"), Some("deploy"))
    );
    assert_eq!(
        (record.repository_id.as_deref(), record.owner_id.as_deref()),
        (Some("123456789"), Some("65"))
    );
    assert_eq!((record.run_id.as_deref(), record.job.as_deref()), (Some("4283094502"), Some("77001")));
    let [credential] = record.credentials.as_slice() else { panic!("{record:?}") };
    assert_eq!(
        (credential.kind.as_str(), credential.audience.as_deref()),
        ("api", Some("https://api.example.com"))
    );
    assert!(record.trace.unwrap().contains("\"matches\":true"));
}

#[tokio::test]
async fn nothing_secret_is_in_the_database() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let pass = app.exchange(&token, None).await.body;
    app.exchange(&kit.honest(&mut table), Some("nothing")).await;
    app.records().await;
    let mut content = std::fs::read(app.database()).unwrap();
    content.extend(std::fs::read(app.database().with_extension("db-wal")).unwrap_or_default());
    let has = |needle: &str| content.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(has("octo-org/octo-repo"), "the records are where this test looks");
    for secret in [&token, &pass] {
        for part in secret.split('.').skip(1) {
            assert!(!has(part.get(..40).unwrap()), "a part of a token is in the database");
        }
    }
}

#[tokio::test]
async fn a_known_caller_sees_what_differs_and_a_stranger_cannot_tell_roles_apart() {
    let (kit, mut table, app) = start().await;
    let branch = kit.with(&mut table, &[("ref", Some(json!("refs/heads/feature")))]);
    let answer = app.exchange(&branch, Some("deploy")).await;
    let difference = json!([{"claim": "ref", "wanted": ["refs/heads/main"], "got": "refs/heads/feature"}]);
    assert_eq!((answer.status, &answer.json()["differences"]), (403, &difference));
    let stranger = [("repository_id", Some(json!("9"))), ("repository_owner_id", Some(json!("8")))];
    let mut told = Vec::new();
    for role in ["deploy", "absent"] {
        let token = kit.with(&mut table, &stranger);
        let answer = app.exchange(&token, Some(role)).await;
        let id = answer.header("daypass-exchange-id").unwrap().to_owned();
        told.push((answer.status, answer.body.replace(&id, "ID"), answer.headers.len()));
    }
    assert_eq!(told[0], told[1], "byte for byte");
    assert!(!told[0].1.contains("differences") && told[0].1.contains("not_allowed"));
}

#[tokio::test]
async fn refusals_of_named_owners_are_rows_and_those_of_strangers_are_sampled() {
    let (kit, mut table, app) = start().await;
    for _ in 0..25 {
        let token = kit.with(&mut table, &[("ref", Some(json!("refs/heads/feature")))]);
        assert_eq!(app.exchange(&token, Some("deploy")).await.status, 403);
    }
    assert_eq!(app.records().await.len(), 25);
    for _ in 0..25 {
        let stranger = [("repository_id", Some(json!("9"))), ("repository_owner_id", Some(json!("8")))];
        let token = kit.with(&mut table, &stranger);
        assert_eq!(app.exchange(&token, Some("deploy")).await.status, 403);
    }
    assert_eq!(app.records().await.len(), 25 + 10);
    for _ in 0..25 {
        assert_eq!(app.exchange("a.b.c", None).await.status, 401);
    }
    assert_eq!(app.records().await.len(), 25 + 10 + 10);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200, "and nobody is locked out");
}

#[tokio::test]
async fn the_operator_has_the_trace_that_the_caller_was_not_shown() {
    let (kit, mut table, app) = start().await;
    let stranger = [("repository_id", Some(json!("9"))), ("repository_owner_id", Some(json!("8")))];
    let answer = app.exchange(&kit.with(&mut table, &stranger), Some("deploy")).await;
    let records = app.records().await;
    assert_eq!(records[0].id.to_string(), answer.header("daypass-exchange-id").unwrap());
    let trace = records[0].trace.as_deref().unwrap();
    assert!(trace.contains("\"reason\":\"no_rule_matches\"") && trace.contains("\"got\":\"8\""), "{trace}");
    assert!(records[0].claims.as_deref().unwrap().contains("\"repository_id\":\"9\""));
}

#[tokio::test]
async fn hostile_text_in_claims_is_kept_escaped_and_shown_nowhere() {
    let (kit, mut table, app) = start().await;
    let hostile = "\u{1b}[31m<script>\r\nX-Evil: 1\u{0}::add-mask::";
    let token = kit.with(
        &mut table,
        &[("actor", Some(json!(hostile))), ("ref", Some(json!("refs/heads/x\r\nX-Evil: 1")))],
    );
    let answer = app.exchange(&token, Some("deploy")).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.header("x-evil").is_none()
            && !answer.body.contains('\u{1b}')
            && !answer.body.contains("\r\nX-Evil")
    );
    let claims = app.records().await[0].claims.clone().unwrap();
    assert!(claims.chars().all(|character| !character.is_control()), "{claims}");
}

#[tokio::test]
async fn the_operator_sees_which_issuer_was_claimed_and_which_are_registered() {
    let (kit, _, app) = start().await;
    let claimed = format!("{}/\u{1b}[31m", kit.main.url());
    let answer = app.exchange(&kit.evil.key().honest(&json!({"iss": claimed, "aud": "x"})), None).await;
    assert_eq!(answer.code(), "issuer_unknown");
    assert!(!answer.body.contains(kit.main.url()), "the caller is not told what is registered");
    let detail = app.records().await[0].detail.clone().unwrap();
    let wanted = format!("claimed, not verified: \"{0}/\\u{{1b}}[31m\"; registered: {0}", kit.main.url());
    assert_eq!(detail, wanted);
}
