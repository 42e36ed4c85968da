//! TLS over real sockets: honest clients, broken ones, and a certificate that is replaced under them.

use std::sync::Arc;

use daypass_store::{AccountStatus, ExchangeFilter};
use daypass_web::{Drained, LiveCertificate, Look};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::clock::TestClock;
use crate::support::http::send_raw;
use crate::support::tls::{TestCa, connect, send_tls};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const HEALTH_AND_CLOSE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Stage {
    kit: Kit,
    table: Table,
    app: TestApp,
    ca: TestCa,
    live: Arc<LiveCertificate>,
}

async fn start() -> Stage {
    let (kit, ca) = (Kit::start().await, TestCa::new());
    let live = ca.live();
    let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
    let app = setup.certificate(Arc::clone(&live)).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    Stage { kit, table: Table::default(), app, ca, live }
}

impl Stage {
    fn exchange(&mut self) -> Vec<u8> {
        let token = self.kit.honest(&mut self.table);
        format!(
            "GET /v1.0/auth/jwt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .into_bytes()
    }

    /// An honest job gets its pass.
    async fn assert_serves(&mut self) {
        let request = self.exchange();
        let answer = send_tls(&self.ca.client(|_| {}), self.app.address, &request).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// What comes back for these bytes, until the server closes.
    async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.app.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        answer
    }
}

/// What a client of rustls says first.
fn hello(config: &Arc<ClientConfig>, name: &str) -> Vec<u8> {
    let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let mut bytes = Vec::new();
    rustls::ClientConnection::new(Arc::clone(config), name).unwrap().write_tls(&mut bytes).unwrap();
    bytes
}

/// The description of a fatal alert (RFC 8446 §6).
fn alert(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [21, _, _, 0, 2, 2, description] => Some(*description),
        _ => None,
    }
}

#[tokio::test]
async fn a_job_gets_its_pass_by_each_version_of_tls() {
    let mut stage = start().await;
    for (version, wanted) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let client = stage.ca.client_of(&[version]);
        let stream = connect(&client, stage.app.address, "127.0.0.1").await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(wanted));
        let request = stage.exchange();
        assert_eq!(send_tls(&client, stage.app.address, &request).await.unwrap().status, 200);
    }
    assert_eq!(stage.app.successes().await, 2);
}

#[tokio::test]
async fn older_versions_are_refused_with_an_alert() {
    let mut stage = start().await;
    for minor in [0, 1, 2] {
        // SSL 3.0, TLS 1.0, TLS 1.1: random, no session, one suite, no compression; then P-256 and ECDSA with SHA-256.
        let extensions = [0, 16, 0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
        let body = [&[3, minor][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0], &extensions].concat();
        let length = u8::try_from(body.len()).unwrap();
        let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
        assert_eq!(alert(&stage.raw(&hello).await), Some(70), "protocol_version (3, {minor})");
    }
    stage.assert_serves().await;
}

#[tokio::test]
async fn a_client_that_stops_in_its_handshake_keeps_nobody_waiting() {
    let mut stage = start().await;
    let hello = hello(&stage.ca.client(|_| {}), "127.0.0.1");
    let mut stalled = Vec::new();
    for index in 0..128 {
        let mut stream = TcpStream::connect(stage.app.address).await.unwrap();
        let begun = [&[][..], &[22], &hello[..100], &hello][index % 4];
        stream.write_all(begun).await.unwrap();
        stalled.push(stream);
    }
    stage.assert_serves().await;
    drop(stalled);
}

#[tokio::test]
async fn garbage_is_refused_and_closed() {
    let mut stage = start().await;
    let hello = hello(&stage.ca.client(|_| {}), "127.0.0.1");
    let mut bent = hello.clone();
    bent[5] = 2;
    let mut huge = hello.clone();
    (huge[3], huge[4]) = (0xff, 0xff);
    let longest = [&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 0x4000 - 4]].concat();
    for bytes in
        [&[0; 64][..], &[0x80, 0x2e, 1, 0, 2], &[23, 3, 3, 0, 1, 0], &bent, &huge, &longest.repeat(20)]
    {
        let answer = stage.raw(bytes).await;
        assert!(answer.is_empty() || alert(&answer).is_some(), "{answer:?}");
    }
    stage.assert_serves().await;
}

