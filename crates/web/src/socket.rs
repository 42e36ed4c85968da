//! Bytes to and from a client, which must read what it is sent.

use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// How long a client may leave what was written to it unread.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// A connection that ends when the client does not read.
pub(crate) type Socket = Pin<Box<TimeoutStream<TcpStream>>>;

/// Watches over a connection.
pub(crate) fn watched(stream: TcpStream) -> Socket {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    Box::pin(stream)
}
