//! One transaction of the ledger: exchanges, their credentials, and the spending of their tokens, by a few statements
//! over arrays.
//!
//! Two servers may spend the same tokens at once. Each inserts its keys in their order, so that of two that meet one
//! waits for the other, and never both. Who waited looks at who was first, and records its own as refusals.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::super::recorded::{FirstUse, Recorded, Spend, lost};
use super::commit::BEGIN;
use super::session::{Session, any};
use super::trouble::Trouble;
use crate::exchanges::{ExchangeRecord, Outcome, columns};
use crate::fault::LedgerFault;
use crate::value::{Row, Value};

/// An exchange to be written, and the token that it spends.
pub(super) struct Entry {
    pub(super) exchange: Arc<ExchangeRecord>,
    pub(super) spend: Option<Spend>,
}

/// What became of each entry, in their order.
pub(super) type Outcomes = Vec<Result<Recorded, LedgerFault>>;

/// Who spent each token first.
type Firsts = BTreeMap<[u8; 32], FirstUse>;

/// Writes all of it and commits, or nothing. Where the commit was sent and no answer came, it may be either.
pub(super) async fn write(session: &mut Session, entries: &[Entry]) -> Result<Outcomes, Trouble> {
    session.batch(BEGIN).await?;
    let firsts = spend(session, entries).await?;
    let mut again = Vec::new();
    let mut written = Vec::with_capacity(entries.len());
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(fault) = beaten(entry, &firsts)? {
            written.push(Arc::new(lost(&entry.exchange, &fault)));
            outcomes.push(Err(fault));
        } else {
            again.extend(used_again(entry, &firsts));
            written.push(Arc::clone(&entry.exchange));
            outcomes.push(Ok(entry.exchange.id));
        }
    }
    insert(session, &written).await?;
    count_uses(session, again).await?;
    session.batch("COMMIT").await?;
    let recorded = |id| Recorded::new(id, entries.len());
    Ok(outcomes.into_iter().map(|outcome| outcome.map(recorded)).collect())
}

/// Spends what is unspent; gives who was first for each token of the batch.
async fn spend(session: &mut Session, entries: &[Entry]) -> Result<Firsts, Trouble> {
    // The first of the batch spends for all of it; a map, since the keys must go in their order.
    let mut candidates: BTreeMap<[u8; 32], (&ExchangeRecord, &Spend)> = BTreeMap::new();
    for entry in entries {
        if let Some(spend) = &entry.spend {
            candidates.entry(spend.key).or_insert((&entry.exchange, spend));
        }
    }
    if candidates.is_empty() {
        return Ok(Firsts::new());
    }
    let spends = candidates.values();
    let keys: Vec<&[u8]> = candidates.keys().map(<[u8; 32]>::as_slice).collect();
    let until: Vec<i64> = spends.clone().map(|(_, spend)| spend.remember_until.millis()).collect();
    let once: Vec<i64> = spends.clone().map(|(_, spend)| i64::from(spend.once)).collect();
    let ids: Vec<String> = spends.clone().map(|(exchange, _)| exchange.id.to_string()).collect();
    let sources: Vec<&str> = spends.clone().map(|(exchange, _)| exchange.source.as_str()).collect();
    let used: Vec<i64> = spends.map(|(exchange, _)| exchange.at.millis()).collect();
    let mut firsts = Firsts::new();
    for mut row in session.query(SPEND, &[&keys, &until, &once, &ids, &sources, &used]).await? {
        let key = key_of(&mut row)?;
        let Some((exchange, spend)) = candidates.remove(&key) else { continue };
        firsts.insert(key, FirstUse::of(exchange, spend));
    }
    let beaten: Vec<&[u8]> = candidates.keys().map(<[u8; 32]>::as_slice).collect();
    if !beaten.is_empty() {
        for mut row in session.query(SPENT, &[&beaten]).await? {
            firsts.insert(key_of(&mut row)?, FirstUse::read(row).map_err(|_| odd())?);
        }
    }
    Ok(firsts)
}

/// Who was first, where this use is refused for it.
fn beaten(entry: &Entry, firsts: &Firsts) -> Result<Option<LedgerFault>, Trouble> {
    let Some(spend) = &entry.spend else { return Ok(None) };
    // Swept between two statements: it is unspent now.
    let first = firsts.get(&spend.key).ok_or_else(|| Trouble::Again("a spent token is gone".to_owned()))?;
    Ok(if first.is_by(&entry.exchange) { None } else { first.refuses(spend) })
}

