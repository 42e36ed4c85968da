//! What a client is told that speaks plain HTTP to the port of TLS.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TOLD: &str = "this port speaks TLS alone: write https:// in the URL; what was sent just now could be read on its way\n";
/// Bytes of a request that are read and thrown away, so that the answer is not lost with the connection.
const MAX_DISCARDED_SIZE_BYTES: u64 = 64 * 1024;

/// Whether a client that begins like this speaks HTTP. A record of TLS begins with a control character (RFC 8446 §5.1).
pub(super) fn is_http([first]: [u8; 1]) -> bool {
    first.is_ascii_alphabetic()
}

/// Answers 400 and closes. No part of the request is looked at.
pub(super) async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{TOLD}",
        TOLD.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A socket that is closed with something unread in it takes the answer back (RFC 9112 §9.6).
    let mut rest = stream.take(MAX_DISCARDED_SIZE_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await.map(drop)
}
