//! What cannot be seen from outside: pragmas, binding, savepoints.

use std::path::PathBuf;

use rusqlite::Connection;

use super::Sqlite;
use super::connection::{self, run};
use super::task::{Guard, guarded};
use crate::fault::StoreFault;
use crate::value::Value;

fn database() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daypass.db");
    Sqlite::open(path.clone()).unwrap().close();
    (folder, path)
}

fn integers(connection: &Connection, sql: &str) -> Vec<i64> {
    run(connection, sql, &[]).unwrap().into_iter().map(|mut row| row.integer().unwrap()).collect()
}

#[test]
fn the_writer_syncs_each_commit_and_leaves_copying_the_log_to_others() {
    let (_folder, path) = database();
    let connection = connection::open_writer(&path).unwrap();
    for (pragma, value) in
        [("synchronous", 2), ("wal_autocheckpoint", 0), ("foreign_keys", 1), ("busy_timeout", 2_000)]
    {
        let found: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        assert_eq!(found, value, "{pragma}");
    }
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
}

#[test]
fn a_connection_that_does_not_write_durably_is_refused() {
    let (_folder, path) = database();
    let connection = connection::open_writer(&path).unwrap();
    for weaker in ["OFF", "NORMAL"] {
        connection.pragma_update(None, "synchronous", weaker).unwrap();
        assert!(matches!(connection::check_durability(&connection), Err(StoreFault::Refused(_))), "{weaker}");
    }
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    assert_eq!(connection::check_durability(&connection), Ok(()));
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    assert!(matches!(connection::check_durability(&connection), Err(StoreFault::Refused(_))));
}

#[test]
fn a_log_that_somebody_reads_is_not_begun_anew_and_says_so() {
    let (_folder, path) = database();
    let writer = connection::open_writer(&path).unwrap();
    let reader = connection::open_reader(&path).unwrap();
    run(&reader, "BEGIN", &[]).unwrap();
    assert_eq!(integers(&reader, "SELECT value FROM meta"), [0]);
    run(&writer, "UPDATE meta SET value = 7", &[]).unwrap();
    assert!(matches!(connection::restart_log(&writer), Err(StoreFault::Unavailable(_))));
    assert!(matches!(connection::empty_log(&writer), Err(StoreFault::Unavailable(_))));
    run(&reader, "COMMIT", &[]).unwrap();
    assert_eq!(connection::restart_log(&writer), Ok(()));
    assert_eq!(connection::empty_log(&writer), Ok(()));
    assert_eq!(connection::log_bytes(&path), 0);
}

#[test]
fn a_reader_cannot_write() {
    let (_folder, path) = database();
    let reader = connection::open_reader(&path).unwrap();
    assert!(run(&reader, "UPDATE meta SET value = 7", &[]).is_err());
    assert_eq!(integers(&reader, "SELECT value FROM meta"), [0]);
}

#[test]
fn parameters_are_bound_by_name_in_any_order_and_repeated() {
    let connection = Connection::open_in_memory().unwrap();
    let values = [1_i64, 2, 3].map(Value::from);
    let mut row = run(&connection, "SELECT $3, $1, $2, $1", &values).unwrap().remove(0);
    assert_eq!([0; 4].map(|_| row.integer().unwrap()), [3, 1, 2, 1]);
}

#[test]
fn a_statement_is_given_exactly_the_values_that_it_names() {
    let connection = Connection::open_in_memory().unwrap();
    for (sql, count) in
        [("SELECT $1, $2", 1), ("SELECT $1", 2), ("SELECT $1, $2, $1", 3), ("SELECT 1", 1), ("SELECT $2", 1)]
    {
        let values = vec![Value::Integer(7); count];
        assert!(matches!(run(&connection, sql, &values), Err(StoreFault::Corrupt(_))), "{sql}");
    }
}

#[test]
fn a_value_comes_back_as_what_it_was_and_a_float_or_broken_text_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    let one = |sql, values: &[Value<'_>]| run(&connection, sql, values).map(|mut rows| rows.remove(0));
    let text = "\u{1}\u{7f}'\"; -- \u{1f600}\u{202e}";
    assert_eq!(one("SELECT $1", &[text.into()]).unwrap().text().unwrap(), text);
    assert_eq!(one("SELECT $1", &[vec![0_u8, 255].into()]).unwrap().bytes().unwrap(), [0, 255]);
    assert_eq!(one("SELECT $1", &[i64::MIN.into()]).unwrap().integer().unwrap(), i64::MIN);
    assert_eq!(one("SELECT $1", &[Value::Null]).unwrap().optional_text().unwrap(), None);
    for sql in ["SELECT 1.5", "SELECT CAST(x'ff' AS TEXT)"] {
        assert!(matches!(one(sql, &[]), Err(StoreFault::Corrupt(_))), "{sql}");
    }
    assert!(matches!(one("SELECT $1", &["a\0b".into()]), Err(StoreFault::Corrupt(_))));
}

fn table() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1); BEGIN IMMEDIATE")
        .unwrap();
    connection
}

#[test]
fn a_request_that_fails_takes_back_what_it_wrote_and_no_more() {
    let connection = table();
    let insert =
        |sql: &'static str| guarded(&connection, Guard::Savepoint, |connection| run(connection, sql, &[]));
    insert("INSERT INTO t VALUES (2)").unwrap();
    let failed = guarded(&connection, Guard::Savepoint, |connection| {
        run(connection, "INSERT INTO t VALUES (3)", &[])?;
        run(connection, "INSERT INTO t VALUES (1)", &[])
    });
    assert!(matches!(failed, Err(StoreFault::Corrupt(_))));
    insert("INSERT INTO t VALUES (4)").unwrap();
    run(&connection, "COMMIT", &[]).unwrap();
    assert_eq!(integers(&connection, "SELECT n FROM t ORDER BY n"), [1, 2, 4]);
}

#[test]
fn a_transaction_that_the_database_took_back_is_not_continued_as_another() {
    let connection = table();
    let insert =
        |sql: &'static str| guarded(&connection, Guard::Savepoint, |connection| run(connection, sql, &[]));
    insert("INSERT INTO t VALUES (2)").unwrap();
    // As when the disk is full: the whole transaction goes.
    insert("INSERT OR ROLLBACK INTO t VALUES (1)").err().unwrap();
    assert!(matches!(insert("INSERT INTO t VALUES (3)"), Err(StoreFault::Unavailable(_))));
    assert!(run(&connection, "COMMIT", &[]).is_err(), "the batch must be told that it failed");
    assert_eq!(integers(&connection, "SELECT n FROM t"), [1]);
}
