//! The ledger: what was exchanged, for whom, and which tokens are spent. A success is recorded before it is told.

use std::sync::Arc;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

use crate::engine::{Connection, Engine, Value, run};
use crate::exchanges::{CredentialRecord, ExchangeFilter, ExchangeRecord, Outcome};
use crate::fault::{LedgerFault, StoreFault};

/// The code under which the loser of a race for one token is recorded.
const ALREADY_USED: &str = "token_already_used";

/// Rows of one page of a list at most.
pub const MAX_PAGE: u32 = 1_000;

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
        exchange: ExchangeRecord,
        spend: Option<Spend>,
    ) -> Result<Recorded, LedgerFault> {
        self.engine.record(exchange, spend).await
    }

    /// Hands over a refusal. It is written with one of the next commits, behind all successes; when too many wait, or
    /// the database fails, it is dropped and counted.
    pub fn refuse(&self, exchange: ExchangeRecord) {
        self.engine.refuse(exchange);
    }

    /// Refusals that were dropped.
    pub fn refusals_dropped(&self) -> u64 {
        self.engine.refusals_dropped()
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
    let mut row = row.ok_or_else(|| StoreFault::Corrupt("a spent token is gone".to_owned()))?;
    let was_once = row.integer()? != 0;
    if !spend.once && !was_once {
        run(connection, SPEND_AGAIN, &key)?;
        return Ok(None);
    }
    Ok(Some(LedgerFault::AlreadySpent {
        first_exchange: row.parsed(ExchangeId::parse)?,
        first_source: row.text()?,
        first_at: Timestamp::from_millis(row.integer()?),
    }))
}

const SPEND: &str = "INSERT INTO spent_tokens (key, remember_until, once, exchange_id, source, used_at, uses) \
     VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (key) DO NOTHING RETURNING uses";
const SPENT: &str = "SELECT once, exchange_id, source, used_at FROM spent_tokens WHERE key = $1";
const SPEND_AGAIN: &str = "UPDATE spent_tokens SET uses = uses + 1 WHERE key = $1 RETURNING uses";
const SWEEP: &str = "DELETE FROM spent_tokens WHERE key IN \
     (SELECT key FROM spent_tokens WHERE remember_until < $1 ORDER BY remember_until LIMIT $2) RETURNING uses";

macro_rules! columns {
    () => {
        "id, at, face, outcome, code, detail, issuer, role, repository_id, repository, owner_id, owner, run_id, job, \
         event, git_ref, project_id, source, policy_version, claims, trace, request_id"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO exchanges (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"
);
const INSERT_CREDENTIAL: &str = "INSERT INTO credentials (id, exchange_id, kind, audience, scope, expires_at, key_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
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
