//! Places for stores, records to put in, and futures that are started without waiting for them.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use daypass_jose::ids::{AccountId, CredentialId, ExchangeId, ProjectId, RequestId};
use daypass_jose::{Random, Timestamp};
use daypass_store::{
    AccountStatus, CredentialRecord, ExchangeFilter, ExchangeRecord, LedgerFault, NewAccount, NewProject,
    Outcome, Recorded, Spend, Store,
};
use rusqlite::Connection;
#[cfg(feature = "test-postgres")]
use tokio_postgres::Client;

#[cfg(feature = "test-postgres")]
pub(crate) use crate::schema::{Schema, server};

/// Where a store can be opened.
pub(crate) struct Place {
    pub(crate) url: String,
    kind: Kind,
}

enum Kind {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "test-postgres")]
    Postgres(Schema),
}

/// Keeps every store of a place from writing until it is dropped.
#[expect(dead_code, reason = "they are held, not read")]
pub(crate) enum Held {
    Sqlite(Connection),
    #[cfg(feature = "test-postgres")]
    Postgres(Client),
}

/// An empty place for SQLite.
pub(crate) fn sqlite() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("daypass.db").display());
    Place { url, kind: Kind::Sqlite(folder) }
}

/// An empty place for PostgreSQL.
#[cfg(feature = "test-postgres")]
pub(crate) fn postgres() -> Place {
    let schema = Schema::new(&server("TEST_DATABASE_URL"));
    Place { url: schema.url(), kind: Kind::Postgres(schema) }
}

impl Place {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// Keeps every store here from writing until the guard is dropped, which must be soon.
    #[cfg_attr(
        not(feature = "test-postgres"),
        expect(clippy::unused_async, reason = "PostgreSQL alone has somebody to wait for")
    )]
    pub(crate) async fn held(&self) -> Held {
        match &self.kind {
            Kind::Sqlite(_) => {
                let connection = Connection::open(self.file()).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Held::Sqlite(connection)
            }
            #[cfg(feature = "test-postgres")]
            Kind::Postgres(schema) => {
                let client = schema.client().await;
                let lock = "BEGIN; LOCK TABLE meta, exchanges, spent_tokens IN SHARE MODE";
                client.batch_execute(lock).await.unwrap();
                Held::Postgres(client)
            }
        }
    }

    /// Makes the tables of the first version, with what else this statement puts in.
    #[cfg_attr(
        not(feature = "test-postgres"),
        expect(clippy::unused_async, reason = "PostgreSQL alone has somebody to wait for")
    )]
    pub(crate) async fn make_version_1(&self, and: &str) {
        match &self.kind {
            Kind::Sqlite(_) => {
                let tables = include_str!("../../migrations/sqlite/0001_start.sql");
                let connection = Connection::open(self.file()).unwrap();
                connection.execute_batch(&format!("{tables}; {and}; PRAGMA user_version = 1")).unwrap();
            }
            #[cfg(feature = "test-postgres")]
            Kind::Postgres(schema) => {
                let tables = include_str!("../../migrations/postgres/0001_start.sql");
                let version = "CREATE TABLE schema_version (version BIGINT NOT NULL); \
                               INSERT INTO schema_version (version) VALUES (1)";
                let all = format!("{version}; {tables}; {and}");
                schema.client().await.batch_execute(&all).await.unwrap();
            }
        }
    }

    /// Changes what is there by hand: by one statement on SQLite, by another on PostgreSQL.
    #[cfg_attr(
        not(feature = "test-postgres"),
        expect(unused_variables, clippy::unused_async, reason = "it is what PostgreSQL alone is given")
    )]
    pub(crate) async fn execute(&self, sqlite: &str, postgres: &str) {
        match &self.kind {
            Kind::Sqlite(_) => Connection::open(self.file()).unwrap().execute_batch(sqlite).unwrap(),
            #[cfg(feature = "test-postgres")]
            Kind::Postgres(schema) => schema.client().await.batch_execute(postgres).await.unwrap(),
        }
    }

    /// A connection beside the stores.
    #[cfg(feature = "test-postgres")]
    pub(crate) async fn client(&self) -> Client {
        match &self.kind {
            Kind::Sqlite(_) => panic!("SQLite has no server"),
            Kind::Postgres(schema) => schema.client().await,
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.beside("daypass.db")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        match &self.kind {
            Kind::Sqlite(folder) => folder.path().join(name),
            #[cfg(feature = "test-postgres")]
            Kind::Postgres(_) => panic!("PostgreSQL has no file"),
        }
    }
}

