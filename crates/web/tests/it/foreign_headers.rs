//! Headers by which somebody else's word would count: none of them does.

use daypass_store::AccountStatus;
use serde_json::json;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::{send, send_raw};

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

#[tokio::test]
async fn who_somebody_is_said_to_be_in_a_header_is_not_believed() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    for (name, value) in [
        ("X-Forwarded-User", "admin"),
        ("X-Remote-User", "admin"),
        ("X-Original-URL", "/v1.0/whoami"),
        ("X-Rewrite-URL", "/healthz"),
        ("X-Authorization", &format!("Bearer {token}")),
        ("X_Authorization", &format!("Bearer {token}")),
        ("Proxy-Authorization", &format!("Bearer {token}")),
        ("Cookie", &format!("Authorization=Bearer {token}; access_token={token}")),
        ("X-Amz-Security-Token", &token),
    ] {
        let answer = send(app.address, "GET", "/v1.0/auth/jwt", &[(name, value)], b"").await;
        assert_eq!((answer.status, answer.code()), (401, "credentials_missing".to_owned()), "{name}");
    }
    assert_eq!(app.exchange(&token, None).await.status, 200, "none of them used the token");
}

#[tokio::test]
async fn a_method_in_a_header_or_a_query_is_no_method() {
    let (kit, mut table, app) = start().await;
    let body = json!({"token": kit.honest(&mut table)}).to_string();
    for path in ["/v1.0/exchange", "/v1.0/exchange?_method=POST"] {
        let headers = [
            ("X-HTTP-Method-Override", "POST"),
            ("X-HTTP-Method", "POST"),
            ("X-Method-Override", "POST"),
            ("Content-Type", "application/json"),
        ];
        let answer = send(app.address, "GET", path, &headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    }
    assert_eq!(app.successes().await, 0);
}

#[tokio::test]
async fn a_foreign_host_is_in_no_answer() {
    let (kit, mut table, app) = start().await;
    let bad = kit.with(&mut table, &[("aud", Some(json!("x")))]);
    let paths = [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/v1.0/auth/jwt",
        "/readyz",
        "/nowhere",
    ];
    for path in paths {
        for header in [
            "X-Forwarded-Host: evil.example",
            "X-Host: evil.example",
            "Forwarded: host=evil.example;proto=https",
            "X-Forwarded-Proto: evil.example",
            "Referer: https://evil.example/",
        ] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n{header}\r\n\
                 Authorization: Bearer {bad}\r\n\r\n"
            );
            let answer = send_raw(app.address, request.as_bytes()).await.unwrap();
            let told = format!("{:?} {}", answer.headers, answer.body);
            assert!(answer.status < 500 && !told.contains("evil"), "{path} {header}: {told}");
        }
    }
}

#[tokio::test]
async fn no_other_origin_may_read_an_answer() {
    let (kit, mut table, app) = start().await;
    for origin in ["https://evil.example", "null", "http://pass.example.com.evil.example", "http://127.0.0.1"]
    {
        let bearer = format!("Bearer {}", kit.honest(&mut table));
        let simple = [("Origin", origin), ("Authorization", bearer.as_str())];
        let preflight = [("Origin", origin), ("Access-Control-Request-Method", "GET")];
        for (method, headers) in [("GET", simple), ("OPTIONS", preflight)] {
            let answer = send(app.address, method, "/v1.0/auth/jwt", &headers, b"").await;
            assert_eq!(answer.status, if method == "GET" { 200 } else { 405 });
            let told: Vec<_> =
                answer.headers.iter().filter(|(name, _)| name.starts_with("access-control")).collect();
            assert!(told.is_empty(), "{origin}: {told:?}");
        }
    }
}
