//! The grammar of a request (RFC 9112): what breaks it is answered once at most, and nothing behind it is read.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::{Setup, TestApp};

/// All that comes back for these bytes.
async fn told(app: &TestApp, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    // The server may have refused and closed before all was written.
    drop(stream.write_all(request).await);
    drop(stream.shutdown().await);
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes).await);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn status(told: &str) -> u16 {
    told.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

const BEHIND: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_head_that_breaks_the_grammar_ends_the_connection() {
    let app = Setup::new().start().await;
    for head in [
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Type : text/plain\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX\ry: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n(x): a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\u{e9}: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /hea lthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1x\r\nHost: x\r\n\r\n",
        "GET /healthz http/1.1\r\nHost: x\r\n\r\n",
        "G(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
    ] {
        let told = told(&app, format!("{head}{BEHIND}").as_bytes()).await;
        let is_refused = (400..500).contains(&status(&told)) || status(&told) == 505 || told.is_empty();
        assert!(is_refused && told.matches("HTTP/1.1 ").count() <= 1, "{head:?}: {told}");
    }
    assert_eq!(status(&told(&app, BEHIND.as_bytes()).await), 200);
}

#[tokio::test]
async fn a_body_whose_end_two_servers_could_see_elsewhere_ends_the_connection() {
    let app = Setup::new().start().await;
    let start = "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for (framing, body) in [
        ("Transfer-Encoding: identity, chunked", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked, chunked", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: identity", "{}"),
        ("Transfer-Encoding: gzip, chunked", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2", "{}"),
        ("Content-Length: 2\r\nTransfer-Encoding: identity", "{}"),
        ("Content-Length: 0x2", "{}"),
        ("Content-Length: 2 2", "{}"),
        ("Content-Length: 99999999999999999999", "{}"),
        ("Content-Length: \u{661}", "{}"),
        ("Transfer-Encoding: chunked", "-2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "0x2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "2\r\n{}XX0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "10000000000000002\r\n{}\r\n0\r\n\r\n"),
    ] {
        let request = format!("{start}{framing}\r\n\r\n{body}{BEHIND}");
        let told = told(&app, request.as_bytes()).await;
        let is_refused = [0, 400, 413, 501].contains(&status(&told));
        assert!(is_refused && told.matches("HTTP/1.1 ").count() <= 1, "{framing:?} {body:?}: {told}");
    }
    let good = format!("{start}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n{BEHIND}");
    let told = told(&app, good.as_bytes()).await;
    assert_eq!(
        (status(&told), told.matches("HTTP/1.1 ").count()),
        (400, 2),
        "an empty request, and then the next"
    );
}

/// RFC 9112 §2.2 lets a server take a lone line feed as the end of a line. It is taken everywhere alike, in the head
/// alone, so that there is one reading of it here.
#[tokio::test]
async fn a_lone_line_feed_ends_a_line_and_hides_none() {
    let app = Setup::new().start().await;
    let told_of = async |request: &str| told(&app, request.as_bytes()).await;
    assert_eq!(status(&told_of("GET /healthz HTTP/1.1\nHost: x\n\n").await), 200);
    // What stands behind it is a line of its own, and seen as one: a second Host, a body in chunks.
    let twice = told_of("GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\nHost: y\r\n\r\n").await;
    assert_eq!(status(&twice), 400, "{twice}");
    let start = "POST /v1.0/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX: a";
    let framed = format!("{start}\nTransfer-Encoding: chunked\r\n\r\n{{}}{BEHIND}");
    let framed = told_of(&framed).await;
    assert_eq!((status(&framed), framed.matches("HTTP/1.1 ").count()), (400, 1), "{framed}");
}
