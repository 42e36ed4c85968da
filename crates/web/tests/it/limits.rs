//! A source beyond its number of refusals is told to wait, and no honest job with it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use daypass_store::AccountStatus;
use daypass_web::{Limits, Peer, Web, router};
use serde_json::json;
use tower::ServiceExt as _;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::Setup;

/// The router without a socket: a test has no peer but loopback, which is not counted.
async fn from(router: &axum::Router, peer: &str, token: &str) -> Response {
    let peer: IpAddr = peer.parse().unwrap();
    let request =
        Request::get("/v1.0/auth/jwt").header("Host", "x").header("Authorization", format!("Bearer {token}"));
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(peer));
    router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_source_beyond_its_number_is_rate_limited_and_its_good_tokens_are_not() {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    let limits = Limits { failures_per_minute_per_source: 3 };
    let router = router(Arc::new(Web::new(Arc::clone(&app.app), limits)));
    let mut table = Table::default();
    for _ in 0..3 {
        assert_eq!(from(&router, "203.0.113.5", "a.b.c").await.status(), 401);
    }
    let limited = from(&router, "203.0.113.5", "a.b.c").await;
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "60"));
    let body = axum::body::to_bytes(limited.into_body(), 4096).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("\"rate_limited\""));
    assert_eq!(from(&router, "203.0.113.5", &kit.honest(&mut table)).await.status(), 200);
    assert_eq!(from(&router, "203.0.113.6", "a.b.c").await.status(), 401);
}

#[tokio::test]
async fn who_is_told_to_wait_is_told_in_the_words_of_the_protocol() {
    let app = Setup::new().start().await;
    let limits = Limits { failures_per_minute_per_source: 1 };
    let router = router(Arc::new(Web::new(Arc::clone(&app.app), limits)));
    for (path, kind, media_type) in [
        ("/oauth2/token", "application/x-www-form-urlencoded", "application/json"),
        ("/v1.0/exchange", "application/json", "application/problem+json"),
    ] {
        let mut last = None;
        for _ in 0..2 {
            let request = Request::post(path).header("Host", "x").header("Content-Type", kind);
            let mut request = request.body(Body::from("nonsense")).unwrap();
            request.extensions_mut().insert(Peer("203.0.113.5".parse().unwrap()));
            last = Some(router.clone().oneshot(request).await.unwrap());
        }
        let limited = last.unwrap();
        assert_eq!(
            (limited.status().as_u16(), &limited.headers()["retry-after"]),
            (429, &HeaderValue::from(60))
        );
        assert_eq!(limited.headers()["content-type"], media_type);
        assert_eq!(limited.headers()["cache-control"], "no-store");
        let body = axum::body::to_bytes(limited.into_body(), 4096).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&body["code"], &body["error"]),
            (&json!("rate_limited"), &json!("temporarily_unavailable"))
        );
        assert_eq!(body["error_description"].is_string(), path == "/oauth2/token", "{body}");
    }
}

#[tokio::test]
async fn a_connection_that_a_refusal_would_close_is_closed_beyond_the_limit_too() {
    let app = Setup::new().start().await;
    let limits = Limits { failures_per_minute_per_source: 1 };
    let router = router(Arc::new(Web::new(Arc::clone(&app.app), limits)));
    for status in [400, 429] {
        let request = Request::get("/healthz").header("Host", "x").header("Host", "y");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer("203.0.113.5".parse().unwrap()));
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["connection"]),
            (status, &HeaderValue::from_static("close"))
        );
    }
}
