//! What each face says in its own protocol.

use daypass_store::AccountStatus;
use serde_json::{Value, json};

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::{Answer, send};

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

async fn form(app: &TestApp, pairs: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    send(app.address, "POST", "/oauth2/token", &headers, body.as_bytes()).await
}

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const TYPE: (&str, &str) = ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token");

#[tokio::test]
async fn the_seed_face_gives_the_pass_as_text_so_that_a_shell_can_take_it() {
    let (kit, mut table, app) = start().await;
    for method in ["GET", "POST"] {
        let bearer = format!("Bearer {}", kit.honest(&mut table));
        let answer = send(app.address, method, "/v1.0/auth/jwt", &[("Authorization", &bearer)], b"").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
        assert_eq!(answer.body.split('.').count(), 3);
        assert!(!answer.body.ends_with('\n'));
    }
}

#[tokio::test]
async fn the_seed_face_gives_json_to_who_asks_for_it() {
    let (kit, mut table, app) = start().await;
    let bearer = format!("Bearer {}", kit.honest(&mut table));
    let headers = [("Authorization", bearer.as_str()), ("Accept", "application/json")];
    let answer = send(app.address, "GET", "/v1.0/auth/jwt", &headers, b"").await;
    let body = answer.json();
    assert_eq!(body["issued_token_type"], json!("urn:ietf:params:oauth:token-type:access_token"));
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(900), &json!("config:read"))
    );
    assert_eq!(body["exchange_id"].as_str(), answer.header("daypass-exchange-id"));
}

#[tokio::test]
async fn head_never_exchanges() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let bearer = format!("Bearer {token}");
    let head = send(app.address, "HEAD", "/v1.0/auth/jwt", &[("Authorization", &bearer)], b"").await;
    assert_eq!((head.status, head.header("allow")), (405, Some("GET, POST")));
    assert_eq!(app.exchange(&token, None).await.status, 200, "the token was not spent");
}

#[tokio::test]
async fn the_whole_envelope_of_github_is_answered_with_the_missing_jq() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let envelope = json!({"count": 1, "value": token}).to_string();
    let answer = app.exchange(&envelope, None).await;
    assert_eq!((answer.status, answer.code()), (401, "token_is_envelope".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("| jq -r .value"), "{}", answer.body);
    assert!(!answer.body.contains(token.split('.').nth(1).unwrap().get(..20).unwrap()));
    assert_eq!(app.exchange(&token, None).await.status, 200);
}

#[tokio::test]
async fn a_token_in_a_url_is_refused_and_never_used() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    for path in [format!("/v1.0/auth/jwt?access_token={token}"), format!("/v1.0/auth/jwt?token={token}")] {
        let answer = app.get(&path, None).await;
        assert_eq!((answer.status, answer.code()), (400, "request_invalid".to_owned()));
        assert!(!answer.body.contains(&token));
    }
    assert_eq!(app.exchange(&token, None).await.status, 200);
}

#[tokio::test]
async fn the_oauth_face_answers_as_rfc_8693_says() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let answer = form(&app, &[GRANT, TYPE, ("subject_token", &token)]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let mut names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    names.sort();
    let wanted = ["access_token", "exchange_id", "expires_in", "issued_token_type", "scope", "token_type"];
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn an_assertion_is_exchanged_as_rfc_7523_says_and_only_once_whatever_the_grant() {
    let (kit, mut table, app) = start().await;
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let token = kit.honest(&mut table);
    let assertion = ("assertion", token.as_str());
    let answer = form(&app, &[grant, assertion, ("scope", "config:read")]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("config:read")));
    assert_eq!(app.get("/v1.0/config", body["access_token"].as_str()).await.status, 200);
    for again in [&[grant, assertion][..], &[GRANT, TYPE, ("subject_token", &token)]] {
        let answer = form(&app, again).await;
        assert_eq!((answer.status, answer.code()), (400, "token_already_used".to_owned()));
    }
    let fresh = kit.honest(&mut table);
    let fresh = ("assertion", fresh.as_str());
    for (pairs, error) in [
        (vec![grant], "invalid_request"),
        (vec![grant, ("subject_token", fresh.1), TYPE], "invalid_request"),
        (vec![GRANT, TYPE, fresh], "invalid_request"),
        (vec![grant, fresh, fresh], "invalid_request"),
        (vec![grant, assertion], "invalid_grant"),
        (vec![grant, ("assertion", "x")], "invalid_grant"),
        (vec![grant, fresh, ("role", "absent")], "invalid_grant"),
        (vec![grant, fresh, ("scope", "config:write")], "invalid_scope"),
        (vec![grant, fresh, ("audience", "https://evil.example")], "invalid_target"),
        (
            vec![grant, fresh, ("audience", "https://a.example"), ("resource", "https://b.example")],
            "invalid_target",
        ),
    ] {
        let answer = form(&app, &pairs).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(error)), "{pairs:?}");
    }
    assert_eq!(form(&app, &[grant, fresh]).await.status, 200, "no refusal has used it");
}

