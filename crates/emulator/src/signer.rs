//! What signs tokens.

use std::sync::Arc;

use daypass_jose::{Clock, Object, Random, Secret, Timestamp};

use crate::fault::EmulatorFault;
use crate::keys::Keys;

/// What signs tokens, and as whom.
pub(crate) struct Signer {
    issuer: String,
    keys: Keys,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Random>,
}

impl Signer {
    pub(crate) fn new(issuer: String, keys: Keys, clock: Arc<dyn Clock>, rng: Arc<dyn Random>) -> Self {
        Self { issuer, keys, clock, rng }
    }

    /// The published keys, as a JWK set.
    pub(crate) fn key_set(&self) -> &str {
        self.keys.document()
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn rng(&self) -> &dyn Random {
        self.rng.as_ref()
    }

    pub(crate) fn sign(&self, claims: &Object) -> Result<Secret, EmulatorFault> {
        Ok(self.keys.sign(claims)?)
    }
}
