//! What comes out of an exchange, held back until its record is durable.

use daypass_jose::ids::ExchangeId;
use daypass_jose::{Secret, Timestamp};
use daypass_store::{CredentialRecord, Recorded};

use crate::refusal::Refusal;

/// Something that was minted and may not leave yet.
///
/// The only way to its content is [`Self::recorded`], which needs the ledger's proof that the exchange is on the
/// platter: no credential leaves before its record.
pub struct Unrecorded<T> {
    credential: T,
    record: CredentialRecord,
    exchange: ExchangeId,
}

impl<T> Unrecorded<T> {
    /// What was minted in this exchange.
    pub(crate) fn new(credential: T, record: CredentialRecord, exchange: ExchangeId) -> Self {
        Self { credential, record, exchange }
    }

    /// What the ledger keeps of it: everything but the credential.
    pub(crate) fn record(&self) -> &CredentialRecord {
        &self.record
    }

    /// Gives the credential, now that its exchange is recorded. Another exchange's record proves nothing.
    pub(crate) fn recorded(self, proof: &Recorded) -> Result<T, Refusal> {
        if proof.exchange_id() != self.exchange {
            return Err(Refusal::internal("the record is that of another exchange"));
        }
        Ok(self.credential)
    }
}

/// A signed API token for one audience.
pub struct Pass {
    /// The signed text.
    pub token: Secret,
    /// Whom it is for.
    pub audience: String,
    /// What it may do, in the order of the grant.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// For how long it is valid, in seconds.
    pub expires_in_seconds: i64,
}

impl Pass {
    /// Its scopes as OAuth writes them (RFC 6749 §3.3).
    pub fn scope(&self) -> String {
        self.scopes.join(" ")
    }
}

/// What a pass will hold: the grant, narrowed by what was asked.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Whom it is for.
    pub audience: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// For how long it is valid, in seconds.
    pub ttl_seconds: i64,
}
