//! An issuer on loopback whose two documents are what a test says, and which counts its requests.

use std::sync::{Arc, Mutex};

use daypass_jose::base64url;
use rcgen::KeyPair;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How a document is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Answer(u16, String, Vec<u8>),
    /// These bytes, and then these without end.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, with an open connection.
    Hang,
    /// A reset.
    Reset,
}

impl Reply {
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::with(200, "", body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::with(status, "", "{}")
    }

    pub(crate) fn with(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::Answer(status, headers.to_owned(), body.as_ref().to_vec())
    }
}

struct State {
    discovery: Reply,
    jwks: Reply,
    requests: Vec<String>,
}

/// The issuer; it ends with the value.
pub(crate) struct TestIssuer {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
    _tasks: JoinSet<()>,
}

impl TestIssuer {
    /// At `http://127.0.0.1:port`, with these keys.
    pub(crate) async fn start(key_ids: &[&str]) -> Self {
        let issuer = Self::listen(None).await;
        let url = issuer.url();
        issuer.publishes(Reply::ok(discovery(&url, &format!("{url}/jwks"))));
        issuer.has_keys(key_ids);
        issuer
    }

    pub(crate) async fn start_tls(config: ServerConfig) -> Self {
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { discovery: Reply::Hang, jwks: Reply::Hang, requests: Vec::new() };
        let (state, gate) = (Arc::new(Mutex::new(state)), Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, tls, Arc::clone(&state), Arc::clone(&gate)));
        Self { port, state, gate, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn publishes(&self, discovery: Reply) {
        self.state.lock().unwrap().discovery = discovery;
    }

    pub(crate) fn serves(&self, jwks: Reply) {
        self.state.lock().unwrap().jwks = jwks;
    }

    pub(crate) fn has_keys(&self, key_ids: &[&str]) {
        self.serves(Reply::ok(jwks(key_ids)));
    }

    pub(crate) fn is_down(&self) {
        self.publishes(Reply::status(500));
    }

    pub(crate) fn is_up(&self) {
        self.publishes(Reply::ok(discovery(&self.url(), &format!("{}/jwks", self.url()))));
    }

    /// Requests come in, but no answer goes out before [`TestIssuer::opens`].
    pub(crate) fn closes(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn opens(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    /// All requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Requests so far: for the discovery document, for anything else.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let requests = self.requests();
        let discoveries = requests.iter().filter(|request| is_discovery(request)).count();
        (discoveries, requests.len().saturating_sub(discoveries))
    }
}

fn is_discovery(request: &str) -> bool {
    request.starts_with("GET /.well-known/openid-configuration ")
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, state, gate) = (tls.clone(), Arc::clone(&state), Arc::clone(&gate));
        connections.spawn(async move {
            match tls {
                None => serve_plain(stream, &state, &gate).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, &state, &gate).await;
                    }
                }
            }
        });
    }
}

async fn serve_plain(stream: TcpStream, state: &Mutex<State>, gate: &Semaphore) {
    // What is not read or sent when a connection ends is a reset to the client.
    stream.set_nodelay(true).unwrap();
    let stream = serve(stream, state, gate).await;
    if let Some(stream) = stream {
        stream.set_zero_linger().unwrap();
    }
}

/// Gives the stream back where it shall be reset.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    state: &Mutex<State>,
    gate: &Semaphore,
) -> Option<S> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
    let reply = record(String::from_utf8(bytes).unwrap(), state);
    drop(gate.acquire().await.unwrap());
    match reply {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
            // The client may be gone at any time.
            drop(stream.write_all(&[head.as_bytes(), &body].concat()).await);
            drop(stream.shutdown().await);
            None
        }
        Reply::Endless(head, chunk) => {
            drop(stream.write_all(&head).await);
            while stream.write_all(&chunk).await.is_ok() {}
            None
        }
        Reply::Hang => std::future::pending().await,
        Reply::Reset => Some(stream),
    }
}

fn record(request: String, state: &Mutex<State>) -> Reply {
    let mut state = state.lock().unwrap();
    let reply = if is_discovery(&request) { &state.discovery } else { &state.jwks };
    let reply = reply.clone();
    state.requests.push(request);
    reply
}

pub(crate) fn discovery(issuer: &str, jwks_uri: &str) -> String {
    serde_json::json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string()
}

/// A set of fresh keys with these ids.
pub(crate) fn jwks(key_ids: &[&str]) -> String {
    let keys = key_ids.iter().map(|key_id| jwk(key_id)).collect::<Vec<_>>().join(",");
    format!(r#"{{"keys":[{keys}]}}"#)
}

pub(crate) fn jwk(key_id: &str) -> String {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let (x, y) = key.public_key_raw()[1..].split_at(32);
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"{key_id}","x":"{x}","y":"{y}"}}"#)
}
