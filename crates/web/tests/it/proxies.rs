//! Whose request it is behind proxies, and that nobody else can say so.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use daypass_store::AccountStatus;
use daypass_web::{Limits, Peer, TrustedProxies, Web, router};
use tower::ServiceExt as _;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::send;

fn trusted(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::new(networks.iter().map(|text| TrustedProxies::network(text).unwrap()).collect()).unwrap()
}

async fn start(networks: &[&str]) -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
    let app = setup.trusted_proxies(trusted(networks)).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

/// The source in the record of an exchange with these headers, over a socket on loopback.
async fn recorded(networks: &[&str], headers: &[(&str, &str)]) -> String {
    let (kit, mut table, app) = start(networks).await;
    let bearer = format!("Bearer {}", kit.honest(&mut table));
    let headers = [&[("Authorization", bearer.as_str())], headers].concat();
    let answer = send(app.address, "GET", "/v1.0/auth/jwt", &headers, b"").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.records().await[0].source.clone()
}

#[tokio::test]
async fn the_record_names_the_client_behind_a_trusted_proxy() {
    let header = |value| ("X-Forwarded-For", value);
    for (headers, source) in [
        (&[header("203.0.113.5")][..], "203.0.113.5"),
        (&[header("198.51.100.1, 203.0.113.5")], "203.0.113.5"),
        (&[header("198.51.100.1"), header("203.0.113.5"), header("127.0.0.1")], "203.0.113.5"),
        (&[header("[2001:db8::5]:443")], "2001:db8::5"),
        (&[], "127.0.0.1"),
        (&[header("unknown")], "127.0.0.1"),
        (&[("Forwarded", "for=203.0.113.5"), ("X-Real-IP", "203.0.113.5")], "127.0.0.1"),
        (&[("X_Forwarded_For", "203.0.113.5"), ("X-Client-IP", "203.0.113.5")], "127.0.0.1"),
    ] {
        assert_eq!(recorded(&["127.0.0.1"], headers).await, source, "{headers:?}");
    }
}

#[tokio::test]
async fn the_record_names_the_peer_that_nobody_trusts_whatever_it_says() {
    for networks in [&[][..], &["10.0.0.0/8"]] {
        for value in ["203.0.113.5", "10.0.0.1", "203.0.113.5, 10.0.0.1"] {
            assert_eq!(recorded(networks, &[("X-Forwarded-For", value)]).await, "127.0.0.1", "{value}");
        }
    }
}

#[tokio::test]
async fn no_header_of_a_proxy_changes_what_the_server_is_called() {
    let (_, _, app) = start(&["127.0.0.1"]).await;
    let path = "/.well-known/openid-configuration";
    let honest = app.get(path, None).await.body;
    let headers = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "444"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Forwarded-For", "203.0.113.5"),
        ("Forwarded", "host=evil.example;proto=https"),
    ];
    assert_eq!(send(app.address, "GET", path, &headers, b"").await.body, honest);
}

/// The router without a socket, so that a test may be any peer.
struct Limited(axum::Router);

impl Limited {
    fn new(app: &TestApp, networks: &[&str]) -> Self {
        let limits = Limits { failures_per_minute_per_source: 3 };
        Self(router(Arc::new(Web::new(Arc::clone(&app.app), limits).behind(trusted(networks)))))
    }

    async fn from(&self, peer: &str, forwarded_for: &str, token: &str) -> Response {
        let request =
            Request::get("/v1.0/auth/jwt").header("Host", "x").header("X-Forwarded-For", forwarded_for);
        let request = request.header("Authorization", format!("Bearer {token}"));
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        self.0.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, peer: &str, forwarded_for: &str) -> u16 {
        self.from(peer, forwarded_for, "a.b.c").await.status().as_u16()
    }
}

#[tokio::test]
async fn who_is_no_proxy_cannot_dodge_the_limit_nor_use_up_somebody_elses() {
    let (_, _, app) = start(&[]).await;
    for networks in [&[][..], &["10.0.0.0/8"]] {
        let server = Limited::new(&app, networks);
        for (number, status) in [401, 401, 401, 429, 429].into_iter().enumerate() {
            assert_eq!(server.status("192.0.2.66", &format!("203.0.113.{number}")).await, status);
        }
        assert_eq!(
            server.status("203.0.113.1", "192.0.2.66").await,
            401,
            "nothing was counted for the victim"
        );
    }
}

#[tokio::test]
async fn a_client_cannot_dodge_the_limit_through_a_trusted_proxy_by_what_it_says_itself() {
    let (_, _, app) = start(&[]).await;
    for (networks, proxy) in [(["10.0.0.0/8"], "10.0.0.1"), (["127.0.0.1"], "127.0.0.1")] {
        let server = Limited::new(&app, &networks);
        // The proxy adds the address that it sees behind what the client has sent.
        let inventions = ["198.51.100.1", "127.0.0.1", "nonsense", "10.0.0.2", &"10.0.0.2,".repeat(40)];
        for (invention, status) in inventions.iter().zip([401, 401, 401, 429, 429]) {
            assert_eq!(
                server.status(proxy, &format!("{invention}, 203.0.113.66")).await,
                status,
                "{invention}"
            );
        }
    }
}

#[tokio::test]
async fn two_clients_behind_a_trusted_proxy_are_two_sources_and_honest_jobs_are_never_held_back() {
    let (kit, mut table, app) = start(&[]).await;
    for (networks, proxy) in [(["10.0.0.0/8"], "10.0.0.1"), (["127.0.0.1"], "127.0.0.1"), (["::1"], "::1")] {
        let server = Limited::new(&app, &networks);
        for status in [401, 401, 401, 429] {
            assert_eq!(server.status(proxy, "203.0.113.5").await, status);
        }
        assert_eq!(server.status(proxy, "203.0.113.6").await, 401);
        assert_eq!(server.from(proxy, "203.0.113.5", &kit.honest(&mut table)).await.status(), 200);
    }
}
