//! A real issuer on loopback: discovery and keys over HTTP, and a count of what reached it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::keys::TestKey;

struct Shared {
    url: String,
    keys: Mutex<Vec<Value>>,
    requests: AtomicUsize,
    down: Mutex<bool>,
    silent: watch::Sender<bool>,
}

pub(crate) struct TestIssuer {
    pub(crate) keys: Vec<TestKey>,
    shared: Arc<Shared>,
}

impl TestIssuer {
    pub(crate) async fn start(keys: Vec<TestKey>) -> Self {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let shared = Arc::new(Shared {
            url: format!("http://{}", listener.local_addr().unwrap()),
            keys: Mutex::new(keys.iter().map(TestKey::jwk).collect()),
            requests: AtomicUsize::new(0),
            down: Mutex::new(false),
            silent: watch::channel(false).0,
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { keys, shared }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.url
    }

    pub(crate) fn key(&self) -> &TestKey {
        &self.keys[0]
    }

    /// Requests that reached it, of any kind.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Publishes something else than its own keys.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    /// Takes requests, and answers them when it is no longer silent.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.shared.silent.send_replace(silent);
    }

    pub(crate) fn set_down(&self, down: bool) {
        *self.shared.down.lock().unwrap() = down;
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    shared.silent.subscribe().wait_for(|silent| !*silent).await.unwrap();
    if *shared.down.lock().unwrap() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match uri.path() {
        "/.well-known/openid-configuration" => axum::Json(json!({
            "issuer": shared.url, "jwks_uri": format!("{}/.well-known/jwks", shared.url),
        }))
        .into_response(),
        "/.well-known/jwks" => axum::Json(json!({"keys": *shared.keys.lock().unwrap()})).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
