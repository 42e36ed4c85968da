//! TLS of the server itself: the certificate, its replacement while the server runs, the handshake.

mod certificate;
mod handshake;
mod live;
mod plain;

pub use certificate::{Certificate, CertificateFault, CertificatePem, Validity};
pub(crate) use handshake::handshake;
pub use live::{LiveCertificate, Look};
