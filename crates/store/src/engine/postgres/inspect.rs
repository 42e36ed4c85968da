//! A look at a database of a server that changes nothing.

use tokio::runtime::Builder;

use super::super::Found;
use super::address::Address;
use super::migrate;
use super::session::{Access, Session};
use super::trouble::Trouble;
use crate::fault::StoreFault;

/// Looks at the database, over one connection that reads alone. Blocks.
pub(in crate::engine) fn inspect(address: &Address, sql: &'static str) -> Result<Found, StoreFault> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|fault| StoreFault::Unavailable(fault.to_string()))?;
    runtime.block_on(look(address, sql)).map_err(StoreFault::from)
}

async fn look(address: &Address, sql: &'static str) -> Result<Found, Trouble> {
    let mut session = Session::connect(address, Access::Read).await?;
    let version = migrate::found(&mut session).await?;
    let known_version = migrate::known_version();
    let is_known = version == known_version;
    let rows = if is_known { Some(session.run(sql, &[]).await?) } else { None };
    Ok(Found { engine: "PostgreSQL", version, known_version, journal_mode: None, rows })
}
