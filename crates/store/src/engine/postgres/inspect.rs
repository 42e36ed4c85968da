//! A look at a database of a server that changes nothing.

use tokio::runtime::Builder;

use super::super::{Found, Look};
use super::address::Address;
use super::migrate;
use super::session::{Access, Session};
use super::trouble::Trouble;
use crate::fault::StoreFault;

/// Looks at the database, over one connection that reads alone. Blocks.
pub(in crate::engine) fn inspect(address: &Address, asked: &Look) -> Result<Found, StoreFault> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|fault| StoreFault::Unavailable(fault.to_string()))?;
    runtime.block_on(look(address, asked)).map_err(StoreFault::from)
}

async fn look(address: &Address, asked: &Look) -> Result<Found, Trouble> {
    let mut session = Session::connect(address, Access::Read).await?;
    let version = migrate::found(&mut session).await?;
    let known_version = migrate::known_version();
    let of_all = match version {
        0 => Some(Vec::new()),
        _ if version <= known_version => Some(session.run(asked.of_all, &[]).await?),
        _ => None,
    };
    let mut of_known = None;
    if version == known_version {
        let answers = of_known.insert(Vec::new());
        for (sql, values) in &asked.of_known {
            answers.push(session.run(sql, values).await?);
        }
    }
    Ok(Found { engine: "PostgreSQL", version, known_version, journal_mode: None, of_all, of_known })
}
