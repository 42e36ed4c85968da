//! SQLite's write-ahead log: it is used again from its start, and never grows beyond its bound.

use std::fs;
use std::time::Duration;

use daypass_store::MAX_LOG_BYTES;
use rusqlite::{Connection, Row};

use crate::support::{Place, account_in, at, bare, project, sqlite};

/// How often the log was begun anew: a number in its header (SQLite file format, §4.1).
fn times_begun(place: &Place) -> u32 {
    let log = fs::read(place.beside("daypass.db-wal")).unwrap();
    u32::from_be_bytes(log[12..16].try_into().unwrap())
}

/// Whether all of the log is in the database too. Asks, and copies nothing.
fn is_copied(connection: &Connection) -> bool {
    let counts = |row: &Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (in_log, copied) = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], counts).unwrap();
    in_log == copied
}

#[tokio::test]
async fn after_some_rows_the_log_is_copied_by_another_thread_and_begun_anew() {
    let place = sqlite();
    let store = place.open().await;
    let beside = Connection::open(place.file()).unwrap();
    for number in 0..111 {
        store.ledger().refuse(bare(number));
    }
    for _ in 0..16 {
        store.ping().await.unwrap();
    }
    let at_start = times_begun(&place);
    assert!(!is_copied(&beside), "127 rows were written");
    store.ping().await.unwrap();
    let copied = async {
        while !is_copied(&beside) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), copied).await.expect("nobody copies the log");
    store.ping().await.unwrap();
    assert_eq!(times_begun(&place), at_start + 1);
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