/// Numbers that never come twice.
struct Counter;

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.fill(0);
        let start = bytes.len() - number.len();
        bytes[start..].copy_from_slice(&number);
    }
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn project_id() -> ProjectId {
    ProjectId::new(at(0), &Counter)
}

/// A refusal of which only the moment is known.
pub(crate) fn bare(millis: i64) -> ExchangeRecord {
    ExchangeRecord::new(ExchangeId::new(at(millis), &Counter), at(millis), "seed", "192.0.2.1")
}

/// A success with every column filled, and one credential.
pub(crate) fn success(millis: i64) -> ExchangeRecord {
    let text = |text: &str| Some(text.to_owned());
    ExchangeRecord {
        outcome: Outcome::Success,
        code: None,
        detail: text("detail"),
        issuer: text("github"),
        role: text("deploy"),
        repository_id: text("123456789"),
        repository: text("octo-org/octo-repo"),
        owner_id: text("65"),
        owner: text("octo-org"),
        run_id: text("30433642"),
        job: text("1"),
        event: text("push"),
        git_ref: text("refs/heads/main"),
        project_id: Some(project_id()),
        policy_version: text("v1"),
        claims: text("{}"),
        trace: text("[]"),
        request_id: Some(RequestId::new(at(millis), &Counter)),
        credentials: vec![credential()],
        ..bare(millis)
    }
}

pub(crate) fn credential() -> CredentialRecord {
    CredentialRecord {
        id: CredentialId::new(at(0), &Counter),
        kind: "pass".to_owned(),
        audience: Some("https://api.example.com".to_owned()),
        scopes: vec!["config:read".to_owned(), "findings:write".to_owned()],
        expires_at: at(900_000),
        key_id: Some("kid".to_owned()),
    }
}

/// A token that may be used once.
pub(crate) fn once(key: u8) -> Spend {
    Spend { key: [key; 32], remember_until: at(1_000_000), once: true }
}

pub(crate) fn account(external_id: &str) -> NewAccount {
    NewAccount {
        id: AccountId::new(at(0), &Counter),
        issuer: "github".to_owned(),
        external_id: external_id.to_owned(),
        name: "octo-org".to_owned(),
        tenant: Some("acme".to_owned()),
        status: AccountStatus::Accepted,
    }
}

pub(crate) fn project(account_id: AccountId, external_id: &str) -> NewProject {
    NewProject {
        id: project_id(),
        account_id,
        issuer: "github".to_owned(),
        external_id: external_id.to_owned(),
        path: format!("octo-org/{external_id}"),
    }
}

/// An account, recorded.
pub(crate) async fn account_in(store: &Store) -> AccountId {
    store.accounts().upsert(account("65"), at(0)).await.unwrap().id
}

pub(crate) async fn all(store: &Store) -> Vec<ExchangeRecord> {
    let mut filter = ExchangeFilter::default();
    let mut found: Vec<ExchangeRecord> = Vec::new();
    loop {
        let page = store.ledger().list(&filter, 1_000).await.unwrap();
        let Some(last) = page.last() else { return found };
        filter.before = Some(last.id);
        found.extend(page);
    }
}

/// An exchange that was handed to the ledger; its answer may be waited for, or not.
pub(crate) type Started<'a> = Pin<Box<dyn Future<Output = Result<Recorded, LedgerFault>> + Send + 'a>>;

/// Hands an exchange to the ledger and does not wait; gives the answer where there is one at once.
pub(crate) fn start(
    store: &Store,
    exchange: ExchangeRecord,
    spend: Option<Spend>,
) -> (Started<'_>, Option<Result<Recorded, LedgerFault>>) {
    let mut started: Started<'_> = Box::pin(store.ledger().record(exchange, spend));
    let answer = match started.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    };
    (started, answer)
}
