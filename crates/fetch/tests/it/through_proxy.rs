//! Requests through the proxy of the settings.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use daypass_fetch::{AddressKind, ConnectFault, Endpoint, EndpointRules, FetchFault, Fetcher, Outbound};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::addresses::Scripted;
use crate::server::{Reply, Server, get, loopback, read_request};
use crate::trust::{TestCa, trusting};

/// A proxy that opens every tunnel to this machine, or answers with a status.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    async fn start(status: u16, upstream_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        let theirs = Arc::clone(&asked);
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(tunnel(stream, status, upstream_port, Arc::clone(&theirs)));
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    fn outbound(&self, no_proxy: &[&str]) -> Outbound {
        Outbound {
            proxy: Some(format!("http://{}", self.address)),
            no_proxy: no_proxy.iter().map(|&entry| entry.to_owned()).collect(),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn tunnel(mut stream: TcpStream, status: u16, upstream_port: u16, asked: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    asked.lock().unwrap().push(request);
    stream.write_all(format!("HTTP/1.1 {status} X\r\n\r\n").as_bytes()).await.unwrap();
    if status == 200 {
        let mut upstream = TcpStream::connect(("127.0.0.1", upstream_port)).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut stream, &mut upstream).await);
    }
}

/// Trusts the test CA, and may not reach this machine itself: only a proxy can get it there.
fn behind_proxy(ca: &TestCa) -> Endpoint {
    Endpoint::new(EndpointRules { ca_pem: Some(ca.pem()), ..EndpointRules::default() })
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_resolves_the_name() {
    let ca = TestCa::new();
    let server = Server::start_tls(ca.server("issuer.test", |_| {}), Reply::ok("keys")).await;
    let proxy = Proxy::start(200, server.port).await;
    let fetcher = Fetcher::with_resolver(&proxy.outbound(&[]), Scripted::answering(&[])).unwrap();
    let answer = fetcher.send(&behind_proxy(&ca), get("https://issuer.test/path?secret")).await.unwrap();
    assert_eq!(answer.body.as_ref(), b"keys");
    let expected = format!(
        "CONNECT issuer.test:443 HTTP/1.1\r\nhost: issuer.test:443\r\nuser-agent: daypass/{}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(proxy.asked(), [expected]);
    assert!(server.requests()[0].starts_with("GET /path?secret HTTP/1.1\r\nhost: issuer.test\r\n"));
}

#[tokio::test]
async fn the_certificate_is_the_servers_own_behind_a_proxy_too() {
    let ca = TestCa::new();
    let server = Server::start_tls(ca.server("other.test", |_| {}), Reply::ok("keys")).await;
    let proxy = Proxy::start(200, server.port).await;
    let fetcher = Fetcher::new(&proxy.outbound(&[])).unwrap();
    let fault = fetcher.send(&behind_proxy(&ca), get("https://issuer.test/")).await.unwrap_err();
    assert!(matches!(fault, FetchFault::Connect { fault: ConnectFault::Untrusted(_), .. }), "{fault}");
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_proxy_that_says_no_is_no_connection() {
    let ca = TestCa::new();
    for status in [302, 403, 407, 502] {
        let proxy = Proxy::start(status, 0).await;
        let fetcher = Fetcher::new(&proxy.outbound(&[])).unwrap();
        let fault = fetcher.send(&behind_proxy(&ca), get("https://issuer.test/")).await.unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("no connection to `issuer.test:443`: the proxy answered HTTP {status}")
        );
        assert!(fault.is_transient());
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_connection() {
    let outbound = Proxy::start(200, 0).await.outbound(&[]);
    let fault = Fetcher::new(&outbound)
        .unwrap()
        .send(&behind_proxy(&TestCa::new()), get("https://issuer.test/"))
        .await;
    assert!(matches!(fault, Err(FetchFault::Connect { fault: ConnectFault::Proxy(_), .. })));
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_before_the_proxy_is_asked() {
    let proxy = Proxy::start(200, 0).await;
    let fetcher = Fetcher::new(&proxy.outbound(&[])).unwrap();
    for url in
        ["https://10.0.0.1/", "https://169.254.169.254/", "https://[::ffff:a9fe:a9fe]/", "https://127.0.0.1/"]
    {
        let fault = fetcher.send(&Endpoint::new(EndpointRules::default()), get(url)).await.unwrap_err();
        assert!(matches!(fault, FetchFault::AddressRefused { .. }), "{url}: {fault}");
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_exempt_is_reached_directly_and_judged_here() {
    let proxy = Proxy::start(200, 0).await;
    let resolver = Scripted::answering(&[&["10.0.0.1"]]);
    let fetcher = Fetcher::with_resolver(&proxy.outbound(&["*.test"]), resolver).unwrap();
    let fault = fetcher.send(&Endpoint::new(EndpointRules::default()), get("https://issuer.test/")).await;
    let refused = FetchFault::AddressRefused { host: "issuer.test".to_owned(), kind: AddressKind::Private };
    assert_eq!(fault.unwrap_err(), refused);
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_on_this_machine_never_goes_through_the_proxy() {
    let ca = TestCa::new();
    let plain = Server::start(Reply::ok("plain")).await;
    let over_tls = Server::start_tls(ca.server("issuer.test", |_| {}), Reply::ok("tls")).await;
    let proxy = Proxy::start(502, 0).await;
    let resolver = Scripted::answering(&[&["127.0.0.1"]]);
    let fetcher = Fetcher::with_resolver(&proxy.outbound(&[]), resolver).unwrap();
    let answer = fetcher.send(&Endpoint::new(loopback()), get(plain.url("/"))).await.unwrap();
    assert_eq!(answer.body.as_ref(), b"plain");
    let url = format!("https://issuer.test:{}/", over_tls.port);
    assert_eq!(fetcher.send(&trusting(ca.pem()), get(url)).await.unwrap().body.as_ref(), b"tls");
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn settings_that_cannot_be_read_are_told_at_the_start() {
    let proxy = |proxy: &str| Outbound { proxy: Some(proxy.to_owned()), no_proxy: Vec::new() };
    assert!(Fetcher::new(&proxy("proxy.corp:3128")).is_err());
    assert!(Fetcher::new(&Outbound { proxy: None, no_proxy: vec!["*".to_owned()] }).is_err());
}
