//! What waits to be written: its bounds, its deadlines, and what becomes of it when nobody waits for it any more.

use daypass_store::{LedgerFault, MAX_BATCH, MAX_WAITING_REFUSALS, MAX_WAITING_WRITES, Spend, StoreFault};
use rusqlite::Connection;

use crate::support::{Place, all, bare, once, sqlite, start, success};

fn count(place: &Place, sql: &str) -> usize {
    let connection = Connection::open(place.file()).unwrap();
    let count: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn more_writes_than_may_wait_are_told_so_at_once_and_the_others_are_written() {
    let place = sqlite();
    let store = place.open().await;
    let held = place.held().await;
    let mut waiting = Vec::new();
    let refused = loop {
        assert!(waiting.len() < 3 * MAX_WAITING_WRITES, "nothing is refused");
        match start(&store, success(1), None) {
            (started, None) => waiting.push(started),
            (_, Some(answer)) => break answer,
        }
    };
    assert_eq!(refused.map(|_| ()), Err(LedgerFault::Overloaded));
    // One batch may be on its way beside those that wait.
    assert!(
        (MAX_WAITING_WRITES..=MAX_WAITING_WRITES + MAX_BATCH).contains(&waiting.len()),
        "{}",
        waiting.len()
    );
    assert_eq!(store.ping().await, Err(StoreFault::Unavailable("too many writes wait".to_owned())));
    drop(held);
    let written = waiting.len();
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM exchanges"), written);
}

#[tokio::test]
async fn more_refusals_than_may_wait_are_dropped_and_counted() {
    const PUSHED: usize = MAX_WAITING_REFUSALS + 1_000;
    let place = sqlite();
    let store = place.open().await;
    let held = place.held().await;
    for _ in 0..PUSHED {
        store.ledger().refuse(bare(1));
    }
    drop(held);
    store.close().await;
    let dropped = usize::try_from(store.ledger().statistics().refusals_dropped).unwrap();
    assert!(dropped > 0);
    assert!(dropped <= 1_000, "{dropped}");
    assert_eq!(count(&place, "SELECT COUNT(*) FROM exchanges") + dropped, PUSHED);
}

#[tokio::test]
async fn what_its_caller_gave_up_before_it_was_written_is_not_written_and_spends_nothing() {
    let place = sqlite();
    let store = place.open().await;
    let held = place.held().await;
    let (given_up, _) = start(&store, success(1), Some(once(1)));
    let (kept, _) = start(&store, success(2), Some(once(2)));
    drop(given_up);
    drop(held);
    kept.await.unwrap();
    assert_eq!(all(&store).await.len(), 1);
    store.ledger().record(success(3), Some(once(1))).await.unwrap();
}

#[tokio::test]
async fn a_database_that_another_process_locks_is_unavailable_within_the_deadline_and_recovers() {
    let place = sqlite();
    let store = place.open().await;
    let held = place.held().await;
    let recorded = store.ledger().record(success(2), Some(once(1))).await;
    let Err(LedgerFault::Store(StoreFault::Unavailable(why))) = recorded else { panic!("{recorded:?}") };
    assert_eq!(
        why,
        "another process keeps it locked: end that process, or try again when it is done (SQLite: database is locked)"
    );
    // Reading goes on.
    assert_eq!(all(&store).await, []);
    drop(held);
    store.ledger().record(success(3), Some(once(1))).await.unwrap();
    assert_eq!(all(&store).await.len(), 1);
}

#[tokio::test]
async fn uses_of_a_token_that_may_be_used_again_are_counted() {
    let place = sqlite();
    let store = place.open().await;
    for _ in 0..3 {
        store.ledger().record(success(1), Some(Spend { once: false, ..once(1) })).await.unwrap();
    }
    assert_eq!(count(&place, "SELECT uses FROM spent_tokens"), 3);
}
