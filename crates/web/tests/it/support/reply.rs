//! How an issuer answers one request, honestly or not: bytes on a socket.

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Answer(u16, String, Vec<u8>),
    /// These bytes, and then these without end.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes one at a time, with a second between them.
    Drip(Vec<u8>),
    /// Nothing, with an open connection.
    Hang,
    /// A reset.
    Reset,
}

impl Reply {
    pub(crate) fn json(document: &Value) -> Self {
        Self::text(document.to_string())
    }

    pub(crate) fn text(body: impl AsRef<[u8]>) -> Self {
        Self::with("", body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, String::new(), b"{}".to_vec())
    }

    pub(crate) fn with(headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::Answer(200, headers.to_owned(), body.as_ref().to_vec())
    }

    pub(crate) fn moved(to: &str) -> Self {
        Self::Answer(302, format!("Location: {to}\r\n"), Vec::new())
    }

    /// Writes it, for as long as the other side takes it; gives the number of bytes that it took.
    pub(crate) async fn write(self, stream: &mut TcpStream) -> usize {
        match self {
            Self::Answer(status, headers, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
                let (bytes, mut taken) = ([head.as_bytes(), &body].concat(), 0);
                // The client may be gone at any time.
                while let Ok(more @ 1..) = stream.write(&bytes[taken..]).await {
                    taken += more;
                }
                drop(stream.shutdown().await);
                taken
            }
            Self::Endless(head, chunk) => {
                let mut taken = head.len();
                drop(stream.write_all(&head).await);
                while let Ok(more @ 1..) = stream.write(&chunk).await {
                    taken += more;
                }
                taken
            }
            Self::Drip(bytes) => {
                let mut seconds = tokio::time::interval(std::time::Duration::from_secs(1));
                for (at, byte) in bytes.iter().enumerate() {
                    seconds.tick().await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        return at;
                    }
                }
                bytes.len()
            }
            Self::Hang => std::future::pending().await,
            Self::Reset => {
                stream.set_zero_linger().unwrap();
                0
            }
        }
    }
}
