//! A schema of a test's own on the server that the environment names; it goes when the test ends.

use std::thread;

use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// An empty schema.
pub(crate) struct Schema {
    server: String,
    name: String,
}

/// The server that this variable names. A test that needs it fails without.
#[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
pub(crate) fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"))
}

impl Schema {
    pub(crate) fn new(server: &str) -> Self {
        let schema = Self { server: server.to_owned(), name: format!("test_{}", Uuid::new_v4().simple()) };
        schema.on_server(format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    /// The URL under which all tables are in this schema.
    pub(crate) fn url(&self) -> String {
        format!("{}?options=-csearch_path%3D{}", self.server, self.name)
    }

    /// A connection beside the store.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        drop(tokio::spawn(connection));
        client
    }

    /// Runs a statement on a thread of its own: a test may be inside a runtime, or ending.
    fn on_server(&self, sql: String) {
        let url = self.server.clone();
        let ran = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
                drop(tokio::spawn(connection));
                client.batch_execute(&sql).await.unwrap();
            });
        });
        ran.join().unwrap();
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A test that fails leaves its tables to be looked at.
        if !thread::panicking() {
            self.on_server(format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
