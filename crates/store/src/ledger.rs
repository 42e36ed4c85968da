//! The ledger: what was exchanged, for whom, and which tokens are spent. A success is recorded before it is told.

use std::sync::Arc;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

use crate::engine::{Engine, FirstUse, LedgerStatistics, Recorded, SPENT, Spend};
use crate::exchanges::{CredentialRecord, ExchangeFilter, ExchangeRecord, IdRange, Order, Outcome, columns};
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// Rows of one page of a list at most.
pub const MAX_PAGE: u32 = 1_000;

/// Exchanges that one statement of a list looks at, where it may have to pass over many: a ledger has no end, a read a
/// deadline.
const STEP: u32 = 10_000;

/// Exchanges and spent tokens.
pub struct Ledger {
    engine: Arc<Engine>,
}

impl Ledger {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Records a success and spends its token in one commit; returns when that is durable.
    ///
    /// The loser of a race for one token is recorded as a refusal in the same commit. Where the caller stops waiting,
    /// nothing is written and the token stays unspent, unless the commit had begun: then the success is recorded and
    /// its token spent, but its credential has not left.
    pub async fn record(
        &self,
        exchange: impl Into<Arc<ExchangeRecord>>,
        spend: Option<Spend>,
    ) -> Result<Recorded, LedgerFault> {
        self.engine.record(exchange.into(), spend).await
    }

    /// Who spent a token that may be spent once, if somebody did. It spends nothing.
    pub async fn spent(&self, spend: &Spend) -> Result<Option<LedgerFault>, StoreFault> {
        let key = vec![Value::from(spend.key.to_vec())];
        let Some(row) = self.engine.look(SPENT, key).await?.pop() else { return Ok(None) };
        Ok(FirstUse::read(row)?.refuses(spend))
    }

    /// Hands over what gives nothing: a refusal, or a dry run. It is written with one of the next commits, behind all successes; when too many wait, or
    /// the database fails, it is dropped and counted.
    pub fn refuse(&self, exchange: ExchangeRecord) {
        self.engine.refuse(exchange);
    }

    /// What was written since the store was opened.
    pub fn statistics(&self) -> LedgerStatistics {
        self.engine.statistics()
    }

    /// One exchange with its credentials.
    pub async fn show(&self, id: ExchangeId) -> Result<Option<ExchangeRecord>, StoreFault> {
        let rows = self.engine.read(SHOW, vec![id.to_string().into()]).await?;
        Ok(with_credentials(rows)?.pop())
    }

    /// Exchanges that fit, with their credentials; at most `limit` or [`MAX_PAGE`]. Where most do not fit, it takes many
    /// short statements.
    pub async fn list(&self, filter: &ExchangeFilter, limit: u32) -> Result<Vec<ExchangeRecord>, StoreFault> {
        let limit = limit.min(MAX_PAGE);
        let mut range = filter.id_range();
        if !filter.passes_over() {
            return self.list_in(filter, &range, limit).await;
        }
        let mut found: Vec<ExchangeRecord> = Vec::new();
        loop {
            let room = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
            if room == 0 {
                return Ok(found);
            }
            let Some(end) = self.end_of_step(filter.order, &range).await? else { return Ok(found) };
            let (step, rest) = match filter.order {
                Order::NewestFirst => {
                    let end = end.to_string();
                    let step = IdRange { from: end.clone(), below: range.below };
                    (step, IdRange { from: range.from, below: end })
                }
                Order::OldestFirst => {
                    let end = IdRange::above(end);
                    let step = IdRange { from: range.from, below: end.clone() };
                    (step, IdRange { from: end, below: range.below })
                }
            };
            found.extend(self.list_in(filter, &step, room).await?);
            range = rest;
        }
    }

    /// The last of the next [`STEP`] exchanges, whatever they are; `None` where there are no more.
    async fn end_of_step(&self, order: Order, range: &IdRange) -> Result<Option<ExchangeId>, StoreFault> {
        let sql = match order {
            Order::NewestFirst => STEP_DOWN,
            Order::OldestFirst => STEP_UP,
        };
        let values = vec![range.from.as_str().into(), range.below.as_str().into(), i64::from(STEP).into()];
        match self.engine.read(sql, values).await?.pop() {
            Some(mut row) => row.optional_parsed(ExchangeId::parse),
            None => Ok(None),
        }
    }

    async fn list_in(
        &self,
        filter: &ExchangeFilter,
        range: &IdRange,
        limit: u32,
    ) -> Result<Vec<ExchangeRecord>, StoreFault> {
        let values = vec![
            range.from.as_str().into(),
            range.below.as_str().into(),
            filter.project_id.map(|id| id.to_string()).into(),
            filter.code.as_deref().into(),
            filter.outcome.map(Outcome::as_str).into(),
            filter.role.as_deref().into(),
            filter.run_id.as_deref().into(),
            filter.source.as_deref().into(),
            i64::from(limit).into(),
        ];
        let of_project = filter.project_id.is_some();
        let sql = match (filter.order, of_project, filter.code.is_some()) {
            (Order::NewestFirst, true, _) => NEWEST_OF_PROJECT,
            (Order::NewestFirst, false, true) => NEWEST_OF_CODE,
            (Order::NewestFirst, false, false) => NEWEST,
            (Order::OldestFirst, true, _) => OLDEST_OF_PROJECT,
            (Order::OldestFirst, false, true) => OLDEST_OF_CODE,
            (Order::OldestFirst, false, false) => OLDEST,
        };
        with_credentials(self.engine.read(sql, values).await?)
    }

