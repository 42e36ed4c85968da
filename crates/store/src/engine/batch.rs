//! What one commit writes for the ledger: exchanges, their credentials, and the spending of their tokens.

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use rusqlite::Connection;

use super::sqlite::run;
use crate::exchanges::{ExchangeRecord, Outcome, columns};
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// The code under which the loser of a race for one token is recorded.
const ALREADY_USED: &str = "token_already_used";

/// Proof that an exchange and the spending of its token are durable. Only the ledger makes one.
#[derive(Debug)]
pub struct Recorded {
    exchange_id: ExchangeId,
}

impl Recorded {
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

/// Writes one success, or the refusal that it became because its token was spent.
pub(crate) fn write(
    connection: &Connection,
    exchange: &ExchangeRecord,
    spend: Option<Spend>,
) -> Result<Result<Recorded, LedgerFault>, StoreFault> {
    if let Some(spend) = spend
        && let Some(first) = spent_before(connection, exchange, &spend)?
    {
        let refusal = ExchangeRecord {
            outcome: Outcome::Refused,
            code: Some(ALREADY_USED.to_owned()),
            detail: Some(first.to_string()),
            credentials: Vec::new(),
            ..exchange.clone()
        };
        insert(connection, &refusal)?;
        return Ok(Err(first));
    }
    insert(connection, exchange)?;
    Ok(Ok(Recorded { exchange_id: exchange.id }))
}

/// Writes an exchange and its credentials.
pub(crate) fn insert(connection: &Connection, exchange: &ExchangeRecord) -> Result<(), StoreFault> {
    run(connection, INSERT, &exchange.values())?;
    for credential in &exchange.credentials {
        run(connection, INSERT_CREDENTIAL, &credential.values(exchange.id))?;
    }
    Ok(())
}

/// Spends the token. Where it was spent before and either use says once, gives who was first.
fn spent_before(
    connection: &Connection,
    exchange: &ExchangeRecord,
    spend: &Spend,
) -> Result<Option<LedgerFault>, StoreFault> {
    let values = vec![
        Value::Bytes(spend.key.to_vec()),
        spend.remember_until.millis().into(),
        i64::from(spend.once).into(),
        exchange.id.to_string().into(),
        exchange.source.as_str().into(),
        exchange.at.millis().into(),
    ];
    if !run(connection, SPEND, &values)?.is_empty() {
        return Ok(None);
    }
    let key = vec![Value::Bytes(spend.key.to_vec())];
    let row = run(connection, SPENT, &key)?.pop();
    let row = row.ok_or_else(|| StoreFault::Corrupt("a spent token is gone".to_owned()))?;
    let (was_once, first) = first_use(row)?;
    if !spend.once && !was_once {
        run(connection, SPEND_AGAIN, &key)?;
        return Ok(None);
    }
    Ok(Some(first))
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

const SPEND: &str = "INSERT INTO spent_tokens (key, remember_until, once, exchange_id, source, used_at, uses) \
     VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (key) DO NOTHING RETURNING uses";
pub(crate) const SPENT: &str = "SELECT once, exchange_id, source, used_at FROM spent_tokens WHERE key = $1";
const SPEND_AGAIN: &str = "UPDATE spent_tokens SET uses = uses + 1 WHERE key = $1 RETURNING uses";

const INSERT: &str = concat!(
    "INSERT INTO exchanges (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"
);
const INSERT_CREDENTIAL: &str = "INSERT INTO credentials (id, exchange_id, kind, audience, scope, expires_at, key_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
