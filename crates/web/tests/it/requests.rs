//! Requests that two servers could read differently, or that are too much: raw bytes over a socket.

use std::net::SocketAddr;

use daypass_store::AccountStatus;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::send_raw;

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

/// The status of the first answer, and how many answers came.
async fn raw(address: SocketAddr, request: &str) -> (u16, usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes).await);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text.matches("HTTP/1.1 ").count())
}

#[tokio::test]
async fn a_request_with_two_readings_is_refused_and_nothing_behind_it_is_answered() {
    let (_, _, app) = start().await;
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 5\r\n\r\nabcd",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX\0: a\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /v1.0/../healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health%7a HTTP/1.1\r\nHost: x\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let (status, answers) = raw(app.address, &format!("{head}{smuggled}")).await;
        let is_refused = (400..500).contains(&status) || status == 505 || status == 0;
        assert!(is_refused && answers <= 1, "{status}, {answers} answers: {head:?}");
    }
    assert_eq!(raw(app.address, smuggled).await, (200, 1));
}

#[tokio::test]
async fn one_authorization_header_or_none() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    let good = format!("Authorization: Bearer {token}");
    for (headers, status) in [
        (format!("{good}\r\n{good}"), 400),
        (format!("{good}\r\nAuthorization: Basic YTpi"), 400),
        (format!("Authorization: Basic YTpi\r\n{good}"), 400),
        (format!("Authorization: Bearer {token}, Bearer {token}"), 401),
        ("Authorization: Bearer".to_owned(), 400),
        ("Authorization: Bearer Bearer x".to_owned(), 400),
        (format!("Authorization: {token}"), 400),
        (format!("X_Authorization: Bearer {token}"), 401),
        ("X-Forwarded-User: admin".to_owned(), 401),
    ] {
        let request =
            format!("GET /v1.0/auth/jwt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n");
        let answer = send_raw(app.address, request.as_bytes()).await.unwrap();
        assert_eq!(answer.status, status, "{headers}: {}", answer.body);
    }
    assert_eq!(app.exchange(&token, None).await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_next_request_answered() {
    let (kit, mut table, app) = start().await;
    let header = |size: usize| {
        format!(
            "GET /v1.0/auth/jwt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            "a".repeat(size)
        )
    };
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    let body = |size: usize| {
        format!(
            "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n{}",
            "a".repeat(size)
        )
    };
    let chunked = format!(
        "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("1000\r\n{}\r\n", "a".repeat(0x1000)).repeat(20)
    );
    for request in [header(20_000), header(100_000), many, body(33_000), body(4_000_000), chunked] {
        let answer = send_raw(app.address, request.as_bytes()).await;
        let status = answer.map_or(0, |answer| answer.status);
        assert!([0, 413, 431].contains(&status), "{status}");
    }
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
}

#[tokio::test]
async fn slow_and_idle_clients_do_not_keep_others_waiting() {
    let (kit, mut table, app) = start().await;
    let mut slow = Vec::new();
    for index in 0..128 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let begun = match index % 3 {
            0 => "",
            1 => "GET /v1.0/auth/jwt HTTP/1.1\r\nHost: x\r\nAuthor",
            _ => {
                "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            }
        };
        stream.write_all(begun.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    drop(slow);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let (_, _, app) = start().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(app.address).await.unwrap();
    let request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let never_reads = async { while stream.write_all(request).await.is_ok() {} };
    let cut_off = tokio::time::timeout(std::time::Duration::from_mins(1), never_reads).await;
    assert!(cut_off.is_ok(), "the connection stays open for as long as the client likes");
}
