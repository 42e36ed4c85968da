//! The handshake with one client: on its own time, and not longer than [`HANDSHAKE_DEADLINE`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::plain;
use crate::socket::{Socket, watched};

/// How long a client may take from its connection to the end of its handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Shakes hands. `None` where the client has said nothing, or spoken HTTP and been told to speak TLS.
pub(crate) async fn handshake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<Option<TlsStream<Socket>>> {
    match tokio::time::timeout(HANDSHAKE_DEADLINE, begun(stream, config)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")),
    }
}

async fn begun(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Option<TlsStream<Socket>>> {
    let mut first = [0_u8];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if plain::is_http(first) {
        plain::refuse(stream).await?;
        return Ok(None);
    }
    // The last flight of a handshake and the first answer are small writes behind each other: none shall wait for an ACK.
    stream.set_nodelay(true)?;
    TlsAcceptor::from(config).accept(watched(stream)).await.map(Some)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn config() -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let resolver = Arc::new(rustls::server::ResolvesServerCertUsingSni::new());
        Arc::new(builder.with_no_client_auth().with_cert_resolver(resolver))
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    /// The clock stands still while anything happens and jumps to the next deadline when nothing does.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_is_cut_at_the_deadline() {
        // Nothing, the first byte, a record that is announced and does not come, HTTP that does not end.
        for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n"] {
            let (mut client, server) = pair().await;
            client.write_all(begun).await.unwrap();
            let started = tokio::time::Instant::now();
            let fault = handshake(server, config()).await.unwrap_err();
            assert_eq!(fault.kind(), io::ErrorKind::TimedOut, "{begun:?}");
            assert_eq!(started.elapsed().as_secs(), HANDSHAKE_DEADLINE.as_secs(), "{begun:?}");
            drop(client.read_to_end(&mut Vec::new()).await);
        }
    }
}
