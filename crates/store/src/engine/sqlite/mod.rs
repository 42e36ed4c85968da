//! SQLite: written by one thread that commits many requests at once, and read by a few connections.

mod batch;
mod checkpoint;
mod commit;
mod connection;
mod inspect;
mod readers;
mod sync;
mod task;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::PathBuf;
use std::sync::Arc;

use super::queue::Writer;
use crate::fault::StoreFault;
use crate::value::{Row, Value};
pub(crate) use connection::log_bytes;
pub(super) use inspect::inspect;
use readers::Readers;

/// One open file.
pub(crate) struct Sqlite {
    readers: Arc<Readers>,
    pub(super) writer: Writer,
}

impl Sqlite {
    /// Opens the database at `path`, made and migrated as needed. Blocks.
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreFault> {
        let connection = connection::create(&path)?;
        let writer = commit::start(path.clone(), connection)?;
        Ok(Self { readers: Arc::new(Readers::new(path)), writer })
    }

    pub(super) async fn read(
        &self,
        sql: &'static str,
        values: Vec<Value<'static>>,
    ) -> Result<Vec<Row>, StoreFault> {
        Arc::clone(&self.readers).read(sql, values).await
    }

    /// Reads a row or two by their key.
    pub(super) async fn look(
        &self,
        sql: &'static str,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreFault> {
        match self.readers.look(sql, &values) {
            Some(rows) => rows,
            None => self.read(sql, values.into_iter().map(Value::into_owned).collect()).await,
        }
    }

    /// Writes what waits, and closes the database: what was in its write-ahead log is in the file then. Blocks.
    pub(super) fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
