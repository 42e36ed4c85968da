//! A client's connection, as lean as it can be: it must not be what is measured.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes of the longest answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// One connection that is kept.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The value of `daypass-exchange-id`.
    pub exchange_id: Option<String>,
    /// The body.
    pub body: String,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4_096) })
    }

    /// Exchanges a token at the seed face.
    ///
    /// # Errors
    /// The connection breaks, or the answer is none.
    pub async fn exchange(&mut self, target: &str, token: &str) -> io::Result<Answer> {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// Fetches a page.
    ///
    /// # Errors
    /// As for [`Self::exchange`].
    pub async fn get(&mut self, target: &str) -> io::Result<Answer> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.received.len() > MAX_ANSWER_BYTES {
                return Err(io::Error::other("the answer is too long"));
            }
            if let Some(answer) = parse(&self.received)? {
                return Ok(answer);
            }
        }
    }
}

/// An answer, once all of it is there.
fn parse(received: &[u8]) -> io::Result<Option<Answer>> {
    let malformed = |what: &str| io::Error::other(format!("the answer has no {what}"));
    let text = std::str::from_utf8(received).map_err(io::Error::other)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(None) };
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let (mut length, mut exchange_id) = (None, None);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("daypass-exchange-id") {
            exchange_id = Some(value.to_owned());
        }
    }
    let length = length.ok_or_else(|| malformed("length"))?;
    if body.len() < length {
        return Ok(None);
    }
    let status = status.ok_or_else(|| malformed("status"))?;
    Ok(Some(Answer { status, exchange_id, body: body.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\ndaypass-exchange-id: 7\r\nContent-Length: 2\r\n\r\nok";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).unwrap(), None, "{end}");
        }
        let answer = Answer { status: 200, exchange_id: Some("7".to_owned()), body: "ok".to_owned() };
        assert_eq!(parse(whole).unwrap(), Some(answer));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
