//! The database engine: the one place that knows which it is.
//!
//! Above are SQL texts in the subset that SQLite and PostgreSQL share, [`Value`]s that are bound by name (`$1`), and
//! [`Row`]s. SQLite is written by one thread that commits many requests at once, and read by a few connections.

mod batch;
mod readers;
mod sqlite;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use batch::{Recorded, Spend};
pub(crate) use batch::{SPENT, first_use};

use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};
use readers::Readers;
use writer::Writer;

/// Requests that one commit makes durable at most.
pub const MAX_BATCH: usize = 512;
/// Writes that wait for a commit; more are told that the ledger is overloaded.
pub const MAX_WAITING_WRITES: usize = 4_096;
/// Records of refusals that wait; more are dropped and counted.
pub const MAX_WAITING_REFUSALS: usize = 4_096;
/// Bytes of SQLite's write-ahead log beyond which the writer stops to empty it: under a load that never pauses, the
/// thread that copies it never catches up.
pub const MAX_LOG_BYTES: u64 = 64 * 1024 * 1024;
/// Connections that read at once.
pub const MAX_READERS: usize = 4;
/// How long a read may take, its wait for a connection included.
pub const READ_DEADLINE: Duration = Duration::from_secs(5);
/// How long a write may take, its wait for a commit included.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(5);

/// What calls after [`Engine::close`] are told.
const CLOSED: &str = "it is closed";

/// One open database.
pub(crate) struct Engine {
    readers: Arc<Readers>,
    writer: Writer,
}

impl Engine {
    /// Opens the database at `path`, made and migrated as needed. Blocks.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreFault> {
        let connection = sqlite::create(&path)?;
        let writer = Writer::start(path.clone(), connection)?;
        Ok(Self { readers: Arc::new(Readers::new(path)), writer })
    }

    /// Runs a query that changes nothing.
    pub(crate) async fn read(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreFault> {
        let read = Arc::clone(&self.readers).read(sql, values);
        match tokio::time::timeout(READ_DEADLINE, read).await {
            Ok(rows) => rows,
            Err(_) => Err(StoreFault::Unavailable("a read took too long".to_owned())),
        }
    }

    /// Runs one statement that changes something, and returns when that is durable.
    pub(crate) async fn write(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreFault> {
        let answer = self.writer.statement(sql, values)?;
        match tokio::time::timeout(WRITE_DEADLINE, answer).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(_)) => Err(StoreFault::Unavailable("the writer has ended".to_owned())),
            Err(_) => Err(StoreFault::Unavailable("a write took too long".to_owned())),
        }
    }

    /// Records a success and spends its token, and returns when both are durable. A caller that gives up waiting finds
    /// neither written, or both where the commit had begun; its credential has not left.
    pub(crate) async fn record(
        &self,
        exchange: ExchangeRecord,
        spend: Option<Spend>,
    ) -> Result<Recorded, LedgerFault> {
        let answer = self.writer.exchange(exchange, spend)?;
        match tokio::time::timeout(WRITE_DEADLINE, answer).await {
            Ok(Ok(recorded)) => recorded,
            Ok(Err(_)) => Err(StoreFault::Unavailable("the writer has ended".to_owned()).into()),
            Err(_) => Err(StoreFault::Unavailable("the ledger took too long".to_owned()).into()),
        }
    }

    /// Hands over the record of a refusal, without waiting.
    pub(crate) fn refuse(&self, exchange: ExchangeRecord) {
        self.writer.refusal(exchange);
    }

    /// Refusals that were dropped because too many waited or the database failed.
    pub(crate) fn refusals_dropped(&self) -> u64 {
        self.writer.refusals_dropped()
    }

    /// Writes what waits, and closes the database: what was in its write-ahead log is in the file then. Blocks.
    pub(crate) fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
