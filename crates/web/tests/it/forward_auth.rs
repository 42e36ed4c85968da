//! `GET /v1.0/verify`: what a proxy is told that asks whether a request may pass.

use daypass_store::AccountStatus;
use serde_json::json;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp, claims_of};
use crate::support::http::Answer;

const ROLES: &str = r#"
[roles.deploy]
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write", "releases:read"]
"#;

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(ROLES).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

async fn verify(app: &TestApp, query: &str, bearer: Option<&str>) -> Answer {
    app.get(&format!("/v1.0/verify{query}"), bearer).await
}

#[tokio::test]
async fn a_pass_for_the_audience_is_told_as_headers() {
    let (kit, mut table, app) = start().await;
    let pass = app.exchange(&kit.honest(&mut table), Some("deploy")).await.body;
    let claims = claims_of(&pass);
    let answer = verify(&app, "?audience=https%3A%2F%2Fapi.example.com", Some(&pass)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for (header, value) in [
        ("daypass-subject", "role:deploy"),
        ("daypass-client-id", "main:123456789"),
        ("daypass-role", "deploy"),
        ("daypass-scope", "releases:write releases:read"),
        ("daypass-credential-id", claims["jti"].as_str().unwrap()),
        ("daypass-exchange-id", claims["exchange"].as_str().unwrap()),
        ("daypass-expires-at", &claims["exp"].to_string()),
        ("daypass-account-id", claims["account"]["id"].as_str().unwrap()),
        ("daypass-account-external-id", "65"),
        ("daypass-account-tenant", "acme"),
        ("daypass-project-id", claims["project"]["id"].as_str().unwrap()),
        ("daypass-project-external-id", "123456789"),
        ("daypass-project-path", "octo-org/octo-repo"),
        ("daypass-run-id", "4283094502"),
        ("daypass-run-attempt", "1"),
        ("daypass-run-job", "77001"),
        ("daypass-run-event", "push"),
        ("daypass-run-ref", "refs/heads/main"),
        ("daypass-run-sha", "0123456789abcdef0123456789abcdef01234567"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header}");
    }
    assert_eq!(answer.header("daypass-run-environment"), None, "what the token does not say is no header");
}

#[tokio::test]
async fn a_pass_for_another_audience_or_none_is_refused_and_an_audience_must_be_named() {
    let (kit, mut table, app) = start().await;
    let identity = kit.honest(&mut table);
    let pass = app.exchange(&kit.honest(&mut table), Some("deploy")).await.body;
    let own = "?audience=https://api.example.com";
    for (query, bearer, status, code) in [
        ("", Some(&pass), 400, "request_invalid"),
        ("?audience=", Some(&pass), 400, "request_invalid"),
        (
            "?audience=https://api.example.com&audience=https://api.example.com",
            Some(&pass),
            400,
            "request_invalid",
        ),
        ("?audience=https://api.example.com&token=x", Some(&pass), 400, "request_invalid"),
        ("?audience=https://other.example.com", Some(&pass), 401, "pass_for_another_audience"),
        ("?audience=https://api.example.com/", Some(&pass), 401, "pass_for_another_audience"),
        ("?audience=*", Some(&pass), 401, "pass_for_another_audience"),
        (own, None, 401, "credentials_missing"),
        (own, Some(&identity), 401, "pass_invalid"),
        (own, Some(&format!("{pass}A")), 401, "pass_invalid"),
    ] {
        let answer = verify(&app, query, bearer.map(String::as_str)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{query}");
        assert!(answer.header("daypass-subject").is_none());
    }
    assert_eq!(verify(&app, own, Some(&pass)).await.status, 200);
}

#[tokio::test]
async fn what_cannot_stand_in_a_header_as_it_is_is_left_out() {
    let (kit, mut table, app) = start().await;
    for hostile in
        ["refs/heads/a\r\nDaypass-Role: admin", "refs/heads/\u{e9}", " refs/heads/x", &"r".repeat(600)]
    {
        let token = kit.with(&mut table, &[("ref", Some(json!(hostile)))]);
        let exchanged = app.exchange(&token, Some("deploy")).await;
        assert_eq!(exchanged.status, 200, "{}", exchanged.body);
        let answer = verify(&app, "?audience=https://api.example.com", Some(&exchanged.body)).await;
        assert_eq!((answer.status, answer.header("daypass-role")), (200, Some("deploy")));
        assert_eq!(answer.header("daypass-run-ref"), None, "{hostile:?}");
        assert_eq!(answer.headers.iter().filter(|(name, _)| name == "daypass-role").count(), 1);
    }
}
