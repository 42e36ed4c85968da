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
}

impl Recorded {
    /// INVARIANT: called only for what a commit that has returned made durable.
    pub(super) fn new(exchange_id: ExchangeId) -> Self {
        Self { exchange_id }
    }

    /// The exchange.
    pub fn exchange_id(&self) -> ExchangeId {
        self.exchange_id
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

/// Whether a token was spent once for all, and by whom.
pub(crate) fn first_use(mut row: Row) -> Result<(bool, LedgerFault), StoreFault> {
    let was_once = row.integer()? != 0;
    let first = LedgerFault::AlreadySpent {
        first_exchange: row.parsed(ExchangeId::parse)?,
        first_source: row.text()?,
        first_at: Timestamp::from_millis(row.integer()?),
    };
    Ok((was_once, first))
}

/// The first use of a token.
pub(crate) const SPENT: &str = "SELECT once, exchange_id, source, used_at FROM spent_tokens WHERE key = $1";
