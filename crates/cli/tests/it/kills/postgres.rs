//! The kill test on PostgreSQL, where every second kill is that of the database, and the server goes on.

use std::process::{self, Command};

use super::{Victim, kill_again_and_again};
use crate::installation::Installation;

/// A database of its own in the server that tests may kill; left behind where the test fails.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn new() -> Self {
        let server = variable("TEST_DATABASE_CRASH_URL");
        let database = Self { server, name: format!("test_kills_{}", process::id()) };
        database.drop();
        database.psql(&format!("CREATE DATABASE {}", database.name));
        database
    }

    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn drop(&self) {
        self.psql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }

    fn psql(&self, sql: &str) {
        let ran = Command::new("psql").args([&self.server, "-qc", sql]).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_forgets_no_success_that_a_client_received_and_spends_no_token_twice() {
    let database = Database::new();
    let installation = Installation::new(Some(database.url())).await;
    let by_turns = |number| if number % 2 == 0 { Victim::Database } else { Victim::Server };
    kill_again_and_again("postgresql", &installation, by_turns, kill_and_start).await;
    database.drop();
}

/// Without a checkpoint, and with commits that the server itself would not wait for (`synchronous_commit = off`).
fn kill_and_start() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");
    let status = Command::new(script).args(["restart", &variable("TEST_DATABASE_CRASH_FOLDER")]).status();
    assert!(status.unwrap().success());
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run scripts/test"))
}
