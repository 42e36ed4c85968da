//! What comes back, whole or not.

use std::time::Duration;

use daypass_fetch::{Endpoint, FetchFault, Fetcher, MAX_HEAD_BYTES, MAX_HEADERS, Request};

use crate::server::{Reply, Server, ask, fetcher, get, loopback};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_whole_answer_is_given_whatever_its_status() {
    for (reply, status, body) in [
        (Reply::ok("hello"), 200, "hello"),
        (Reply::bytes(format!("{CHUNKED}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")), 200, "hello"),
        (Reply::bytes("HTTP/1.1 200 OK\r\n\r\nuntil the end"), 200, "until the end"),
        (
            Reply::bytes("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            200,
            "",
        ),
        (Reply::bytes("HTTP/1.1 204 No Content\r\n\r\n"), 204, ""),
        (Reply::bytes("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), 404, "no"),
        (
            Reply::bytes("HTTP/1.1 500 Oops\r\nContent-Encoding: identity\r\nContent-Length: 0\r\n\r\n"),
            500,
            "",
        ),
    ] {
        let response = ask(reply).await.unwrap();
        assert_eq!((response.status, response.body.as_ref()), (status, body.as_bytes()));
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let canary = Server::start(Reply::ok("canary")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = canary.url("/");
        let head = format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(ask(Reply::bytes(head)).await.unwrap().status, status);
    }
    assert_eq!(canary.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_of_the_greatest_size_is_read_and_a_larger_one_is_not() {
    let too_large = FetchFault::TooLarge { limit_bytes: 1024 };
    assert_eq!(ask(Reply::ok(&"a".repeat(1024))).await.unwrap().body.len(), 1024);
    assert_eq!(ask(Reply::ok(&"a".repeat(1025))).await.unwrap_err(), too_large);
    let chunked = format!("{CHUNKED}200\r\n{0}\r\n201\r\n{0}a\r\n0\r\n\r\n", "a".repeat(0x200));
    assert_eq!(ask(Reply::bytes(chunked)).await.unwrap_err(), too_large);
}

#[tokio::test]
async fn an_announced_size_that_is_too_large_is_refused_before_the_body() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n";
    assert_eq!(
        ask(Reply::Stalled(announced.into())).await.unwrap_err(),
        FetchFault::TooLarge { limit_bytes: 1024 }
    );
}

#[tokio::test]
async fn an_answer_without_end_is_refused_at_the_limit() {
    let until_close = Reply::Endless("HTTP/1.1 200 OK\r\n\r\n".into(), vec![b' '; 65536]);
    let chunks = Reply::Endless(CHUNKED.into(), b"10\r\n0123456789abcdef\r\n".to_vec());
    for reply in [until_close, chunks] {
        assert_eq!(ask(reply).await.unwrap_err(), FetchFault::TooLarge { limit_bytes: 1024 });
    }
}

#[tokio::test]
async fn a_head_without_bound_is_refused() {
    let too_large = FetchFault::TooLarge { limit_bytes: MAX_HEAD_BYTES };
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
    let endless = Reply::Endless("HTTP/1.1 200 OK\r\n".into(), "a: b\r\n".repeat(100).into());
    let long = Reply::Endless("HTTP/1.1 200 OK\r\na: ".into(), vec![b'b'; 1000]);
    for reply in [Reply::bytes(many), endless, long] {
        assert_eq!(ask(reply).await.unwrap_err(), too_large);
    }
}

#[tokio::test]
async fn a_compressed_answer_is_refused_unread() {
    for encoding in ["gzip", "br", "GZIP", "identity, gzip", "x"] {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 2\r\n\r\n{{}}");
        assert_eq!(ask(Reply::bytes(head)).await.unwrap_err(), FetchFault::Encoded, "{encoding}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let broken = FetchFault::Broken("the connection ended");
    for reply in [
        Reply::Reset,
        Reply::bytes(""),
        Reply::bytes("HTTP/1.1 200 OK\r\nConten"),
        Reply::bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        Reply::bytes(format!("{CHUNKED}5\r\nhello\r\n")),
        Reply::bytes(format!("{CHUNKED}zz\r\nhello\r\n")),
    ] {
        let fault = ask(reply).await.unwrap_err();
        assert_eq!((fault.is_transient(), fault), (true, broken.clone()));
    }
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let nonsense = ["SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "<html></html>\r\n\r\n"];
    for bytes in nonsense {
        assert_eq!(ask(Reply::bytes(bytes)).await.unwrap_err(), FetchFault::Broken("it is not HTTP/1.1"));
    }
    let doubled = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    assert!(matches!(ask(Reply::bytes(doubled)).await, Err(FetchFault::Broken(_))));
}

#[tokio::test]
async fn the_deadline_is_for_the_whole_answer() {
    let slowly =
        Reply::Drip(format!("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}", "a".repeat(900)).into());
    for reply in [Reply::Hang, slowly] {
        let server = Server::start(reply).await;
        let deadline = Duration::from_millis(200);
        let request = Request { deadline, ..get(server.url("/")) };
        let fault = fetcher().send(&Endpoint::new(loopback()), request).await.unwrap_err();
        assert_eq!((fault.is_transient(), fault), (true, FetchFault::Timeout(deadline)));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_from_one_that_broke_off() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = format!("http://127.0.0.1:{port}/secret?token=secret");
    let fault = fetcher().send(&Endpoint::new(loopback()), get(gone)).await.unwrap_err();
    assert!(matches!(fault, FetchFault::Connect { .. }) && fault.is_transient(), "{fault}");
    assert_eq!(fault.to_string(), format!("no connection to `127.0.0.1:{port}`: connection refused"));
}

#[tokio::test]
async fn one_fetcher_serves_many_tasks() {
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<Fetcher>();
    let server = Server::start(Reply::ok("x")).await;
    let (fetcher, endpoint) = (fetcher(), Endpoint::new(loopback()));
    let (one, other) = tokio::join!(
        fetcher.send(&endpoint, get(server.url("/1"))),
        fetcher.send(&endpoint, get(server.url("/2")))
    );
    assert_eq!((one.unwrap().status, other.unwrap().status), (200, 200));
}
