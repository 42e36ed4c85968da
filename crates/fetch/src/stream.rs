//! Bytes to and from a server, however they are carried.

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes to and from a server: TCP, TLS over it, or either inside a tunnel.
pub(crate) type Stream = Box<dyn Io>;

/// What a [`Stream`] can do.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
