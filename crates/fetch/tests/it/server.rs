//! A server on loopback that answers every request in one way, byte by byte, and remembers what came.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, EndpointRules, FetchFault, Fetcher, Outbound, Request, Response};
use http::Method;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then these again and again for as long as somebody reads.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, and then nothing, with an open connection.
    Stalled(Vec<u8>),
    /// These bytes slowly, one after the other.
    Drip(Vec<u8>),
    /// Nothing, with an open connection.
    Hang,
    /// A reset.
    Reset,
}

impl Reply {
    pub(crate) fn bytes(text: impl AsRef<[u8]>) -> Self {
        Self::Bytes(text.as_ref().to_vec())
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }
}

/// The server; it ends with the value.
pub(crate) struct Server {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::listen(reply, None).await
    }

    pub(crate) async fn start_tls(config: ServerConfig, reply: Reply) -> Self {
        Self::listen(reply, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(reply: Reply, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let handshakes = Arc::<Mutex<Vec<HandshakeKind>>>::default();
        let tls = tls.map(|acceptor| (acceptor, Arc::clone(&handshakes)));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, tls, reply, Arc::clone(&requests)));
        Self { port, requests, handshakes, _tasks: tasks }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How the TLS handshakes so far went.
    pub(crate) fn handshakes(&self) -> Vec<HandshakeKind> {
        self.handshakes.lock().unwrap().clone()
    }

    /// All requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<(TlsAcceptor, Arc<Mutex<Vec<HandshakeKind>>>)>,
    reply: Reply,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, reply, requests) = (tls.clone(), reply.clone(), Arc::clone(&requests));
        connections.spawn(async move {
            match (tls, reply) {
                (None, Reply::Reset) => reset(stream, &requests).await,
                (None, reply) => serve(stream, reply, &requests).await,
                (Some((tls, handshakes)), reply) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        handshakes.lock().unwrap().extend(stream.get_ref().1.handshake_kind());
                        serve(stream, reply, &requests).await;
                    }
                }
            }
        });
    }
}

async fn reset(mut stream: TcpStream, requests: &Mutex<Vec<String>>) {
    let request = read_request(&mut stream).await;
    requests.lock().unwrap().push(request);
    stream.set_zero_linger().unwrap();
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, reply: Reply, requests: &Mutex<Vec<String>>) {
    let request = read_request(&mut stream).await;
    requests.lock().unwrap().push(request);
    // The client may be gone at any time.
    drop(answer(&mut stream, reply).await);
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
        Reply::Endless(head, chunk) => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(&chunk).await?;
            }
        }
        Reply::Drip(bytes) => {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            for byte in bytes {
                ticks.tick().await;
                stream.write_all(&[byte]).await?;
            }
        }
        Reply::Stalled(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending::<()>().await;
        }
        Reply::Hang => std::future::pending::<()>().await,
        Reply::Reset => {}
    }
    stream.shutdown().await
}

/// The head, and the body that its `content-length` announces.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) && stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(bytes: &[u8]) -> bool {
    // What is no text will never be a request.
    let Ok(text) = std::str::from_utf8(bytes) else { return true };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= announced.map_or(0, |length| length.parse().unwrap())
}

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(&Outbound::default()).unwrap()
}

/// What a test may reach: this machine, without TLS.
pub(crate) fn loopback() -> EndpointRules {
    EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() }
}

pub(crate) fn get(url: impl Into<String>) -> Request {
    Request {
        method: Method::GET,
        url: url.into(),
        headers: Vec::new(),
        body: Bytes::new(),
        max_response_bytes: 1024,
        deadline: Duration::from_secs(5),
    }
}

/// Asks a server that answers like this once.
pub(crate) async fn ask(reply: Reply) -> Result<Response, FetchFault> {
    let server = Server::start(reply).await;
    fetcher().send(&Endpoint::new(loopback()), get(server.url("/"))).await
}
