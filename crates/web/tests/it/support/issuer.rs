//! A real issuer on loopback: discovery and keys over HTTP, as a test wants them, and a count of what reached it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::keys::TestKey;
use super::reply::Reply;

struct Shared {
    discovery: Mutex<Reply>,
    keys: Mutex<Reply>,
    requests: AtomicUsize,
    bytes: AtomicUsize,
    down: Mutex<bool>,
    silent: watch::Sender<bool>,
}

pub(crate) struct TestIssuer {
    pub(crate) keys: Vec<TestKey>,
    url: String,
    shared: Arc<Shared>,
}

impl TestIssuer {
    pub(crate) async fn start(keys: Vec<TestKey>) -> Self {
        Self::named("127.0.0.1", keys).await
    }

    /// On loopback too, but under a name.
    pub(crate) async fn named(host: &str, keys: Vec<TestKey>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://{host}:{port}");
        let set = json!({"keys": keys.iter().map(TestKey::jwk).collect::<Vec<_>>()});
        let shared = Arc::new(Shared {
            discovery: Mutex::new(Reply::json(&discovery(&url, &format!("{url}/.well-known/jwks")))),
            keys: Mutex::new(Reply::json(&set)),
            requests: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            down: Mutex::new(false),
            silent: watch::channel(false).0,
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { keys, url, shared }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn key(&self) -> &TestKey {
        &self.keys[0]
    }

    /// Requests that reached it, of any kind.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Bytes that were taken from it.
    pub(crate) fn bytes_taken(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// Publishes something else than its own keys.
    pub(crate) fn publish(&self, keys: &[Value]) {
        self.serve(Reply::json(&json!({"keys": keys})));
    }

    /// Answers so when it is asked for its discovery document.
    pub(crate) fn describe(&self, discovery: Reply) {
        *self.shared.discovery.lock().unwrap() = discovery;
    }

    /// Answers so when it is asked for its keys.
    pub(crate) fn serve(&self, keys: Reply) {
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

pub(crate) fn discovery(issuer: &str, jwks_uri: &str) -> Value {
    json!({"issuer": issuer, "jwks_uri": jwks_uri})
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&shared)));
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    shared.requests.fetch_add(1, Ordering::SeqCst);
    shared.silent.subscribe().wait_for(|silent| !*silent).await.unwrap();
    let taken = shared.reply(&head).write(&mut stream).await;
    shared.bytes.fetch_add(taken, Ordering::SeqCst);
}

impl Shared {
    fn reply(&self, head: &[u8]) -> Reply {
        if *self.down.lock().unwrap() {
            return Reply::status(500);
        }
        if head.starts_with(b"GET /.well-known/openid-configuration ") {
            return self.discovery.lock().unwrap().clone();
        }
        if head.starts_with(b"GET /.well-known/jwks ") {
            return self.keys.lock().unwrap().clone();
        }
        Reply::status(404)
    }
}
