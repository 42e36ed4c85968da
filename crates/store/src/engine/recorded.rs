//! What the ledger proves, what it is asked to spend, and what becomes of a race's loser.

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

use crate::exchanges::{ExchangeRecord, Outcome};
use crate::fault::{LedgerFault, StoreFault};
use crate::value::Row;

/// The code under which the loser of a race for one token is recorded.
const ALREADY_USED: &str = "token_already_used";

/// Proof that an exchange and the spending of its token are durable. Only the ledger makes one.
#[derive(Debug)]
pub struct Recorded {
    exchange_id: ExchangeId,
    batch_size: usize,
}

impl Recorded {
    /// INVARIANT: called only after the commit that made it durable has returned.
    pub(super) fn new(exchange_id: ExchangeId, batch_size: usize) -> Self {
        Self { exchange_id, batch_size }
    }

    /// The exchange.
    pub fn exchange_id(&self) -> ExchangeId {
        self.exchange_id
    }

    /// Requests that went with the same commit, itself included.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }
}

/// The spending of a token by a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spend {
    /// Under what it is remembered.
    pub key: [u8; 32],
    /// Until when: it must outlive the token, its leeway and a margin, or the token can be replayed.
    pub remember_until: Timestamp,
    /// Whether a second use is refused; otherwise it is counted.
    pub once: bool,
}

/// The refusal that a success becomes where its token was spent before.
pub(super) fn lost(exchange: &ExchangeRecord, first: &LedgerFault) -> ExchangeRecord {
    ExchangeRecord {
        outcome: Outcome::Refused,
        code: Some(ALREADY_USED.to_owned()),
        detail: Some(first.to_string()),
        credentials: Vec::new(),
        ..exchange.clone()
    }
}

/// Who spent a token first.
pub(crate) struct FirstUse {
    was_once: bool,
    exchange: ExchangeId,
    source: String,
    at: Timestamp,
}

impl FirstUse {
    /// A use that was the first.
    pub(super) fn of(exchange: &ExchangeRecord, spend: &Spend) -> Self {
        Self { was_once: spend.once, exchange: exchange.id, source: exchange.source.clone(), at: exchange.at }
    }

    /// Reads the columns of [`SPENT`].
    pub(crate) fn read(mut row: Row) -> Result<Self, StoreFault> {
        Ok(Self {
            was_once: row.integer()? != 0,
            exchange: row.parsed(ExchangeId::parse)?,
            source: row.text()?,
            at: Timestamp::from_millis(row.integer()?),
        })
    }

    /// Whether it is the use by this exchange.
    pub(super) fn is_by(&self, exchange: &ExchangeRecord) -> bool {
        self.exchange == exchange.id
    }

    /// Why a later use is refused: it is if either says once.
    pub(crate) fn refuses(&self, later: &Spend) -> Option<LedgerFault> {
        (later.once || self.was_once).then(|| LedgerFault::AlreadySpent {
            first_exchange: self.exchange,
            first_source: self.source.clone(),
            first_at: self.at,
        })
    }
}

/// The first use of a token.
pub(crate) const SPENT: &str = "SELECT once, exchange_id, source, used_at FROM spent_tokens WHERE key = $1";
