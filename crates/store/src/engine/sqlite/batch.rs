//! What one commit writes for the ledger: exchanges, their credentials, and the spending of their tokens.

use rusqlite::Connection;

use super::super::recorded::{FirstUse, SPENT, Spend, lost};
use super::connection::{change, run};
use crate::exchanges::{ExchangeRecord, columns};
use crate::fault::{LedgerFault, StoreFault};
use crate::value::Value;

/// Writes one success, or the refusal that it became because its token was spent.
pub(super) fn write(
    connection: &Connection,
    exchange: &ExchangeRecord,
    spend: Option<Spend>,
) -> Result<Result<(), LedgerFault>, StoreFault> {
    if let Some(spend) = spend
        && let Some(first) = spent_before(connection, exchange, &spend)?
    {
        insert(connection, &lost(exchange, &first))?;
        return Ok(Err(first));
    }
    insert(connection, exchange)?;
    Ok(Ok(()))
}

/// Writes a refusal, unless its exchange is recorded: a success whose caller gave up while it was being committed is
/// refused as well, and stays what it is.
pub(super) fn refuse(connection: &Connection, exchange: &ExchangeRecord) -> Result<(), StoreFault> {
    change(connection, INSERT_REFUSAL, &exchange.values()).map(drop)
}

/// Writes an exchange and its credentials.
fn insert(connection: &Connection, exchange: &ExchangeRecord) -> Result<(), StoreFault> {
    change(connection, INSERT, &exchange.values())?;
    for credential in &exchange.credentials {
        change(connection, INSERT_CREDENTIAL, &credential.values(exchange.id))?;
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
        Value::from(spend.key.as_slice()),
        spend.remember_until.millis().into(),
        i64::from(spend.once).into(),
        exchange.id.to_string().into(),
        exchange.source.as_str().into(),
        exchange.at.millis().into(),
    ];
    if change(connection, SPEND, &values)? > 0 {
        return Ok(None);
    }
    let key = vec![Value::from(spend.key.as_slice())];
    let row = run(connection, SPENT, &key)?.pop();
    let row = row.ok_or_else(|| StoreFault::Corrupt("a spent token is gone".to_owned()))?;
    let refused = FirstUse::read(row)?.refuses(spend);
    if refused.is_none() {
        change(connection, SPEND_AGAIN, &key)?;
    }
    Ok(refused)
}

const SPEND: &str = "INSERT INTO spent_tokens (key, remember_until, once, exchange_id, source, used_at, uses) \
     VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (key) DO NOTHING";
const SPEND_AGAIN: &str = "UPDATE spent_tokens SET uses = uses + 1 WHERE key = $1";

macro_rules! insert {
    ($if_there:literal) => {
        concat!(
            "INSERT INTO exchanges (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
            $if_there
        )
    };
}
const INSERT: &str = insert!("");
const INSERT_REFUSAL: &str = insert!(" ON CONFLICT (id) DO NOTHING");
const INSERT_CREDENTIAL: &str = "INSERT INTO credentials (id, exchange_id, kind, audience, scope, expires_at, key_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
