//! SQLite's write-ahead log: it is used again from its start, and never grows beyond its bound.

use std::fs;
use std::time::Duration;

use daypass_store::{ExchangeRecord, MAX_LOG_BYTES, Store};
use rusqlite::{Connection, Row};

use crate::support::{Place, account_in, at, bare, project, sqlite};

/// How often the log was begun anew: a number in its header (SQLite file format, §4.1).
fn times_begun(place: &Place) -> u32 {
    let log = fs::read(place.beside("daypass.db-wal")).unwrap();
    u32::from_be_bytes(log[12..16].try_into().unwrap())
}

/// Pages in the log, and those of them that are in the database too. Asks, and copies nothing.
fn pages(connection: &Connection) -> (i64, i64) {
    let counts = |row: &Row<'_>| Ok((row.get(1)?, row.get(2)?));
    connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], counts).unwrap()
}

/// Whether all of the log is in the database too.
fn is_copied(connection: &Connection) -> bool {
    let (in_log, copied) = pages(connection);
    in_log == copied
}

/// Waits until this is so of the pages in the log and those that are copied.
async fn until(connection: &Connection, is_so: impl Fn((i64, i64)) -> bool) {
    let so = async {
        while !is_so(pages(connection)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), so).await.expect("nobody copies the log");
}

/// Commits of one row each.
async fn pings(store: &Store, count: usize) {
    for _ in 0..count {
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn after_some_rows_the_log_is_copied_by_another_thread_and_begun_anew() {
    let place = sqlite();
    let store = place.open().await;
    let beside = Connection::open(place.file()).unwrap();
    for number in 0..175 {
        store.ledger().refuse(bare(number));
    }
    pings(&store, 16).await;
    let at_start = times_begun(&place);
    assert!(!is_copied(&beside), "191 rows were written");
    store.ping().await.unwrap();
    until(&beside, |(in_log, copied)| in_log == copied).await;
    store.ping().await.unwrap();
    assert_eq!(times_begun(&place), at_start + 1);
}

#[tokio::test]
async fn the_writer_copies_the_little_that_is_left_of_a_long_log_and_begins_it_anew() {
    let place = sqlite();
    let store = place.open().await;
    let beside = Connection::open(place.file()).unwrap();
    let reader = Connection::open(place.file()).unwrap();
    for number in 0..49 {
        store.ledger().refuse(ExchangeRecord { claims: Some("a".repeat(1024 * 1024)), ..bare(number) });
    }
    pings(&store, 127).await;
    let at_start = times_begun(&place);
    // The thread may be slow to say that it has copied nearly all, and another 176 commits then come before.
    for _ in 0..8 {
        let (in_log, _) = pages(&beside);
        assert!(in_log >= 48 * 256, "the log is long");
        // While somebody reads what is old, the thread must leave what is new. Were all of it copied, the next commit would
        // begin the log anew by itself.
        reader.execute_batch("BEGIN; SELECT value FROM meta").unwrap();
        pings(&store, 16).await;
        until(&beside, |(_, copied)| copied >= in_log).await;
        assert!(!is_copied(&beside), "192 rows were written, and the last 16 are left");
        reader.execute_batch("COMMIT").unwrap();
        // The thread is woken by the 192nd row again.
        pings(&store, 176).await;
        if times_begun(&place) != at_start {
            break;
        }
    }
    assert_eq!(times_begun(&place), at_start + 1);
    let length = fs::metadata(place.beside("daypass.db-wal")).unwrap().len();
    assert!(length < MAX_LOG_BYTES, "nobody had to stop and empty it: {length}");
}

#[tokio::test]
async fn the_log_stays_within_its_bound_when_few_rows_are_large() {
    let place = sqlite();
    let store = place.open().await;
    let owner = account_in(&store).await;
    let id = store.projects().upsert(project(owner, "42"), at(0)).await.unwrap().id;
    // SQLite writes no page that does not change.
    let mebibyte = |number: usize| ["a", "b"][number % 2].repeat(1024 * 1024);
    let mut longest = 0;
    for number in 0..100 {
        store.projects().set_config(id, &mebibyte(number), at(1)).await.unwrap();
        longest = longest.max(fs::metadata(place.beside("daypass.db-wal")).unwrap().len());
    }
    assert!(longest > MAX_LOG_BYTES / 2, "{longest}");
    assert!(longest < MAX_LOG_BYTES + 4 * 1024 * 1024, "{longest}");
    assert_eq!(store.projects().by_id(id).await.unwrap().unwrap().config, mebibyte(99));
}