#[tokio::test]
async fn a_hello_in_many_records_or_many_segments_is_one_hello() {
    let mut stage = start().await;
    let client = stage.ca.client(|config| config.max_fragment_size = Some(32));
    let request = stage.exchange();
    assert_eq!(send_tls(&client, stage.app.address, &request).await.unwrap().status, 200);
    let mut stream = TcpStream::connect(stage.app.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in hello(&stage.ca.client(|_| {}), "127.0.0.1") {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(stream.read_u8().await.unwrap(), 22, "the server's own handshake");
}

#[tokio::test]
async fn whatever_name_a_client_asks_for_it_is_shown_the_one_certificate() {
    let mut stage = start().await;
    let client = stage.ca.client(|_| {});
    let fault = connect(&client, stage.app.address, "evil.example").await.unwrap_err();
    assert!(fault.to_string().contains("not valid for name"), "the client has seen it: {fault}");
    connect(&client, stage.app.address, "127.0.0.1").await.unwrap();
    stage.assert_serves().await;
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_to_speak_tls() {
    let mut stage = start().await;
    let token = stage.kit.honest(&mut stage.table);
    let long = format!(
        "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{}",
        "a".repeat(9_999)
    );
    let get = format!("GET /v1.0/auth/jwt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    for request in [get.as_str(), &long, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(stage.app.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("write https://"), "{answer}");
    }
    assert_eq!(stage.app.records().await.len(), 0, "nothing of it was looked at");
    let over_tls = get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answer = send_tls(&stage.ca.client(|_| {}), stage.app.address, over_tls.as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200);
}

/// The attacks of HTTP/2 need HTTP/2, which this server does not speak.
#[tokio::test]
async fn http_2_is_refused_in_the_handshake_and_after_it() {
    let mut stage = start().await;
    let protocols = |names: &'static [&'static [u8]]| {
        stage.ca.client(|config| config.alpn_protocols = names.iter().map(|name| name.to_vec()).collect())
    };
    let (only, both, none) = (protocols(&[b"h2"]), protocols(&[b"h2", b"http/1.1"]), protocols(&[]));
    let fault = connect(&only, stage.app.address, "127.0.0.1").await.unwrap_err();
    assert!(fault.to_string().contains("NoApplicationProtocol"), "{fault}");
    let chosen = connect(&both, stage.app.address, "127.0.0.1").await.unwrap();
    assert_eq!(chosen.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let plain = Setup::new().start().await;
    for answer in [
        send_tls(&none, stage.app.address, preface).await,
        send_tls(&both, stage.app.address, preface).await,
        send_raw(plain.address, preface).await,
    ] {
        assert!(answer.is_none_or(|answer| (400..=505).contains(&answer.status)));
    }
    stage.assert_serves().await;
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_the_old_ones_go_on() {
    let mut stage = start().await;
    let client = stage.ca.client(|_| {});
    let shown = |stream: &tokio_rustls::client::TlsStream<TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut kept = connect(&client, stage.app.address, "127.0.0.1").await.unwrap();
    read_answer(&mut kept).await;
    // The session would be resumed, and with it no certificate shown.
    let mut resumed = connect(&client, stage.app.address, "127.0.0.1").await.unwrap();
    assert_eq!(resumed.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
    read_answer(&mut resumed).await;
    let (old, now) = (shown(&kept), daypass_jose::Clock::now(&TestClock::new()));
    let next = stage.ca.pem("127.0.0.1", |_| {});
    let again = || daypass_web::CertificatePem {
        chain: next.chain.clone(),
        key: daypass_jose::Secret::new(next.key.reveal().to_owned()),
    };
    assert_eq!(stage.live.look(Ok(again()), now), Look::Unsettled);
    assert_eq!(shown(&connect(&client, stage.app.address, "127.0.0.1").await.unwrap()), old);
    assert_eq!(stage.live.look(Ok(again()), now), Look::Replaced);
    let new = connect(&client, stage.app.address, "127.0.0.1").await.unwrap();
    assert_eq!(new.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
    assert_ne!(shown(&new), old);
    read_answer(&mut kept).await;
    stage.assert_serves().await;
}

/// One request on a connection that stays, and its answer.
async fn read_answer(stream: &mut tokio_rustls::client::TlsStream<TcpStream>) {
    stream.write_all(HEALTH).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"{\"status\":\"ok\"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_in_flight_when_the_server_is_ended_is_answered_and_who_shakes_hands_is_let_go() {
    let mut stage = start().await;
    stage.kit.main.set_silent(true);
    let (request, client, address) = (stage.exchange(), stage.ca.client(|_| {}), stage.app.address);
    let in_flight = tokio::spawn(async move { send_tls(&client, address, &request).await });
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(&[22, 3, 1]).await.unwrap();
    while stage.kit.main.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let store = stage.app.app.store().clone();
    let ended = tokio::spawn(stage.app.end());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let mut rest = Vec::new();
    drop(stalled.read_to_end(&mut rest).await);
    assert!(rest.is_empty() && !in_flight.is_finished());
    stage.kit.main.set_silent(false);
    assert_eq!(in_flight.await.unwrap().unwrap().status, 200);
    let (drained, _folder) = ended.await.unwrap();
    assert_eq!(drained, Drained::Completely);
    store.ping().await.unwrap();
    assert_eq!(store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let stage = start().await;
    let mut stream = connect(&stage.ca.client(|_| {}), stage.app.address, "127.0.0.1").await.unwrap();
    let never_reads = async { while stream.write_all(HEALTH).await.is_ok() {} };
    let cut_off = tokio::time::timeout(std::time::Duration::from_mins(1), never_reads).await;
    assert!(cut_off.is_ok(), "the connection stays open for as long as the client likes");
}

#[tokio::test]
async fn browsers_are_told_to_come_by_tls_where_that_was_asked_for() {
    let stage = start().await;
    let answer = send_tls(&stage.ca.client(|_| {}), stage.app.address, HEALTH_AND_CLOSE).await.unwrap();
    assert_eq!(answer.header("strict-transport-security"), None, "on loopback it would bind other servers");
    let app = Setup::new().certificate(stage.ca.live()).strict_transport().start().await;
    for path in ["/healthz", "/v1.0/config", "/nowhere"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = send_tls(&stage.ca.client(|_| {}), app.address, request.as_bytes()).await.unwrap();
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
}
