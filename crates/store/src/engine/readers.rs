//! Reading: a few connections, lent one request at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::value::{Row, Value};
use super::{MAX_READERS, sqlite};
use crate::fault::StoreFault;

/// A connection and the file that it was opened on.
type Idle = (Connection, Option<(u64, u64)>);

pub(super) struct Readers {
    path: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, turns: Semaphore::new(MAX_READERS), idle: Mutex::default() }
    }

    pub(super) async fn read(
        self: Arc<Self>,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreFault> {
        let gone = |fault: &dyn std::fmt::Display| StoreFault::Unavailable(fault.to_string());
        let _turn = self.turns.acquire().await.map_err(|fault| gone(&fault))?;
        let readers = Arc::clone(&self);
        let read = tokio::task::spawn_blocking(move || readers.run(sql, &values));
        read.await.map_err(|fault| gone(&fault))?
    }

    /// A connection that failed is not kept: the next read opens a new one.
    fn run(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreFault> {
        let now = sqlite::file_identity(&self.path);
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some((connection, opened_on)) if opened_on == now => connection,
            _ => sqlite::open_reader(&self.path)?,
        };
        let rows = sqlite::run(&connection, sql, values)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, now));
        Ok(rows)
    }
}
