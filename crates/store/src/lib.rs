//! The one place that knows SQL: the ledger of exchanges and spent tokens, accounts, projects, revocations, signing
//! keys.
//!
//! Everything above sees a [`Store`] and records; nothing above can tell which engine is below.

mod accounts;
mod audit_stream;
mod engine;
mod exchanges;
mod fault;
mod inspection;
mod ledger;
mod projects;
mod revocations;
mod signing_keys;
mod value;

use std::sync::Arc;
use std::time::Duration;

pub use accounts::{Account, AccountStatus, Accounts, NewAccount};
pub use audit_stream::{
    AuditStream, MAX_COUNTED_LAG, StreamCursor, StreamExchange, StreamLag, StreamNext, StreamPlace,
    StreamStart,
};
pub use engine::{
    CONNECT_DEADLINE, LedgerStatistics, MAX_BATCH, MAX_LOG_BYTES, MAX_READERS, MAX_WAITING_REFUSALS,
    MAX_WAITING_WRITES, READ_DEADLINE, Recorded, Spend, WRITE_DEADLINE,
};
pub use exchanges::{CredentialRecord, ExchangeFilter, ExchangeRecord, Order, Outcome};
pub use fault::{LedgerFault, StoreFault};
pub use inspection::{INSPECTION_DEADLINE, Inspection};
pub use ledger::{Ledger, MAX_PAGE};
pub use projects::{NewProject, Onboarded, Project, ProjectStatus, Projects};
pub use revocations::{MAX_SUBJECTS, Revocation, Revocations};
pub use signing_keys::{KeyChange, SigningKeyRow, SigningKeys};

use engine::{Engine, Location};

/// How long a check of the store may take.
pub const PING_DEADLINE: Duration = Duration::from_secs(2);

const PING: &str = "UPDATE meta SET value = value + 1 WHERE name = 'ping' RETURNING value";

/// What may be shown of the URL of a store: everything but passwords.
///
/// # Errors
/// It is the URL of no store, or of one that would be reached without verifying whom.
pub fn shown_url(url: &str) -> Result<String, StoreFault> {
    Location::parse(url).map(|location| location.shown())
}

/// An open store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    ledger: Arc<Ledger>,
}

impl Store {
    /// Opens the store at `sqlite://PATH` or `postgres://USER@HOST/DATABASE`, and makes its tables or brings them up to
    /// date. A file is made where there is none; a database of a server must be there.
    ///
    /// # Errors
    /// A URL of another kind, a file or server that cannot be opened, a database of a newer daypass, or one that does
    /// not write durably.
    pub async fn open(url: &str) -> Result<Self, StoreFault> {
        let location = Location::parse(url)?;
        let engine = tokio::task::spawn_blocking(move || Engine::open(location))
            .await
            .map_err(|fault| StoreFault::Unavailable(fault.to_string()))??;
        let engine = Arc::new(engine);
        Ok(Self { ledger: Arc::new(Ledger::new(Arc::clone(&engine))), engine })
    }

    /// Exchanges and spent tokens.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How far the audit stream has come.
    pub fn audit_stream(&self) -> AuditStream<'_> {
        AuditStream { engine: &self.engine }
    }

    /// Accounts.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { engine: &self.engine }
    }

    /// Projects.
    pub fn projects(&self) -> Projects<'_> {
        Projects { engine: &self.engine }
    }

    /// What is revoked.
    pub fn revocations(&self) -> Revocations<'_> {
        Revocations { engine: &self.engine }
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
