//! Reading: a few connections, lent one request at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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
        values: Vec<Value>,
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

    /// Later reads fail; connections are closed, those in use when their read ends.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A connection that failed is not kept: the next read opens a new one.
    fn run(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreFault> {
        let now = connection::file_identity(&self.path);
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some((connection, opened_on)) if opened_on == now => connection,
            _ => connection::open_reader(&self.path)?,
        };
        let rows = connection::run(&connection, sql, values)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.turns.is_closed() {
            idle.push((connection, now));
        }
        Ok(rows)
    }
}
