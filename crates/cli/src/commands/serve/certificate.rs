//! The certificate of the server: read at the start, and again when its files change.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use daypass_app::jobs;
use daypass_jose::Clock;
use daypass_web::{LiveCertificate, Look, TrustedProxies};

use super::start::StartFault;
use crate::settings::{CertificateFiles, TlsFault};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// A certificate in force, and where the next one is looked for.
pub(super) struct Served {
    pub(super) live: Arc<LiveCertificate>,
    files: CertificateFiles,
    /// By which clients call the server.
    host: String,
}

impl Served {
    /// Reads the files; a pair that clients would refuse is no beginning.
    pub(super) fn load(files: CertificateFiles, host: &str, clock: &dyn Clock) -> Result<Self, StartFault> {
        let live = LiveCertificate::new(files.read()?, clock.now())
            .map_err(|fault| TlsFault::Certificate { files: files.clone(), fault })?;
        Ok(Self { live: Arc::new(live), files, host: host.to_owned() })
    }

    /// Logs what an operator should know of the certificate in force.
    pub(super) fn log(&self) {
        let certificate = self.live.current();
        tracing::info!(
            certificate.not_after = %certificate.not_after(),
            "new connections are shown the certificate in {}", self.files
        );
        if !certificate.is_for(&self.host) {
            tracing::warn!(
                "the certificate in {} is not for `{}`, the host of `public_url`: clients will refuse it",
                self.files,
                self.host
            );
        }
    }

    /// Looks at the files again and again, until dropped.
    pub(super) async fn watch(self, clock: Arc<dyn Clock>) {
        let served = Arc::new(self);
        let told_of_end = Mutex::new(None);
        jobs::every(INTERVAL, || async {
            served.look(Arc::clone(&clock)).await;
            let not_after = served.live.current().not_after();
            let mut told = told_of_end.lock().unwrap_or_else(PoisonError::into_inner);
            if clock.now() > not_after && *told != Some(not_after) {
                tracing::error!("the certificate in force has ended at {not_after}: clients refuse it");
                *told = Some(not_after);
            }
        })
        .await;
    }

    async fn look(self: &Arc<Self>, clock: Arc<dyn Clock>) {
        let served = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || {
            served.live.look(served.files.read().map_err(|fault| fault.to_string()), clock.now())
        });
        match looked.await {
            Ok(Look::Unchanged | Look::Unsettled) => {}
            Ok(Look::Replaced) => self.log(),
            Ok(Look::Refused(fault)) => {
                tracing::error!(
                    "the new certificate in {} is refused, the old one stays: {fault}",
                    self.files
                );
            }
            Err(fault) => tracing::error!("reading the certificate failed: {fault}"),
        }
    }
}

/// What is said of a server that others can reach by plain HTTP, and that knows of no proxy that ends TLS.
pub(super) fn without(address: SocketAddr, trusted_proxies: &TrustedProxies) -> Option<String> {
    (!address.ip().to_canonical().is_loopback() && trusted_proxies.is_empty()).then(|| {
        format!(
            "tokens and passes come to {address} without TLS: give the server a certificate (`tls_certificate_file` in \
             `[http]`), or name the proxy that ends TLS in `trusted_proxies`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_that_others_can_reach_is_a_warning_unless_a_proxy_is_named() {
        let proxy = TrustedProxies::new(vec![TrustedProxies::network("10.0.0.1").unwrap()]).unwrap();
        for (address, is_told) in [
            ("0.0.0.0:8080", true),
            ("[::]:8080", true),
            ("192.0.2.1:80", true),
            ("127.0.0.1:80", false),
            ("[::1]:80", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(without(address, &TrustedProxies::default()).is_some(), is_told, "{address}");
            assert_eq!(without(address, &proxy), None);
        }
    }
}