    /// Forgets at most `limit` spent tokens that can no longer be valid; gives their number.
    pub async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreFault> {
        let swept = self.engine.write(SWEEP, vec![now.millis().into(), i64::from(limit).into()]).await?;
        Ok(u64::try_from(swept.len()).unwrap_or(u64::MAX))
    }

    /// Forgets at most `limit` exchanges from before a moment, the oldest first, with their credentials; gives their
    /// number. What is spent stays so: spent tokens have a memory of their own.
    pub async fn forget(&self, before: Timestamp, limit: u32) -> Result<u64, StoreFault> {
        let oldest_kept = ExchangeId::first_of(before).to_string();
        let forgotten = self.engine.write(FORGET, vec![oldest_kept.into(), i64::from(limit).into()]).await?;
        Ok(u64::try_from(forgotten.len()).unwrap_or(u64::MAX))
    }
}

/// A statement that reads exchanges, each as many times as it has credentials, or once.
macro_rules! with_credentials {
    ($which:expr, $order:literal) => {
        concat!(
            "SELECT listed.*, credentials.id, credentials.kind, credentials.audience, credentials.scope, \
             credentials.expires_at, credentials.key_id FROM (SELECT ",
            columns!(),
            " FROM exchanges WHERE ",
            $which,
            ") AS listed LEFT JOIN credentials ON credentials.exchange_id = listed.id ORDER BY listed.id ",
            $order,
            ", credentials.id"
        )
    };
}

/// A statement that lists exchanges. An engine uses an index for what must hold, and none for what must hold unless it is
/// NULL: `index` is said once more, so that one is used.
macro_rules! listed {
    ($index:literal, $order:literal) => {
        with_credentials!(
            concat!(
                $index,
                "id >= $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR project_id = $3) \
                 AND (CAST($4 AS TEXT) IS NULL OR code = $4) AND (CAST($5 AS TEXT) IS NULL OR outcome = $5) \
                 AND (CAST($6 AS TEXT) IS NULL OR role = $6) AND (CAST($7 AS TEXT) IS NULL OR run_id = $7) \
                 AND (CAST($8 AS TEXT) IS NULL OR source = $8) ORDER BY id ",
                $order,
                " LIMIT $9"
            ),
            $order
        )
    };
}

/// Exchanges of rows that are in the order of exchanges.
fn with_credentials(rows: Vec<Row>) -> Result<Vec<ExchangeRecord>, StoreFault> {
    let mut exchanges: Vec<ExchangeRecord> = Vec::new();
    for mut row in rows {
        let exchange = ExchangeRecord::from_row(&mut row)?;
        if exchanges.last().is_none_or(|last| last.id != exchange.id) {
            exchanges.push(exchange);
        }
        if !row.is_null()
            && let Some(last) = exchanges.last_mut()
        {
            last.credentials.push(CredentialRecord::from_row(row)?);
        }
    }
    Ok(exchanges)
}

const FORGET: &str = "DELETE FROM exchanges WHERE id IN \
     (SELECT id FROM exchanges WHERE id < $1 ORDER BY id LIMIT $2) RETURNING outcome";
const SWEEP: &str = "DELETE FROM spent_tokens WHERE key IN \
     (SELECT key FROM spent_tokens WHERE remember_until < $1 ORDER BY remember_until LIMIT $2) RETURNING uses";
const SHOW: &str = with_credentials!("id = $1", "");
const NEWEST: &str = listed!("", "DESC");
const NEWEST_OF_PROJECT: &str = listed!("project_id = $3 AND ", "DESC");
const NEWEST_OF_CODE: &str = listed!("code = $4 AND ", "DESC");
const OLDEST: &str = listed!("", "ASC");
const OLDEST_OF_PROJECT: &str = listed!("project_id = $3 AND ", "ASC");
const OLDEST_OF_CODE: &str = listed!("code = $4 AND ", "ASC");
const STEP_DOWN: &str = "SELECT MIN(id) FROM \
     (SELECT id FROM exchanges WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS step";
const STEP_UP: &str = "SELECT MAX(id) FROM \
     (SELECT id FROM exchanges WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3) AS step";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Location;

    /// How an engine that tells would go about a statement.
    async fn plan(sql: &'static str, values: Vec<Value<'_>>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::parse(&format!("sqlite://{}/x.db", folder.path().display())).unwrap();
        let engine = tokio::task::spawn_blocking(|| Engine::open(location)).await.unwrap().unwrap();
        let mut told = String::new();
        for mut row in engine.read(sql, values).await.unwrap() {
            for _ in 0..3 {
                row.integer().unwrap();
            }
            told.push_str(&row.text().unwrap());
            told.push('\n');
        }
        tokio::task::spawn_blocking(move || engine.close()).await.unwrap();
        told
    }

    macro_rules! plan {
        ($index:literal, $order:literal) => {
            plan(
                concat!("EXPLAIN QUERY PLAN ", listed!($index, $order)),
                (1..=9).map(|number| if number == 9 { 1.into() } else { "x".into() }).collect(),
            )
            .await
        };
    }

    #[tokio::test]
    async fn a_list_reads_a_range_of_ids_by_an_index() {
        for (plan, index) in [
            (plan!("", "DESC"), "sqlite_autoindex_exchanges_1 (id>? AND id<?)"),
            (plan!("", "ASC"), "sqlite_autoindex_exchanges_1 (id>? AND id<?)"),
            (plan!("project_id = $3 AND ", "DESC"), "exchanges_by_project (project_id=? AND id>? AND id<?)"),
            (plan!("code = $4 AND ", "ASC"), "exchanges_refused (code=? AND id>? AND id<?)"),
        ] {
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("SCAN exchanges"), "{plan}");
        }
    }
}
