//! The binary on a database of PostgreSQL.

use std::process::{self, Command};

use crate::revoke::a_revoked_pass_is_refused_by_every_server_at_once;
use crate::support::{Folder, get};

pub(crate) const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";

/// A schema of its own, which is left behind where the test fails.
pub(crate) struct Schema {
    pub(crate) server: String,
    pub(crate) name: String,
}

impl Schema {
    #[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
    pub(crate) fn new() -> Self {
        let server =
            std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL is not set: run scripts/test");
        let schema = Self { server, name: format!("test_cli_{}", process::id()) };
        schema.psql(&format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name));
        schema
    }

    pub(crate) fn url(&self) -> String {
        format!("{}?options=-csearch_path%3D{}", self.server, self.name)
    }

    /// Runs this on the server; gives what it prints.
    pub(crate) fn psql(&self, sql: &str) -> String {
        let ran = Command::new("psql").args([&self.server, "-qAtc", sql]).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }
}

#[test]
fn the_server_and_the_commands_share_the_database() {
    let schema = Schema::new();
    let mut folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n[[issuers]]\nname = 'github'\nprovider = 'github'\n",
    );
    folder.set("DAYPASS_STORE_URL", &schema.url());
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    let add =
        ["project", "add", "octo-org/octo-repo", "--issuer", "github", "--id", "42", "--owner-id", "65"];
    folder.ok(&add);
    let shown = folder.ok(&["project", "show", "octo-org/octo-repo", "--json"]);
    assert!(shown.contains("\"active\""), "{shown}");
    // Replicas: the second reads the signing key that the first has made.
    let replicas = [folder.serve(&[]), folder.serve(&[])];
    folder.ok(&["project", "suspend", "octo-org/octo-repo"]);
    folder.ok(&["audit", "list"]);
    // Revoked and sealed anew in one transaction each, under the eyes of both.
    let revoked = folder.ok(&["keys", "rotate", "--compromised", "--json"]);
    let revoked: serde_json::Value = serde_json::from_str(&revoked).unwrap();
    for replica in &replicas {
        let signing = revoked["signing"].as_str().unwrap();
        while !get(&format!("{}/.well-known/jwks.json", replica.url), None).1.contains(signing) {}
    }
    folder.ok(&["keys", "rotate"]);
    folder.set("DAYPASS_NEW_ENCRYPTION_KEY", OTHER);
    assert!(folder.ok(&["keys", "rewrap"]).starts_with("3 signing keys are sealed"));
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    folder.set("DAYPASS_NEW_ENCRYPTION_KEY", KEY);
    folder.ok(&["keys", "rewrap"]);
    drop(replicas);
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("sealed under another encryption key"), "{}", ran.stderr);
    folder.set("DAYPASS_ENCRYPTION_KEY", "");
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("The encryption key is lost"), "{}", ran.stderr);
    assert!(!folder.path("daypass.db").exists() && !folder.path("daypass.db.key").exists());
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}

#[test]
fn a_revoked_pass_is_refused_by_every_server_of_a_database_at_once() {
    let schema = Schema::new();
    let mut folder = Folder::new();
    folder.set("DAYPASS_STORE_URL", &schema.url());
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    a_revoked_pass_is_refused_by_every_server_at_once(&folder);
    assert!(!folder.path("daypass.db").exists());
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}

#[test]
fn the_doctor_looks_at_the_database_and_makes_nothing_in_it() {
    let schema = Schema::new();
    let mut folder = Folder::new();
    folder.write("daypass.toml", "public_url = 'http://127.0.0.1:9'\nlisten = '127.0.0.1:0'\n");
    folder.set("DAYPASS_STORE_URL", &schema.url());
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    let tables =
        || schema.psql(&format!("SELECT COUNT(*) FROM pg_tables WHERE schemaname = '{}'", schema.name));
    let told = folder.ok(&["doctor"]);
    assert!(told.contains("note     store-version") && tables().trim() == "0", "{told}");
    let server = folder.serve(&[]);
    let told = folder.ok(&["doctor", "--url", &server.url]);
    for line in [
        "ok       store-opens        PostgreSQL",
        "ok       store-version",
        "ok       store-durable",
        "ok       server-keys",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    drop(server);
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}
