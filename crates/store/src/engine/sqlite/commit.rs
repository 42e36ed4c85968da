//! Writing: one transaction for all that waits, each caller released when that transaction is durable.
//!
//! A request that fails by its own fault is rolled back to its savepoint and fails nobody else. When the database
//! itself fails, all of the batch is told so, the connection is dropped, and the next batch opens a new one.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;

use super::super::MAX_LOG_BYTES;
use super::super::queue::{Done, Work, Writer, refuse_all};
use super::{batch, connection};
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::Value;

/// Rows after which the write-ahead log is copied into the database, by another thread.
const CHECKPOINT_ROWS: usize = 1_000;

/// Starts the thread that writes, and the one that copies the log.
pub(super) fn start(path: PathBuf, connection: Connection) -> Result<Writer, StoreFault> {
    let (checkpoint, due) = mpsc::sync_channel(1);
    let at = path.clone();
    let copying = thread::Builder::new()
        .name("daypass-checkpoint".to_owned())
        .spawn(move || checkpoints(&at, &due))
        .map_err(|error| StoreFault::Unavailable(error.to_string()))?;
    let opened_on = connection::file_identity(&path);
    let mut open = Open { path, opened_on, connection: Some(connection), checkpoint, rows: 0 };
    Writer::start(move |work, refusals| open.commit(work, &refusals), vec![copying])
}

/// The writer's side of the database.
struct Open {
    path: PathBuf,
    opened_on: Option<(u64, u64)>,
    connection: Option<Connection>,
    checkpoint: mpsc::SyncSender<()>,
    rows: usize,
}

impl Open {
    /// Writes a batch in one transaction and releases its callers; gives the number of refusals that were written. A
    /// success is said only after COMMIT returned.
    fn commit(&mut self, work: Vec<Work>, refusals: &[ExchangeRecord]) -> usize {
        let count = work.len().saturating_add(refusals.len());
        let connection = match self.begin() {
            Ok(connection) => connection,
            Err(fault) => {
                refuse_all(work, &fault);
                return 0;
            }
        };
        let done: Vec<Done> =
            work.into_iter().filter(|one| !one.is_given_up()).map(|one| run(one, connection)).collect();
        let written = refusals.iter().filter(|refusal| write_refusal(connection, refusal)).count();
        if let Err(fault) = connection::run(connection, "COMMIT", &[]) {
            for one in done {
                one.fail(&fault);
            }
            self.connection = None;
            return 0;
        }
        done.into_iter().for_each(Done::release);
        self.bound_log(count);
        written
    }

    /// Has the write-ahead log copied by the other thread now and then; empties it here where that does not keep up.
    fn bound_log(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(rows);
        if self.rows >= CHECKPOINT_ROWS {
            self.rows = 0;
            // Full means that one is due already.
            let _already_due = self.checkpoint.try_send(());
        }
        if connection::log_bytes(&self.path) > MAX_LOG_BYTES
            && let Some(connection) = &self.connection
            && let Err(fault) = connection::empty_log(connection)
        {
            tracing::warn!("the write-ahead log was not emptied, the next commit tries again: {fault}");
        }
    }

    /// The connection, inside a new transaction; opened again where it was lost or the file is another.
    fn begin(&mut self) -> Result<&Connection, StoreFault> {
        if self.connection.is_some() && connection::file_identity(&self.path) != self.opened_on {
            self.connection = None;
        }
        if self.connection.is_none() {
            self.connection = Some(connection::open_writer(&self.path)?);
            self.opened_on = connection::file_identity(&self.path);
        }
        let begun = match &self.connection {
            Some(connection) => connection::run(connection, "BEGIN IMMEDIATE", &[]).map(|_| ()),
            None => Ok(()),
        };
        if let Err(fault) = begun {
            self.connection = None;
            return Err(fault);
        }
        self.connection.as_ref().ok_or_else(|| StoreFault::Unavailable("no connection".to_owned()))
    }
}

/// Writes one request.
fn run(work: Work, connection: &Connection) -> Done {
    match work {
        Work::Exchange(exchange, spend, answer) => {
            let outcome = in_savepoint(connection, |connection| batch::write(connection, &exchange, spend));
            Done::Exchange(answer, outcome.map_err(LedgerFault::from).and_then(|recorded| recorded))
        }
        Work::Statement(sql, values, answer) => Done::Statement(
            answer,
            in_savepoint(connection, |connection| connection::run(connection, sql, &values)),
        ),
        Work::Statements(statements, answer) => {
            Done::Statements(answer, in_savepoint(connection, |connection| all(connection, &statements)))
        }
    }
}

/// Runs statements, each of which must give a row.
fn all(connection: &Connection, statements: &[(&'static str, Vec<Value>)]) -> Result<(), StoreFault> {
    for (sql, values) in statements {
        if connection::run(connection, sql, values)?.is_empty() {
            return Err(StoreFault::Overtaken);
        }
    }
    Ok(())
}

fn write_refusal(connection: &Connection, refusal: &ExchangeRecord) -> bool {
    let written = in_savepoint(connection, |connection| batch::insert(connection, refusal));
    if let Err(fault) = &written {
        tracing::warn!(exchange.id = %refusal.id, "the record of a refusal was not written: {fault}");
    }
    written.is_ok()
}

/// Runs one request; whatever it wrote before it failed is taken back. Where that is not possible, the transaction is
/// given up: what follows in the batch fails here, and all of it at COMMIT.
pub(super) fn in_savepoint<T>(
    connection: &Connection,
    request: impl FnOnce(&Connection) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    // SQLite takes a whole transaction back by itself when the disk fails; a savepoint would begin another then.
    if connection.is_autocommit() {
        return Err(StoreFault::Unavailable("the transaction was lost".to_owned()));
    }
    connection::run(connection, "SAVEPOINT request", &[])?;
    let outcome = request(connection);
    let undone = if outcome.is_err() {
        connection::run(connection, "ROLLBACK TO request", &[])
    } else {
        Ok(Vec::new())
    };
    if let Err(fault) = undone.and_then(|_| connection::run(connection, "RELEASE request", &[])) {
        // Where even this fails, the transaction is gone already.
        let _given_up = connection::run(connection, "ROLLBACK", &[]);
        return Err(fault);
    }
    outcome
}

/// Copies the write-ahead log into the database while the writer goes on.
fn checkpoints(path: &std::path::Path, due: &mpsc::Receiver<()>) {
    while due.recv().is_ok() {
        let copied = connection::open_writer(path).and_then(|connection| {
            connection::run(&connection, "PRAGMA wal_checkpoint(PASSIVE)", &[]).map(drop)
        });
        if let Err(fault) = copied {
            tracing::warn!("the write-ahead log was not copied, the next commits try again: {fault}");
        }
    }
}
