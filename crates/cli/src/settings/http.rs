//! `[http]`: the certificate of the server itself, and the proxies in front of it.

use std::fmt;
use std::path::{Path, PathBuf};

use daypass_jose::Secret;
use daypass_web::{CertificateFault, CertificatePem, ProxyFault, TrustedProxies};

use super::files::{self, FileFault};
use super::overlay::{Given, Place, Scope};

pub(super) struct Http {
    pub(super) certificate: Option<CertificateFiles>,
    pub(super) trusted_proxies: TrustedProxies,
}

/// Where the certificate of the server and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFault {
    /// A file cannot be read.
    #[error("`{key}`: `{}`: {fault}{}", path.display(), remedy(path, fault))]
    File {
        /// The setting that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// What the files hold cannot be shown.
    #[error("the certificate of the server ({files}): {fault}{}", help(fault))]
    Certificate {
        /// The files.
        files: CertificateFiles,
        /// Why.
        fault: CertificateFault,
    },
}

impl fmt::Display for CertificateFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, `{}`", self.certificate.display(), self.key.display())
    }
}

impl CertificateFiles {
    /// The certificate's and the key's.
    pub(crate) fn paths(&self) -> [&Path; 2] {
        [&self.certificate, &self.key]
    }

    /// Reads both; the key must be its owner's alone.
    pub(crate) fn read(&self) -> Result<CertificatePem, TlsFault> {
        let fault = |key, path: &PathBuf| {
            let path = path.clone();
            move |fault| TlsFault::File { key, path, fault }
        };
        let chain = files::read_bytes(&self.certificate).map_err(fault(CERTIFICATE, &self.certificate))?;
        let key = files::read_private_text(&self.key).map_err(fault(KEY, &self.key))?;
        Ok(CertificatePem { chain, key: Secret::new(key) })
    }
}

const CERTIFICATE: &str = "tls_certificate_file";
const KEY: &str = "tls_key_file";

pub(super) fn read(http: &Scope<'_>) -> Http {
    let (certificate, key) = (http.path(CERTIFICATE), http.path(KEY));
    let proxies = http.texts("trusted_proxies");
    http.finish();
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Some(CertificateFiles { certificate: certificate.value, key: key.value })
        }
        (Some(given), None) => half(http, &given, CERTIFICATE, KEY),
        (None, Some(given)) => half(http, &given, KEY, CERTIFICATE),
        (None, None) => None,
    };
    Http { certificate, trusted_proxies: proxies.map(|given| trusted(http, &given)).unwrap_or_default() }
}

fn half(http: &Scope<'_>, given: &Given<PathBuf>, there: &str, missing: &str) -> Option<CertificateFiles> {
    let help = format!("write both, or neither for plain HTTP: `{missing} = \"…\"` in `[http]`");
    http.reading.fault(&given.place, format!("`{there}` needs `{missing}` beside it"), Some(help));
    None
}

fn trusted(http: &Scope<'_>, given: &[Given<String>]) -> TrustedProxies {
    let fault = |place: &Place, fault: &ProxyFault| {
        let help = match fault {
            ProxyFault::NotFirst { network, .. } => Some(format!("write `{network}`")),
            ProxyFault::Mapped(_) => Some("write the IPv4 address".to_owned()),
            ProxyFault::Everybody(_) => {
                Some("name the proxies that stand in front of this server".to_owned())
            }
            ProxyFault::Malformed(_) => {
                Some("write the proxy's address, or its network as `10.0.0.0/8`".to_owned())
            }
            ProxyFault::TooMany => Some("name their networks".to_owned()),
        };
        http.reading.fault(place, format!("`trusted_proxies`: {fault}"), help);
    };
    let network = |given: &Given<String>| {
        TrustedProxies::network(&given.value).map_err(|why| fault(&given.place, &why)).ok()
    };
    let networks = given.iter().filter_map(network).collect();
    TrustedProxies::new(networks)
        .map_err(|why| fault(&http.place_of("trusted_proxies"), &why))
        .unwrap_or_default()
}

fn remedy(path: &Path, fault: &FileFault) -> String {
    match fault {
        FileFault::Exposed => format!("\n  help: chmod 600 '{}'", path.display()),
        FileFault::Absent
        | FileFault::TooLarge
        | FileFault::NoFile
        | FileFault::NotText
        | FileFault::Unreadable(_) => String::new(),
    }
}

fn help(fault: &CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Expired(_) => "\n  help: renew it; every client would refuse it",
        CertificateFault::NotYetValid(_) => "\n  help: is the clock of this machine right?",
        CertificateFault::Malformed(_)
        | CertificateFault::Absent
        | CertificateFault::TooMany
        | CertificateFault::KeyMalformed
        | CertificateFault::KeyUnsupported
        | CertificateFault::KeyMismatch
        | CertificateFault::NotForServers
        | CertificateFault::Setup(_) => "",
    }
}
