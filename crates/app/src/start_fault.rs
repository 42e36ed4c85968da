//! Why a server does not start.

use daypass_fetch::FetchSetupFault;
use daypass_store::StoreFault;

use crate::policy_source::PolicyFault;
use crate::signing_keys::SigningKeyFault;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The store failed.
    #[error("the store: {0}")]
    Store(#[from] StoreFault),
    /// The policy is refused or cannot be read.
    #[error("{0}")]
    Policy(#[from] PolicyFault),
    /// The outbound settings do not work.
    #[error("outbound connections: {0}")]
    Outbound(#[from] FetchSetupFault),
    /// A signing key cannot be made, opened or published.
    #[error("signing keys: {0}")]
    SigningKey(String),
    /// Nothing can be counted: a slip of this program.
    #[error("metrics: {0}")]
    Metrics(String),
}

impl From<SigningKeyFault> for StartFault {
    fn from(fault: SigningKeyFault) -> Self {
        if let SigningKeyFault::Store(fault) = fault {
            return Self::Store(fault);
        }
        Self::SigningKey(fault.to_string())
    }
}
