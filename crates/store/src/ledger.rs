//! The ledger: what was exchanged, for whom, and which tokens are spent. A success is recorded before it is told.

use std::sync::Arc;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

use crate::engine::{Engine, FirstUse, LedgerStatistics, Recorded, SPENT, Spend};
use crate::exchanges::{CredentialRecord, ExchangeFilter, ExchangeRecord, Outcome, columns};
use crate::fault::{LedgerFault, StoreFault};
use crate::value::Value;

/// Rows of one page of a list at most.
pub const MAX_PAGE: u32 = 1_000;

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

    /// Hands over a refusal. It is written with one of the next commits, behind all successes; when too many wait, or
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
        let Some(row) = self.engine.read(SHOW, vec![id.to_string().into()]).await?.pop() else {
            return Ok(None);
        };
        let mut exchange = ExchangeRecord::from_row(row)?;
        let credentials = self.engine.read(CREDENTIALS, vec![id.to_string().into()]).await?;
        exchange.credentials =
            credentials.into_iter().map(CredentialRecord::from_row).collect::<Result<_, _>>()?;
        Ok(Some(exchange))
    }

    /// Exchanges that fit, newest first, without their credentials; at most `limit` or [`MAX_PAGE`].
    pub async fn list(&self, filter: &ExchangeFilter, limit: u32) -> Result<Vec<ExchangeRecord>, StoreFault> {
        let values = vec![
            filter.project_id.map(|id| id.to_string()).into(),
            filter.outcome.map(Outcome::as_str).into(),
            filter.code.clone().into(),
            filter.role.clone().into(),
            filter.since.map(Timestamp::millis).into(),
            filter.before.map(|id| id.to_string()).into(),
            i64::from(limit.min(MAX_PAGE)).into(),
        ];
        self.engine.read(LIST, values).await?.into_iter().map(ExchangeRecord::from_row).collect()
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

const FORGET: &str = "DELETE FROM exchanges WHERE id IN \
     (SELECT id FROM exchanges WHERE id < $1 ORDER BY id LIMIT $2) RETURNING outcome";
const SWEEP: &str = "DELETE FROM spent_tokens WHERE key IN \
     (SELECT key FROM spent_tokens WHERE remember_until < $1 ORDER BY remember_until LIMIT $2) RETURNING uses";
const SHOW: &str = concat!("SELECT ", columns!(), " FROM exchanges WHERE id = $1");
const CREDENTIALS: &str = "SELECT id, kind, audience, scope, expires_at, key_id FROM credentials WHERE exchange_id = $1 ORDER BY id";
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM exchanges WHERE (CAST($1 AS TEXT) IS NULL OR project_id = $1) AND (CAST($2 AS TEXT) IS NULL OR outcome = $2) \
     AND (CAST($3 AS TEXT) IS NULL OR code = $3) AND (CAST($4 AS TEXT) IS NULL OR role = $4) \
     AND (CAST($5 AS BIGINT) IS NULL OR at >= $5) AND (CAST($6 AS TEXT) IS NULL OR id < $6) \
     ORDER BY id DESC LIMIT $7"
);
