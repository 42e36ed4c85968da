//! Refusals, which nobody waits for.

use daypass_store::{ExchangeRecord, Outcome};

use crate::support::{Place, all, bare, once, success};

pub(crate) async fn a_refusal_is_written_with_the_next_commit(place: &Place) {
    let store = place.open().await;
    let refusal = ExchangeRecord {
        outcome: Outcome::Refused,
        code: Some("not_allowed".to_owned()),
        credentials: Vec::new(),
        ..success(1)
    };
    store.ledger().refuse(refusal.clone());
    store.ping().await.unwrap();
    assert_eq!(store.ledger().show(refusal.id).await.unwrap(), Some(refusal));
    assert_eq!(store.ledger().statistics().refusals_dropped, 0);
}

pub(crate) async fn a_refusal_spends_no_token(place: &Place) {
    let store = place.open().await;
    store.ledger().refuse(bare(1));
    store.ledger().record(success(2), Some(once(1))).await.unwrap();
    assert_eq!(all(&store).await.len(), 2);
}

pub(crate) async fn many_refusals_are_all_written(place: &Place) {
    let store = place.open().await;
    for number in 0..500 {
        store.ledger().refuse(bare(number));
    }
    // Each commit takes 64 along.
    for _ in 0..8 {
        store.ping().await.unwrap();
    }
    assert_eq!(all(&store).await.len(), 500);
    assert_eq!(store.ledger().statistics().refusals_dropped, 0);
}

pub(crate) async fn a_refusal_that_cannot_be_written_is_counted_and_fails_nobody(place: &Place) {
    let store = place.open().await;
    let first = bare(1);
    let held = place.held().await;
    store.ledger().refuse(first);
    store.ledger().refuse(ExchangeRecord { role: Some("\0".to_owned()), ..bare(2) });
    store.ledger().refuse(bare(3));
    drop(held);
    store.ledger().record(success(4), Some(once(1))).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(all(&store).await.len(), 3);
    assert_eq!(store.ledger().statistics().refusals_dropped, 1);
}

pub(crate) async fn a_refusal_of_what_is_recorded_as_a_success_changes_nothing_and_fails_nobody(
    place: &Place,
) {
    let store = place.open().await;
    let given = success(1);
    store.ledger().record(given.clone(), Some(once(1))).await.unwrap();
    store.ledger().refuse(ExchangeRecord { id: given.id, ..bare(2) });
    store.ledger().record(success(3), Some(once(3))).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.ledger().show(given.id).await.unwrap(), Some(given));
    assert_eq!(all(&store).await.len(), 2);
    assert_eq!(store.ledger().statistics().refusals_dropped, 0);
}
