//! The database engine: the one place that knows which it is.
//!
//! Above are SQL texts in the subset that SQLite and PostgreSQL share, [`Value`]s that are bound by number (`$1`), and
//! [`Row`]s. Both engines are written by one thread that commits many requests at once, and read by a few connections.

mod postgres;
mod queue;
mod recorded;
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

pub use queue::LedgerStatistics;
pub(crate) use recorded::{FirstUse, SPENT};
pub use recorded::{Recorded, Spend};

use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};
use postgres::{Address, Postgres};
use queue::Writer;
use sqlite::Sqlite;
pub(crate) use sqlite::log_bytes;

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

/// How long it may take to reach a server.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// What calls after [`Engine::close`] are told.
const CLOSED: &str = "it is closed";

/// Where a database is.
pub(crate) enum Location {
    File(PathBuf),
    Server(Box<Address>),
}

/// One open database.
pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Location {
    /// Reads the URL of a store. No fault shows a part of it: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreFault> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            // SQLite reads these two as something else than the name of a file.
            let is_file = !path.is_empty() && path != ":memory:" && !path.starts_with("file:");
            return is_file.then(|| Self::File(path.into())).ok_or_else(no_store);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Address::parse(url).map(|address| Self::Server(Box::new(address)));
        }
        Err(no_store())
    }

    /// What may be shown of it: everything but passwords.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite://{}", path.display()),
            Self::Server(address) => address.shown(),
        }
    }
}

fn owned(values: Vec<Value<'_>>) -> Vec<Value<'static>> {
    values.into_iter().map(Value::into_owned).collect()
}

async fn in_time(read: impl Future<Output = Result<Vec<Row>, StoreFault>>) -> Result<Vec<Row>, StoreFault> {
    match tokio::time::timeout(READ_DEADLINE, read).await {
        Ok(rows) => rows,
        Err(_) => Err(StoreFault::Unavailable("a read took too long".to_owned())),
    }
}

fn no_store() -> StoreFault {
    StoreFault::Url(
        "a store is written as `sqlite://PATH`, where PATH is a file, or as `postgres://USER@HOST/DATABASE`"
            .to_owned(),
    )
}

/// What a look at a database finds that changes nothing.
pub(crate) struct Found {
    pub(crate) engine: &'static str,
    pub(crate) version: i64,
    pub(crate) known_version: i64,
    pub(crate) journal_mode: Option<String>,
    /// The answers to [`Look::of_all`]; none where there are no tables yet, `None` where they are newer.
    pub(crate) of_all: Option<Vec<Row>>,
    /// The answers to [`Look::of_known`]; `None` where the tables are of another version.
    pub(crate) of_known: Option<Vec<Vec<Row>>>,
}

/// What a look asks a database, each question with its values.
pub(crate) struct Look {
    /// About a table that has been the same since the first version.
    pub(crate) of_all: &'static str,
    /// About tables of the version that is known.
    pub(crate) of_known: Vec<(&'static str, Vec<Value<'static>>)>,
}

/// Looks at a database, and asks it what its version has. Makes, migrates and locks nothing. Blocks.
pub(crate) fn inspect(location: Location, look: &Look) -> Result<Found, StoreFault> {
    match location {
        Location::File(path) => sqlite::inspect(&path, look),
        Location::Server(address) => postgres::inspect(&address, look),
    }
}

impl Engine {
    /// Opens the database, made and migrated as needed. Blocks.
    pub(crate) fn open(location: Location) -> Result<Self, StoreFault> {
        match location {
            Location::File(path) => Sqlite::open(path).map(Self::Sqlite),
            Location::Server(address) => Postgres::open(*address).map(Self::Postgres),
        }
    }

    /// Runs a query that changes nothing.
    pub(crate) async fn read(
        &self,
        sql: &'static str,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreFault> {
        let read = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.read(sql, owned(values)).await,
                Self::Postgres(postgres) => postgres.read(sql, &values).await,
            }
        };
        in_time(read).await
    }

    /// Reads a row or two by their key: as [`Self::read`], at the least cost.
    pub(crate) async fn look(
        &self,
        sql: &'static str,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreFault> {
        let look = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.look(sql, values).await,
                Self::Postgres(postgres) => postgres.read(sql, &values).await,
            }
        };
        in_time(look).await
    }

    /// Runs one statement that changes something, and returns when that is durable.
    pub(crate) async fn write(
        &self,
        sql: &'static str,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreFault> {
        written(self.writer().statement(sql, owned(values))?).await
    }

    /// Runs statements in one transaction, and returns when that is durable. Each says RETURNING: where one gives no row,
    /// what it wants to change is not there, and nothing of the whole is written.
    pub(crate) async fn write_all(
        &self,
        statements: Vec<(&'static str, Vec<Value<'static>>)>,
    ) -> Result<(), StoreFault> {
        written(self.writer().statements(statements)?).await
    }

    /// Records a success and spends its token, and returns when both are durable. A caller that gives up waiting finds
    /// neither written, or both where the commit had begun; its credential has not left.
    pub(crate) async fn record(
        &self,
        exchange: Arc<ExchangeRecord>,
        spend: Option<Spend>,
    ) -> Result<Recorded, LedgerFault> {
        let answer = self.writer().exchange(exchange, spend)?;
        match tokio::time::timeout(WRITE_DEADLINE, answer).await {
            Ok(Ok(recorded)) => recorded,
            Ok(Err(_)) => Err(StoreFault::Unavailable("the writer has ended".to_owned()).into()),
            Err(_) => Err(StoreFault::Unavailable("the ledger took too long".to_owned()).into()),
        }
    }

    /// Hands over the record of a refusal, without waiting.
    pub(crate) fn refuse(&self, exchange: ExchangeRecord) {
        self.writer().refusal(exchange);
    }

    /// What was written so far.
    pub(crate) fn statistics(&self) -> LedgerStatistics {
        self.writer().statistics()
    }

    /// Writes what waits, and closes the database. Blocks.
    pub(crate) fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close(),
            Self::Postgres(postgres) => postgres.close(),
        }
    }

    fn writer(&self) -> &Writer {
        match self {
            Self::Sqlite(sqlite) => &sqlite.writer,
            Self::Postgres(postgres) => &postgres.writer,
        }
    }
}

async fn written<T>(answer: oneshot::Receiver<Result<T, StoreFault>>) -> Result<T, StoreFault> {
    match tokio::time::timeout(WRITE_DEADLINE, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(StoreFault::Unavailable("the writer has ended".to_owned())),
        Err(_) => Err(StoreFault::Unavailable("a write took too long".to_owned())),
    }
}
