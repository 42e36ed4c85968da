//! Starts that fail for the server of the database: what is told, and that nothing there is changed.

use crate::postgres::{KEY, Schema};
use crate::support::{Folder, without_version};

fn folder() -> Folder {
    let mut folder = Folder::new();
    folder.write("daypass.toml", "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n");
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    folder
}

/// What a start on this database says; its server's port, which is another each time, is left out.
fn refused(folder: &mut Folder, schema: &Schema, url: &str) -> String {
    folder.set("DAYPASS_STORE_URL", url);
    let before = state(schema);
    let ran = folder.run(&["serve"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
    assert_eq!(state(schema), before, "{}", ran.stderr);
    assert!(!ran.stderr.contains("only-for-tests"), "{}", ran.stderr);
    let port = schema.server.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    ran.stderr.replace(&format!(":{port}/"), ":PORT/").replace(&schema.name, "SCHEMA")
}

/// The tables of the schema, and how often each was written.
fn state(schema: &Schema) -> String {
    let name = &schema.name;
    let tables =
        schema.psql(&format!("SELECT tablename FROM pg_tables WHERE schemaname = '{name}' ORDER BY 1"));
    let rows = tables.lines().map(|table| {
        schema.psql(&format!(
            "SELECT '{table}', md5(string_agg(t::text || xmin, '|' ORDER BY t::text)) FROM {name}.{table} t"
        ))
    });
    rows.collect()
}

fn served_once(folder: &mut Folder, schema: &Schema) {
    folder.set("DAYPASS_STORE_URL", &schema.url());
    let mut server = folder.serve(&[]);
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    assert!(state(schema).contains("signing_keys|"));
}

fn done(schema: &Schema) {
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}

#[test]
fn a_server_that_is_not_there_or_does_not_know_who_asks_is_told() {
    let (mut folder, schema) = (folder(), Schema::new());
    let away = "postgres://daypass:only-for-tests@127.0.0.1:1/postgres";
    insta::assert_snapshot!(refused(&mut folder, &schema, away), @"error: `postgres://daypass@127.0.0.1:1/postgres`: the store is unavailable: error connecting to server: Connection refused (os error 111): start the server, or name where it listens in `store.url`");
    let wrong = schema.url().replace("only-for-tests", "wrong");
    insta::assert_snapshot!(refused(&mut folder, &schema, &wrong), @r#"error: `postgres://daypass@127.0.0.1:PORT/postgres`: the store is unavailable: password authentication failed for user "daypass" (28P01): look at user and password in `store.url`, and at the server's pg_hba.conf"#);
    let missing = schema.url().replace("/postgres?", "/missing?");
    insta::assert_snapshot!(refused(&mut folder, &schema, &missing), @r#"error: `postgres://daypass@127.0.0.1:PORT/missing`: the store is unavailable: database "missing" does not exist (3D000): make it with `createdb`, or name another in `store.url`"#);
    let nowhere = schema.url().replace(&schema.name, "nowhere");
    insta::assert_snapshot!(refused(&mut folder, &schema, &nowhere), @"error: `postgres://daypass@127.0.0.1:PORT/postgres`: the store is unavailable: no schema has been selected to create in (3F000): make the schema that `search_path` names, and let this user use it");
    done(&schema);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let (mut folder, schema) = (folder(), Schema::new());
    served_once(&mut folder, &schema);
    schema.psql(&format!("UPDATE {}.schema_version SET version = 99", schema.name));
    insta::assert_snapshot!(without_version(&refused(&mut folder, &schema, &schema.url())), @"error: `postgres://daypass@127.0.0.1:PORT/postgres`: the database has version 99, this daypass knows N: use the newer daypass");
    done(&schema);
}

#[test]
fn a_database_that_only_reads_is_left_alone_whether_it_is_new_or_old() {
    let (mut folder, schema) = (folder(), Schema::new());
    let reading = format!("{}%20-cdefault_transaction_read_only%3Don", schema.url());
    insta::assert_snapshot!(refused(&mut folder, &schema, &reading), @"error: `postgres://daypass@127.0.0.1:PORT/postgres`: the store is unavailable: error connecting to server: database does not allow writes: a server that only reads keeps no record: name the one that writes in `store.url`, and leave its `default_transaction_read_only` off");
    served_once(&mut folder, &schema);
    let again = refused(&mut folder, &schema, &reading);
    assert!(again.contains("a server that only reads keeps no record"), "{again}");
    done(&schema);
}

#[test]
fn a_user_who_may_not_make_or_use_the_tables_is_told() {
    let (mut folder, schema) = (folder(), Schema::new());
    let (name, weak) = (&schema.name, format!("{}_weak", schema.name));
    schema.psql(&format!("CREATE ROLE {weak} LOGIN PASSWORD 'weak'; GRANT USAGE ON SCHEMA {name} TO {weak}"));
    let url = schema.url().replace("daypass:only-for-tests", &format!("{weak}:weak"));
    insta::assert_snapshot!(refused(&mut folder, &schema, &url), @"error: `postgres://SCHEMA_weak@127.0.0.1:PORT/postgres`: permission denied for schema SCHEMA (42501): this user must be able to make tables in the schema, or own the tables that are there");
    served_once(&mut folder, &schema);
    insta::assert_snapshot!(refused(&mut folder, &schema, &url), @"error: `postgres://SCHEMA_weak@127.0.0.1:PORT/postgres`: permission denied for table schema_version (42501): this user must be able to make tables in the schema, or own the tables that are there");
    done(&schema);
    schema.psql(&format!("DROP ROLE {weak}"));
}
