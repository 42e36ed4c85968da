//! A CA that tests make and nobody else trusts, certificates of it, and clients that trust it.

use std::net::SocketAddr;
use std::sync::Arc;

use daypass_jose::{Clock as _, Secret};
use daypass_web::{CertificatePem, LiveCertificate};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::clock::TestClock;
use super::http::{Answer, parse};

pub(crate) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A pair for a host, made after `change`.
    pub(crate) fn pem(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificatePem {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        CertificatePem { chain: certificate.pem().into_bytes(), key: Secret::new(key.serialize_pem()) }
    }

    /// A certificate for loopback in force.
    pub(crate) fn live(&self) -> Arc<LiveCertificate> {
        let pem = self.pem("127.0.0.1", |_| {});
        Arc::new(LiveCertificate::new(pem, TestClock::new().now()).unwrap())
    }

    /// A client that trusts this CA, after `change`.
    pub(crate) fn client(&self, change: impl FnOnce(&mut ClientConfig)) -> Arc<ClientConfig> {
        let mut config = self.client_config(rustls::ALL_VERSIONS);
        change(&mut config);
        Arc::new(config)
    }

    /// A client that trusts this CA and speaks these versions.
    pub(crate) fn client_of(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        Arc::new(self.client_config(versions))
    }

    fn client_config(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        builder.with_root_certificates(roots).with_no_client_auth()
    }
}

/// Shakes hands with a server as a client that calls it by this name.
pub(crate) async fn connect(
    config: &Arc<ClientConfig>,
    address: SocketAddr,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// Sends these bytes over TLS and reads until the server closes.
pub(crate) async fn send_tls(
    config: &Arc<ClientConfig>,
    address: SocketAddr,
    request: &[u8],
) -> Option<Answer> {
    let mut stream = connect(config, address, "127.0.0.1").await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes).await);
    parse(&bytes)
}
