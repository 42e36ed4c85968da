//! Bytes to and from a server, however they are carried.

use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes to and from a server: TCP, TLS over it, or either inside a tunnel.
pub(crate) type Stream = Box<dyn Io>;

/// A connection that is ready for the request.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    /// What the server showed of itself, verified; `None` without TLS.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// What a [`Stream`] can do.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