#[tokio::test]
async fn a_form_that_is_no_token_exchange_is_told_why() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let subject = ("subject_token", token.as_str());
    for (pairs, error) in [
        (vec![], "invalid_request"),
        (vec![TYPE, subject], "invalid_request"),
        (vec![("grant_type", "client_credentials"), TYPE, subject], "unsupported_grant_type"),
        (vec![GRANT, GRANT, TYPE, subject], "invalid_request"),
        (vec![GRANT, subject], "invalid_request"),
        (vec![GRANT, TYPE], "invalid_request"),
        (vec![GRANT, TYPE, subject, subject], "invalid_request"),
        (
            vec![GRANT, ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), subject],
            "invalid_request",
        ),
        (
            vec![GRANT, TYPE, subject, ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2")],
            "invalid_request",
        ),
        (vec![GRANT, TYPE, subject, ("actor_token", "x")], "invalid_request"),
    ] {
        let answer = form(&app, &pairs).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{pairs:?}");
    }
    let answer = form(&app, &[GRANT, TYPE, subject]).await;
    assert_eq!(answer.status, 200, "none of them spent the token");
}

#[tokio::test]
async fn bodies_of_another_kind_are_refused() {
    let (_, _, app) = start().await;
    for (path, content_type, body, status) in [
        ("/oauth2/token", Some("application/json"), &b"{}"[..], 415),
        ("/oauth2/token", None, b"a=b", 415),
        ("/oauth2/token", Some("application/x-www-form-urlencoded"), b"grant_type=%zz", 400),
        ("/oauth2/token", Some("application/x-www-form-urlencoded"), b"grant_type=\xff", 400),
        ("/v1.0/exchange", Some("text/plain"), b"{}", 415),
        ("/v1.0/exchange", None, b"{}", 415),
        ("/v1.0/exchange", Some("application/json"), b"", 400),
        ("/v1.0/exchange", Some("application/json"), b"{}", 400),
        ("/v1.0/exchange", Some("application/json"), b"[]", 400),
        ("/v1.0/exchange", Some("application/json"), b"{\"token\":1}", 400),
        ("/v1.0/exchange", Some("application/json"), b"{\"token\":\"a\",\"token\":\"b\"}", 400),
        ("/v1.0/exchange", Some("application/json"), b"{\"token\":\"a\",\"rol\":\"b\"}", 400),
        ("/v1.0/exchange", Some("application/json"), b"{\"token\":\"a\"} x", 400),
        ("/v1.0/exchange", Some("application/json"), b"{\"token\":\"\xff\"}", 400),
    ] {
        let headers: Vec<(&str, &str)> = content_type.iter().map(|value| ("Content-Type", *value)).collect();
        let answer = send(app.address, "POST", path, &headers, body).await;
        assert_eq!(answer.status, status, "{path} {content_type:?} {body:?}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn an_emulated_token_is_refused_by_a_server_that_others_can_reach() {
    let kit = Kit::start().await;
    let mut table = Table::default();
    for (is_reachable, status) in [(false, 200), (true, 401)] {
        let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
        let setup = if is_reachable { setup.reachable_from_elsewhere() } else { setup };
        let app = setup.start().await;
        app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
        for mark in [json!(true), json!(false), Value::Null, json!("x")] {
            let token = kit.with(&mut table, &[("daypass_emulated", Some(mark.clone()))]);
            let answer = app.exchange(&token, None).await;
            assert_eq!(answer.status, status, "{mark}");
        }
        assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_document() {
    let (kit, mut table, app) = start().await;
    let token = kit.with(&mut table, &[("repository_id", Some(json!("9")))]);
    let answer = app.exchange(&token, None).await;
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("application/problem+json")));
    let body = answer.json();
    assert_eq!((&body["type"], &body["status"]), (&json!("urn:daypass:refusal:not_allowed"), &json!(403)));
    for member in ["title", "detail", "code", "error", "hint", "exchange_id"] {
        assert!(body[member].is_string(), "{member}: {}", answer.body);
    }
    assert!(body["hint"].as_str().unwrap().contains("daypass project add"));
}
