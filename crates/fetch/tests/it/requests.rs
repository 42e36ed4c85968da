//! What is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, FetchFault, MAX_CONCURRENT_REQUESTS, Request};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderValue, Method};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::server::{Reply, Server, fetcher, get, loopback, read_request};

#[tokio::test]
async fn a_request_is_exactly_this() {
    let server = Server::start(Reply::ok("")).await;
    fetcher().send(&Endpoint::new(loopback()), get(server.url("/a?b=c"))).await.unwrap();
    let expected = format!(
        "GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nuser-agent: daypass/{}\r\naccept-encoding: identity\r\n\
         connection: close\r\n\r\n",
        server.port,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.requests(), [expected]);
}

#[tokio::test]
async fn headers_and_body_of_the_caller_are_sent_but_not_those_of_the_connection() {
    let server = Server::start(Reply::ok("")).await;
    let evil = HeaderValue::from_static("evil");
    let request = Request {
        method: Method::POST,
        headers: vec![
            (AUTHORIZATION, HeaderValue::from_static("Bearer x")),
            (HOST, evil.clone()),
            (USER_AGENT, evil.clone()),
            (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            (CONTENT_LENGTH, HeaderValue::from_static("1")),
            (TRANSFER_ENCODING, evil),
        ],
        body: Bytes::from_static(b"a=b"),
        ..get(server.url("/"))
    };
    fetcher().send(&Endpoint::new(loopback()), request).await.unwrap();
    let [sent] = server.requests().try_into().unwrap();
    assert!(sent.contains("\r\nauthorization: Bearer x\r\n"), "{sent}");
    assert!(sent.contains("\r\ncontent-length: 3\r\n") && sent.ends_with("\r\n\r\na=b"), "{sent}");
    assert!(!sent.contains("evil") && !sent.contains("gzip") && !sent.contains("length: 1"), "{sent}");
}

#[tokio::test]
async fn nothing_is_kept_from_one_request_to_the_next() {
    let reply = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(Reply::bytes(reply)).await;
    let (fetcher, endpoint) = (fetcher(), Endpoint::new(loopback()));
    fetcher.send(&endpoint, get(server.url("/"))).await.unwrap();
    fetcher.send(&endpoint, get(server.url("/"))).await.unwrap();
    let [first, second] = server.requests().try_into().unwrap();
    assert_eq!(first, second);
    assert!(!second.to_ascii_lowercase().contains("cookie"), "{second}");
}

/// A server that holds every request until it is let go, and knows how many it held at once.
struct Holding {
    port: u16,
    held: watch::Receiver<usize>,
    most: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
    _tasks: JoinSet<()>,
}

impl Holding {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (count, held) = watch::channel(0);
        let (go, most) = (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default());
        let mut tasks = JoinSet::new();
        let (theirs, theirs_most) = (Arc::clone(&go), Arc::clone(&most));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            let count = Arc::new(count);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (count, go, most) = (Arc::clone(&count), Arc::clone(&theirs), Arc::clone(&theirs_most));
                connections.spawn(async move { hold(stream, &count, &go, &most).await });
            }
        });
        Self { port, held, most, go, _tasks: tasks }
    }
}

async fn hold(mut stream: TcpStream, count: &watch::Sender<usize>, go: &Semaphore, most: &AtomicUsize) {
    read_request(&mut stream).await;
    count.send_modify(|held| *held = held.saturating_add(1));
    most.fetch_max(*count.borrow(), Ordering::SeqCst);
    go.acquire().await.unwrap().forget();
    count.send_modify(|held| *held = held.saturating_sub(1));
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
}

#[tokio::test]
async fn concurrent_requests_are_bounded_and_all_get_their_turn() {
    let mut server = Holding::start().await;
    let fetcher = fetcher();
    let total = MAX_CONCURRENT_REQUESTS + 6;
    let mut sends = JoinSet::new();
    for _ in 0..total {
        let (fetcher, request) = (fetcher.clone(), get(format!("http://127.0.0.1:{}/", server.port)));
        sends.spawn(async move { fetcher.send(&Endpoint::new(loopback()), request).await });
    }
    server.held.wait_for(|held| *held >= MAX_CONCURRENT_REQUESTS).await.unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    server.go.add_permits(total);
    let outcomes = sends.join_all().await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(server.most.load(Ordering::SeqCst), MAX_CONCURRENT_REQUESTS);
}

#[tokio::test]
async fn waiting_for_a_place_is_inside_the_deadline() {
    let mut server = Holding::start().await;
    let fetcher = fetcher();
    let url = format!("http://127.0.0.1:{}/", server.port);
    let mut sends = JoinSet::new();
    for _ in 0..MAX_CONCURRENT_REQUESTS {
        let (fetcher, request) = (fetcher.clone(), get(&url));
        sends.spawn(async move { fetcher.send(&Endpoint::new(loopback()), request).await });
    }
    server.held.wait_for(|held| *held == MAX_CONCURRENT_REQUESTS).await.unwrap();
    let deadline = Duration::from_millis(50);
    let late = fetcher.send(&Endpoint::new(loopback()), Request { deadline, ..get(&url) }).await;
    assert_eq!(late.unwrap_err(), FetchFault::Timeout(deadline));
}
