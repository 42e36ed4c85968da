//! A server that plays a script: it knows which requests come, answers each as told, and fails the test on any other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server answers.
pub(crate) enum Reply {
    /// A status, header lines, a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Nothing: it reads the request and hangs up.
    HangUp,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Answer(status, vec![("content-type", "application/json".to_owned())], body.to_owned())
    }

    pub(crate) fn later(status: u16, retry_after: &str) -> Self {
        Self::Answer(status, vec![("retry-after", retry_after.to_owned())], String::new())
    }
}

/// A request as it came.
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

#[derive(Default)]
struct Script {
    expected: VecDeque<(&'static str, Reply)>,
    seen: Vec<Seen>,
    surprises: Vec<String>,
}

/// The server; [`Server::finish`] must end every test that starts one.
pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Expects these requests, as `METHOD /path?query`, in this order.
    pub(crate) async fn start(expected: Vec<(&'static str, Reply)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script { expected: expected.into(), ..Script::default() }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&script)));
        Self { address, script, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests, after making sure that they were the expected ones and no others.
    pub(crate) fn finish(self) -> Vec<Seen> {
        let mut script = self.script.lock().unwrap();
        assert_eq!(script.surprises, Vec::<String>::new(), "requests that nobody expected");
        assert_eq!(script.expected.len(), 0, "the next request, `{}`, never came", script.expected[0].0);
        std::mem::take(&mut script.seen)
    }
}

async fn accept(listener: TcpListener, script: Arc<Mutex<Script>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, Arc::clone(&script)));
    }
}

async fn serve(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&script)));
    // A connection that the script hangs up ends with a fault, as it should.
    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Mutex<Script>>,
) -> Result<Response<Full<Bytes>>, HungUp> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let line = format!("{} {}", head.method, head.uri);
    let mut script = script.lock().unwrap();
    let Some((_, reply)) = script.expected.pop_front_if(|(expected, _)| *expected == line) else {
        script.surprises.push(line);
        return Err(HungUp);
    };
    script.seen.push(Seen { line, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() });
    let Reply::Answer(status, headers, body) = reply else { return Err(HungUp) };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(body)).unwrap())
}

/// Ends a connection without an answer.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}

impl From<Infallible> for HungUp {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
