//! Reading: a few connections, lent one request at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::super::{CLOSED, MAX_READERS};
use super::connection;
use crate::fault::StoreFault;
use crate::value::{Row, Value};

/// A connection and the file that it was opened on.
type Idle = (Connection, Option<(u64, u64)>);

pub(super) struct Readers {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, turns: Arc::new(Semaphore::new(MAX_READERS)), idle: Mutex::default() }
    }

    pub(super) async fn read(
        self: Arc<Self>,
        sql: &'static str,
        values: Vec<Value<'static>>,
    ) -> Result<Vec<Row>, StoreFault> {
        let closed = |_| StoreFault::Unavailable(CLOSED.to_owned());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(closed)?;
        // The turn goes along: a caller that gives up leaves its read running, and that counts until it ends.
        let read = tokio::task::spawn_blocking(move || {
            let rows = self.run(sql, &values);
            drop(turn);
            rows
        });
        read.await.map_err(|fault| StoreFault::Unavailable(fault.to_string()))?
    }

    /// Reads a row or two by their key, on the thread of the caller: to hand it to another costs more than the read, which
    /// waits for no lock, and for the disk alone where a page is not in memory. `None` where it cannot be done so. That
    /// another file has taken the place of the database, the next read notices, and the next commit: signing keys are read
    /// every second.
    pub(super) fn look(&self, sql: &str, values: &[Value<'_>]) -> Option<Result<Vec<Row>, StoreFault>> {
        let _turn = self.turns.try_acquire().ok()?;
        let (connection, opened_on) = self.lock().pop()?;
        if connection.busy_timeout(Duration::ZERO).is_err() {
            return None;
        }
        match connection::run(&connection, sql, values) {
            // Somebody holds a lock, say: the other way waits for it.
            Err(StoreFault::Unavailable(_)) => None,
            rows => {
                self.keep(connection, opened_on);
                Some(rows)
            }
        }
    }

    /// Later reads fail; connections are closed, those in use when their read ends.
    pub(super) fn close(&self) {
        self.turns.close();
        self.lock().clear();
    }

    /// A connection that failed is not kept: the next read opens a new one.
    fn run(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreFault> {
        let now = connection::file_identity(&self.path);
        let kept = {
            let mut idle = self.lock();
            idle.retain(|(_, opened_on)| *opened_on == now);
            idle.pop()
        };
        let connection = match kept {
            Some((connection, _)) => connection,
            None => connection::open_reader(&self.path)?,
        };
        connection::wait_for_locks(&connection)?;
        let rows = connection::run(&connection, sql, values)?;
        self.keep(connection, now);
        Ok(rows)
    }

    fn keep(&self, connection: Connection, opened_on: Option<(u64, u64)>) {
        let mut idle = self.lock();
        if !self.turns.is_closed() && idle.len() < MAX_READERS {
            idle.push((connection, opened_on));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
