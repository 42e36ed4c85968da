//! PostgreSQL: written by one connection that commits many requests at once, and read by a few others.

mod address;
mod commit;
mod inspect;
mod ledger;
mod migrate;
mod readers;
mod session;
#[cfg(test)]
#[cfg(feature = "test-postgres")]
mod tests;
mod tls;
mod trouble;

pub(crate) use address::Address;

use std::sync::Arc;

use super::queue::Writer;
use crate::fault::StoreFault;
use crate::value::{Row, Value};
pub(super) use inspect::inspect;
use readers::Readers;

/// One open database of a server.
pub(crate) struct Postgres {
    readers: Readers,
    pub(super) writer: Writer,
}

impl Postgres {
    /// Connects, makes the tables or brings them up to date. Blocks.
    pub(super) fn open(address: Address) -> Result<Self, StoreFault> {
        let address = Arc::new(address);
        let writer = commit::start(Arc::clone(&address))?;
        Ok(Self { readers: Readers::new(address), writer })
    }

    pub(super) async fn read(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreFault> {
        self.readers.read(sql, values).await
    }

    /// Writes what waits, and closes every connection. Blocks.
    pub(super) fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
