//! The certificate in force, and the next one: taken when it is whole, and seen alike by two looks in a row.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use daypass_jose::Timestamp;
use rustls::ServerConfig;

use super::certificate::{Certificate, CertificateFault, CertificatePem};

/// The certificate that new connections are shown.
pub struct LiveCertificate {
    current: ArcSwap<Certificate>,
    looks: Mutex<Looks>,
}

/// What the looks at the files have seen.
struct Looks {
    /// What is in force.
    taken: CertificatePem,
    /// What the last look saw where it was not that.
    pending: Option<Result<CertificatePem, String>>,
    /// What was last told of it, so that a bad pair is reported once.
    told: Option<String>,
}

/// What a look at the files came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// They are as before, or as bad as was told before.
    Unchanged,
    /// They have changed, and may be changing still: a new certificate beside an old key, say.
    Unsettled,
    /// New connections are shown another certificate.
    Replaced,
    /// What is there cannot be shown; the old one stays.
    Refused(String),
}

impl LiveCertificate {
    /// Begins with this pair.
    pub fn new(pem: CertificatePem, now: Timestamp) -> Result<Self, CertificateFault> {
        let current = ArcSwap::from_pointee(Certificate::parse(&pem, now)?);
        Ok(Self { current, looks: Mutex::new(Looks { taken: pem, pending: None, told: None }) })
    }

    /// The certificate in force.
    pub fn current(&self) -> Arc<Certificate> {
        self.current.load_full()
    }

    /// Takes note of what the files hold now, or of why they cannot be read.
    ///
    /// A bad pair is judged again by every look: one that is not valid yet will be.
    pub fn look(&self, read: Result<CertificatePem, String>, now: Timestamp) -> Look {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if read.as_ref().is_ok_and(|pem| pem.is(&looks.taken)) {
            (looks.pending, looks.told) = (None, None);
            return Look::Unchanged;
        }
        if !looks.pending.as_ref().is_some_and(|pending| are_alike(pending, &read)) {
            (looks.pending, looks.told) = (Some(read), None);
            return Look::Unsettled;
        }
        let judged = read.and_then(|pem| match Certificate::parse(&pem, now) {
            Ok(certificate) => Ok((pem, certificate)),
            Err(fault) => Err(fault.to_string()),
        });
        match judged {
            Ok((pem, certificate)) => {
                self.current.store(Arc::new(certificate));
                *looks = Looks { taken: pem, pending: None, told: None };
                Look::Replaced
            }
            Err(fault) if looks.told.as_ref() == Some(&fault) => Look::Unchanged,
            Err(fault) => {
                looks.told = Some(fault.clone());
                Look::Refused(fault)
            }
        }
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.current.load().config()
    }
}

fn are_alike(one: &Result<CertificatePem, String>, other: &Result<CertificatePem, String>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one.is(other),
        (Err(one), Err(other)) => one == other,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}
