//! Writing: one transaction for all that waits, each caller released when that transaction is durable.
//!
//! A request that fails by its own fault is rolled back to its savepoint and fails nobody else. When the database
//! itself fails, all of the batch is told so, the connection is dropped, and the next batch opens a new one.

use std::path::PathBuf;

use rusqlite::Connection;

use super::super::queue::{Work, Writer};
use super::checkpoint::Checkpoints;
use super::task::{Guard, Task, guarded};
use super::{batch, connection};
use crate::exchanges::ExchangeRecord;
use crate::fault::StoreFault;

/// IMMEDIATE: nobody else writes between the first look and the commit.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Starts the thread that writes, and the one that copies the log.
pub(super) fn start(path: PathBuf, connection: Connection) -> Result<Writer, StoreFault> {
    let (checkpoints, copying) = Checkpoints::start(&path)?;
    let opened_on = connection::file_identity(&path);
    let mut open = Open { path, opened_on, connection: Some(connection), checkpoints };
    Writer::start(move |work, refusals| open.commit(work, &refusals), vec![copying])
}

/// The writer's side of the database.
struct Open {
    path: PathBuf,
    opened_on: Option<(u64, u64)>,
    connection: Option<Connection>,
    checkpoints: Checkpoints,
}

impl Open {
    /// Writes a batch in one transaction and releases its callers; gives the number of refusals that were written. A
    /// success is said only after COMMIT returned.
    fn commit(&mut self, work: Vec<Work>, refusals: &[ExchangeRecord]) -> usize {
        let mut tasks: Vec<Task> = work.into_iter().map(Task::new).collect();
        let count = tasks.len().saturating_add(refusals.len());
        match self.write(&mut tasks, refusals) {
            Ok(written) => {
                for task in tasks {
                    task.release(count);
                }
                if let Some(connection) = &self.connection {
                    self.checkpoints.committed(count, connection);
                }
                written
            }
            Err(fault) => {
                self.connection = None;
                for task in tasks {
                    task.fail(&fault);
                }
                0
            }
        }
    }

    /// Writes a batch and commits. Where a request fails, the batch is taken back and written again, each request with
    /// a savepoint, so that it fails alone.
    fn write(&mut self, tasks: &mut Vec<Task>, refusals: &[ExchangeRecord]) -> Result<usize, StoreFault> {
        let connection = self.begin()?;
        // Only now: it may have waited for a lock, and callers have stopped waiting meanwhile.
        tasks.retain(|task| !task.is_given_up());
        let mut written = write_all(connection, Guard::Transaction, tasks, refusals);
        if written.is_none() {
            // Where even this fails, SQLite has taken the transaction back by itself.
            let _taken_back = connection::run(connection, "ROLLBACK", &[]);
            connection::run(connection, BEGIN, &[])?;
            written = write_all(connection, Guard::Savepoint, tasks, refusals);
        }
        connection::run(connection, "COMMIT", &[])?;
        Ok(written.unwrap_or(0))
    }

    /// The connection, inside a new transaction; opened again where it was lost or the file is another.
    fn begin(&mut self) -> Result<&Connection, StoreFault> {
        if self.connection.is_some() && connection::file_identity(&self.path) != self.opened_on {
            self.connection = None;
        }
        if self.connection.is_none() {
            // Before it is opened: a file that takes its place meanwhile must be noticed at the next commit.
            self.opened_on = connection::file_identity(&self.path);
            self.connection = Some(connection::open_writer(&self.path)?);
        }
        let begun = match &self.connection {
            Some(connection) => connection::run(connection, BEGIN, &[]).map(|_| ()),
            None => Ok(()),
        };
        if let Err(fault) = begun {
            self.connection = None;
            return Err(fault);
        }
        self.connection.as_ref().ok_or_else(|| StoreFault::Unavailable("no connection".to_owned()))
    }
}

/// Writes all of it; gives the number of refusals that were written, or nothing where the transaction must be taken back.
fn write_all(
    connection: &Connection,
    guard: Guard,
    tasks: &mut [Task],
    refusals: &[ExchangeRecord],
) -> Option<usize> {
    for task in tasks {
        if task.write(connection, guard) && guard == Guard::Transaction {
            return None;
        }
    }
    let mut written = 0_usize;
    for refusal in refusals {
        match guarded(connection, guard, |connection| batch::refuse(connection, refusal)) {
            Ok(()) => written = written.saturating_add(1),
            Err(_) if guard == Guard::Transaction => return None,
            Err(fault) => {
                tracing::warn!(exchange.id = %refusal.id, "the record of a refusal was not written: {fault}");
            }
        }
    }
    Some(written)
}
