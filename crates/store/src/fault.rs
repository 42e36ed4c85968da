//! What can go wrong with a store.

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

/// A store that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// It cannot be reached, read or written now. Passes by itself when the cause does.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The URL names no store.
    #[error("{0}")]
    Url(String),
    /// The database was made by a newer version, or does not write durably.
    #[error("{0}")]
    Refused(String),
    /// What was to be changed is not as it was read: somebody else was faster. Nothing was written.
    #[error("it was changed by somebody else at the same time")]
    Overtaken,
    /// A row is not what was written, or a value cannot be stored.
    #[error("the store holds or was given what it cannot keep: {0}")]
    Corrupt(String),
}

/// An exchange that is not in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// The token was spent before. The ledger has recorded this refusal by itself.
    #[error("spent by exchange `{first_exchange}` from `{first_source}` at {first_at}")]
    AlreadySpent {
        /// The exchange that spent it.
        first_exchange: ExchangeId,
        /// Where that came from.
        first_source: String,
        /// When.
        first_at: Timestamp,
    },
    /// More exchanges wait than the ledger takes.
    #[error("too many exchanges wait to be recorded")]
    Overloaded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}