/// The token of a use that was allowed and was not the first.
fn used_again(entry: &Entry, firsts: &Firsts) -> Option<[u8; 32]> {
    let spend = entry.spend.as_ref()?;
    firsts.get(&spend.key).filter(|first| !first.is_by(&entry.exchange)).map(|_| spend.key)
}

async fn count_uses(session: &mut Session, again: Vec<[u8; 32]>) -> Result<(), Trouble> {
    let mut counts: BTreeMap<[u8; 32], i64> = BTreeMap::new();
    for key in again {
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }
    if counts.is_empty() {
        return Ok(());
    }
    let keys: Vec<&[u8]> = counts.keys().map(<[u8; 32]>::as_slice).collect();
    let uses: Vec<i64> = counts.values().copied().collect();
    session.query(LOCK_SPENT, &[&keys]).await?;
    session.query(SPEND_AGAIN, &[&keys, &uses]).await.map(drop)
}

async fn insert(session: &mut Session, exchanges: &[Arc<ExchangeRecord>]) -> Result<(), Trouble> {
    // A success whose caller gave up while it was being committed is refused as well, and stays what it is.
    for (sql, is_success) in [(INSERT, true), (INSERT_REFUSALS, false)] {
        let ended_so =
            exchanges.iter().filter(|exchange| (exchange.outcome == Outcome::Success) == is_success);
        insert_rows(session, sql, ended_so.map(|exchange| exchange.values())).await?;
    }
    let credentials = exchanges.iter().flat_map(|exchange| {
        exchange.credentials.iter().map(move |credential| credential.values(exchange.id))
    });
    insert_rows(session, INSERT_CREDENTIALS, credentials).await
}

/// Rows go as one array a column.
async fn insert_rows<'a>(
    session: &mut Session,
    sql: &'static str,
    rows: impl Iterator<Item = Vec<Value<'a>>>,
) -> Result<(), Trouble> {
    let mut columns: Vec<Vec<Value<'a>>> = Vec::new();
    for row in rows {
        columns.resize_with(row.len(), Vec::new);
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    let arrays: Vec<&(dyn ToSql + Sync)> = columns.iter().map(any).collect();
    session.query(sql, &arrays).await.map(drop)
}

fn key_of(row: &mut Row) -> Result<[u8; 32], Trouble> {
    row.bytes().ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(odd)
}

fn odd() -> Trouble {
    Trouble::Server("a row of spent tokens is not what was written".to_owned())
}

/// In the order of the keys: see above. Whoever has inserted a key and not committed yet is waited for.
const SPEND: &str = "INSERT INTO spent_tokens (key, remember_until, once, exchange_id, source, used_at, uses) \
     SELECT spend.*, 1 FROM UNNEST($1::BYTEA[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[]) \
     AS spend (key, remember_until, once, exchange_id, source, used_at) ORDER BY spend.key \
     ON CONFLICT (key) DO NOTHING RETURNING key";
const SPENT: &str =
    "SELECT key, once, exchange_id, source, used_at FROM spent_tokens WHERE key = ANY($1::BYTEA[])";
const LOCK_SPENT: &str = "SELECT key FROM spent_tokens WHERE key = ANY($1::BYTEA[]) ORDER BY key FOR UPDATE";
const SPEND_AGAIN: &str = "UPDATE spent_tokens SET uses = spent_tokens.uses + again.uses \
     FROM UNNEST($1::BYTEA[], $2::BIGINT[]) AS again (key, uses) WHERE spent_tokens.key = again.key";

macro_rules! insert {
    ($if_there:literal) => {
        concat!(
            "INSERT INTO exchanges (",
            columns!(),
            ") SELECT * FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], \
             $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::TEXT[], \
             $16::TEXT[], $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], $21::TEXT[], $22::TEXT[])",
            $if_there
        )
    };
}
const INSERT: &str = insert!("");
const INSERT_REFUSALS: &str = insert!(" ON CONFLICT (id) DO NOTHING");
const INSERT_CREDENTIALS: &str = "INSERT INTO credentials (id, exchange_id, kind, audience, scope, expires_at, key_id) \
     SELECT * FROM UNNEST($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], $7::TEXT[])";
