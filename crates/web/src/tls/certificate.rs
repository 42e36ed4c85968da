//! A certificate with its key, proved to belong together and to be good now.

use std::sync::Arc;
use std::time::Duration;

use daypass_jose::{Secret, Timestamp};
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

/// Certificates of one chain; more is a bundle of roots, which every handshake would send.
const MAX_CHAIN: usize = 10;
/// Sessions that may be resumed; with another certificate they all begin anew.
const MAX_SESSIONS: usize = 256;

/// What the two files hold.
pub struct CertificatePem {
    /// The certificate, then those that lead to a root.
    pub chain: Vec<u8>,
    /// Its private key: PKCS#8, SEC 1 or PKCS#1.
    pub key: Secret,
}

/// A certificate that the server can show.
pub struct Certificate {
    config: Arc<ServerConfig>,
    leaf: CertificateDer<'static>,
    not_after: Timestamp,
}

/// From when to when a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its first moment.
    pub not_before: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
}

/// Why a certificate cannot be shown. No text has a part of the key in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// The chain cannot be read.
    #[error("the certificate is malformed: {0}")]
    Malformed(String),
    /// The chain is empty.
    #[error("there is no certificate in the file: it wants `-----BEGIN CERTIFICATE-----`")]
    Absent,
    /// The chain is longer than any.
    #[error(
        "there are more than {MAX_CHAIN} certificates in the file; write the server's own and those that lead to a root"
    )]
    TooMany,
    /// The key cannot be read.
    #[error("the private key is malformed: it wants PKCS#8, SEC 1 or PKCS#1 in PEM, without a passphrase")]
    KeyMalformed,
    /// The key is of a kind or size that TLS does not take here.
    #[error(
        "the private key is of a kind or size that is not taken: use ECDSA (P-256, P-384, P-521), Ed25519, or RSA from 2048 bits"
    )]
    KeyUnsupported,
    /// The key is another certificate's.
    #[error(
        "the private key does not belong to the certificate; the file begins with the server's own certificate, then those that lead to a root"
    )]
    KeyMismatch,
    /// The certificate is for another use.
    #[error("the certificate is not for servers: its extended key usage lacks serverAuth")]
    NotForServers,
    /// The certificate is not valid any more.
    #[error("the certificate ended at {0}")]
    Expired(Timestamp),
    /// The certificate is not valid yet.
    #[error("the certificate begins at {0}")]
    NotYetValid(Timestamp),
    /// The library refuses something else.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl Validity {
    /// That of a certificate in DER, whoever has signed it; `None` where it cannot be read.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let der = CertificateDer::from(certificate);
        let leaf = EndEntityCert::try_from(&der).ok()?;
        let not_before = match fault_at(&leaf, UnixTime::since_unix_epoch(Duration::ZERO)) {
            Some(webpki::Error::CertNotValidYet { not_before, .. }) => moment(not_before),
            Some(_) | None => Timestamp::from_millis(0),
        };
        Some(Self { not_before, not_after: end_of(&leaf).ok()? })
    }
}

impl CertificatePem {
    /// Whether both hold the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.chain == other.chain && self.key.ct_eq(&other.key)
    }
}

impl Certificate {
    /// Reads both and checks all that clients would refuse, but for who has signed it, which they alone can tell.
    pub fn parse(pem: &CertificatePem, now: Timestamp) -> Result<Self, CertificateFault> {
        let chain = chain(&pem.chain)?;
        let key = PrivateKeyDer::from_pem_slice(pem.key.reveal().as_bytes())
            .map_err(|_| CertificateFault::KeyMalformed)?;
        let leaf = chain.first().ok_or(CertificateFault::Absent)?.clone();
        let not_after = checked(&leaf, now)?;
        Ok(Self { config: Arc::new(config(chain, &key)?), leaf, not_after })
    }

    /// The last moment at which clients take it.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// From when to when it is good.
    pub fn validity(&self) -> Option<Validity> {
        Validity::of(&self.leaf)
    }

    /// Whether it is for this host, a name or an address.
    pub fn is_for(&self, host: &str) -> bool {
        let Ok(name) = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']')) else {
            return false;
        };
        EndEntityCert::try_from(&self.leaf)
            .is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem).take(MAX_CHAIN.saturating_add(1)).collect();
    // The library's own text would show the line, which may be one of a key in the wrong file.
    let chain = chain.map_err(|_| CertificateFault::Malformed("it is not PEM".to_owned()))?;
    if chain.len() > MAX_CHAIN { Err(CertificateFault::TooMany) } else { Ok(chain) }
}

/// The end of a certificate that is for servers and valid now. The rest of the chain is left to clients: those who have a
/// newer root skip what has ended in it.
fn checked(leaf: &CertificateDer<'_>, now: Timestamp) -> Result<Timestamp, CertificateFault> {
    let malformed = |fault: webpki::Error| CertificateFault::Malformed(fault.to_string());
    let leaf = EndEntityCert::try_from(leaf).map_err(malformed)?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.seconds()).unwrap_or(0)));
    match fault_at(&leaf, now) {
        Some(webpki::Error::CertExpired { not_after, .. }) => {
            return Err(CertificateFault::Expired(moment(not_after)));
        }
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => {
            return Err(CertificateFault::NotYetValid(moment(not_before)));
        }
        Some(webpki::Error::RequiredEkuNotFoundContext(_)) => return Err(CertificateFault::NotForServers),
        Some(
            fault @ (webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::InvalidCertValidity),
        ) => {
            return Err(malformed(fault));
        }
        // It is a CA's own, as self-signed ones often are: clients decide whether they take that.
        Some(_) | None => {}
    }
    end_of(&leaf)
}

/// What is against a certificate at a moment. Nobody is trusted here: what is said of its time and use is said before that
/// of its signer.
fn fault_at(leaf: &EndEntityCert<'_>, time: UnixTime) -> Option<webpki::Error> {
    leaf.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
}

fn end_of(leaf: &EndEntityCert<'_>) -> Result<Timestamp, CertificateFault> {
    match fault_at(leaf, UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX))) {
        Some(webpki::Error::CertExpired { not_after, .. }) => Ok(moment(not_after)),
        Some(_) | None => Err(CertificateFault::Malformed("its end cannot be read".to_owned())),
    }
}

fn moment(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).ok().and_then(Timestamp::from_seconds);
    seconds.unwrap_or(Timestamp::from_millis(i64::MAX))
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
) -> Result<ServerConfig, CertificateFault> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|fault| CertificateFault::Setup(fault.to_string()))?;
    let signing = aws_lc_rs::sign::any_supported_type(key).map_err(|_| CertificateFault::KeyUnsupported)?;
    let certified = rustls::sign::CertifiedKey::new(chain, signing);
    // The certificate has been parsed before, and every kind of key here knows its public half.
    certified.keys_match().map_err(|_| CertificateFault::KeyMismatch)?;
    let resolver = rustls::sign::SingleCertAndKey::from(certified);
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    // Whoever asks for HTTP/2 alone is told so in the handshake (RFC 7301 §3.2).
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = rustls::server::ServerSessionMemoryCache::new(MAX_SESSIONS);
    // No 0-RTT: what comes by it can be replayed (RFC 8446 §8).
    config.max_early_data_size = 0;
    Ok(config)
}
