//! TLS: whom to trust, and the handshake.

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, InvalidMessage, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fault::{ConnectFault, FetchSetupFault};
use crate::stream::Stream;
use crate::target::Host;

/// Trusts what the system trusts. Certificates of the system that cannot be read are left out.
pub(crate) fn config_of_system() -> Result<Arc<ClientConfig>, FetchSetupFault> {
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if usable == 0 {
        tracing::warn!(
            "this system has no trusted certificates: `https` works only where the settings name a CA \
             (install the package `ca-certificates`)"
        );
    }
    config(roots)
}

/// Trusts the certificates of `ca_pem` and nothing else.
pub(crate) fn config_of_ca(ca_pem: &[u8]) -> Result<Arc<ClientConfig>, FetchSetupFault> {
    let malformed = |fault: String| FetchSetupFault::CaMalformed(fault);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem) {
        let certificate = certificate.map_err(|fault| malformed(fault.to_string()))?;
        roots.add(certificate).map_err(|fault| malformed(fault.to_string()))?;
    }
    if roots.is_empty() {
        return Err(malformed("there is none".to_owned()));
    }
    config(roots)
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, FetchSetupFault> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|fault| FetchSetupFault::Tls(fault.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session skips the certificate: every connection shall show one.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Shakes hands as a client of `host`.
pub(crate) async fn handshake(
    config: Arc<ClientConfig>,
    host: &Host,
    stream: Stream,
) -> Result<TlsStream<Stream>, ConnectFault> {
    let name = match host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| ConnectFault::Untrusted("its name cannot be in a certificate".to_owned()))?,
        Host::Address(address) => ServerName::from(*address),
    };
    TlsConnector::from(config).connect(name, stream).await.map_err(|fault| fault_of(&fault))
}

/// The server's own certificate, the first of its chain (RFC 8446 §4.4.2).
pub(crate) fn certificate_of(stream: &TlsStream<Stream>) -> Option<CertificateDer<'static>> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates()?.first().map(|leaf| leaf.clone().into_owned())
}

fn fault_of(fault: &io::Error) -> ConnectFault {
    let inner = fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => ConnectFault::NotTls,
        Some(refused) => ConnectFault::Untrusted(refused.to_string()),
        None => ConnectFault::Tls(fault.kind().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_no_ca() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for pem in ["", "nonsense", broken, cut] {
            assert!(matches!(config_of_ca(pem.as_bytes()), Err(FetchSetupFault::CaMalformed(_))), "{pem:?}");
        }
    }
}
