//! The one place that knows SQL: the ledger of exchanges and spent tokens, accounts, projects, signing keys.
//!
//! Everything above sees a [`Store`] and records; nothing above can tell which engine is below.

mod accounts;
mod engine;
mod exchanges;
mod fault;
mod ledger;
mod projects;
mod signing_keys;
mod value;

use std::sync::Arc;
use std::time::Duration;

pub use accounts::{Account, AccountStatus, Accounts, NewAccount};
pub use engine::{
    MAX_BATCH, MAX_LOG_BYTES, MAX_READERS, MAX_WAITING_REFUSALS, MAX_WAITING_WRITES, READ_DEADLINE, Recorded,
    Spend, WRITE_DEADLINE,
};
pub use exchanges::{CredentialRecord, ExchangeFilter, ExchangeRecord, Outcome};
pub use fault::{LedgerFault, StoreFault};
pub use ledger::{Ledger, MAX_PAGE};
pub use projects::{NewProject, Project, ProjectStatus, Projects};
pub use signing_keys::{SigningKeyRow, SigningKeys};

use engine::Engine;

/// How long a check of the store may take.
pub const PING_DEADLINE: Duration = Duration::from_secs(2);

const PING: &str = "UPDATE meta SET value = value + 1 WHERE name = 'ping' RETURNING value";

/// An open store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    ledger: Arc<Ledger>,
}

impl Store {
    /// Opens the store at `sqlite://PATH`, making it where there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// A URL of another kind, a file that cannot be opened, a database of a newer daypass, or one that does not write
    /// durably.
    pub async fn open(url: &str) -> Result<Self, StoreFault> {
        let path = url
            .strip_prefix("sqlite://")
            // SQLite reads these two as something else than the name of a file.
            .filter(|path| !path.is_empty() && *path != ":memory:" && !path.starts_with("file:"))
            .ok_or_else(|| {
                StoreFault::Url("a store is written as `sqlite://PATH`, where PATH is a file".to_owned())
            })?
            .to_owned();
        let engine = tokio::task::spawn_blocking(move || Engine::open(path.into()))
            .await
            .map_err(|fault| StoreFault::Unavailable(fault.to_string()))??;
        let engine = Arc::new(engine);
        Ok(Self { ledger: Arc::new(Ledger::new(Arc::clone(&engine))), engine })
    }

    /// Exchanges and spent tokens.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Accounts.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { engine: &self.engine }
    }

    /// Projects.
    pub fn projects(&self) -> Projects<'_> {
        Projects { engine: &self.engine }
    }

    /// Signing keys.
    pub fn signing_keys(&self) -> SigningKeys<'_> {
        SigningKeys { engine: &self.engine }
    }

    /// Whether the store takes and gives: one durable write, within [`PING_DEADLINE`].
    pub async fn ping(&self) -> Result<(), StoreFault> {
        match tokio::time::timeout(PING_DEADLINE, self.engine.write(PING, Vec::new())).await {
            Ok(answer) => answer.map(|_| ()),
            Err(_) => Err(StoreFault::Unavailable("the store did not answer in time".to_owned())),
        }
    }

    /// Writes what waits, and closes. Later calls fail.
    pub async fn close(&self) {
        let engine = Arc::clone(&self.engine);
        // A panic of the writer has been reported by its thread; there is nothing more to close.
        let _closed = tokio::task::spawn_blocking(move || engine.close()).await;
    }
}
