//! What cannot be seen from outside: binding, the setting that makes a commit durable.

use super::address::Address;
use super::commit::BEGIN;
use super::migrate::migrate_within;
use super::session::{Access, Session};
use super::trouble::Trouble;
use crate::value::Value;

#[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
async fn session() -> Session {
    let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL is not set: run scripts/test");
    Session::connect(&Address::parse(&url).unwrap(), Access::Write).await.unwrap()
}

#[tokio::test]
async fn parameters_are_bound_by_their_number_whatever_their_order_and_as_often_as_they_stand() {
    let mut session = session().await;
    let sql = "SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BYTEA)";
    let values = [7.into(), "two".into(), Value::Bytes(vec![0, 255].into())];
    let mut row = session.run(sql, &values).await.unwrap().remove(0);
    assert_eq!((row.text().unwrap(), row.integer().unwrap()), ("two".to_owned(), 7));
    assert_eq!((row.text().unwrap(), row.bytes().unwrap()), ("two".to_owned(), vec![0, 255]));
    for wrong in [&values[..2], &[values.as_slice(), &[Value::Null]].concat()] {
        assert!(matches!(session.run(sql, wrong).await, Err(Trouble::Request(_))));
    }
    let swapped = ["two".into(), 7.into(), Value::Null];
    assert!(matches!(session.run(sql, &swapped).await, Err(Trouble::Request(_))));
}

#[tokio::test]
async fn every_commit_is_durable_though_the_server_would_not_wait() {
    let mut session = session().await;
    let setting = "SELECT current_setting('synchronous_commit')";
    let shown = session.run(setting, &[]).await.unwrap().remove(0).text().unwrap();
    assert_eq!(shown, "off", "scripts/postgres makes a server whose default is weak");
    session.batch(BEGIN).await.unwrap();
    let shown = session.run(setting, &[]).await.unwrap().remove(0).text().unwrap();
    assert_eq!(shown, "on");
}

#[tokio::test]
async fn tables_that_somebody_reads_without_end_are_left_as_they_are_and_the_start_says_so() {
    let (reader, mut starting) = (session().await, session().await);
    let schema = format!("held_{}", std::process::id());
    let version_2 = concat!(
        include_str!("../../../migrations/postgres/0001_start.sql"),
        include_str!("../../../migrations/postgres/0002_revocations.sql"),
        "CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version (version) VALUES (2);"
    );
    reader.batch(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {version_2}")).await.unwrap();
    reader.batch("SET idle_in_transaction_session_timeout = 0").await.unwrap();
    starting.batch(&format!("SET search_path = {schema}")).await.unwrap();
    reader.batch("BEGIN; LOCK TABLE exchanges IN ACCESS SHARE MODE").await.unwrap();
    let Err(Trouble::Server(why)) = migrate_within(&mut starting, 2).await else { panic!("it is held") };
    assert!(why.contains("another session holds `exchanges`; a backup, say"), "{why}");
    reader.batch("COMMIT").await.unwrap();
    let mut version = starting.run("SELECT version FROM schema_version", &[]).await.unwrap().remove(0);
    assert_eq!(version.integer().unwrap(), 2);
    migrate_within(&mut starting, 1).await.unwrap();
    reader.batch(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
