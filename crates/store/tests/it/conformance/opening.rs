//! Opening, reopening, closing.

use daypass_jose::ids::AccountId;
use daypass_store::{ExchangeFilter, LedgerFault, MAX_SUBJECTS, Store, StoreFault};

use crate::support::{Place, all, bare, once, start, success};

pub(crate) async fn a_store_that_is_opened_again_keeps_what_was_written(place: &Place) {
    let exchange = success(1);
    {
        let store = place.open().await;
        store.ledger().record(exchange.clone(), None).await.unwrap();
        store.close().await;
    }
    for _ in 0..2 {
        let store = place.open().await;
        assert_eq!(store.ledger().show(exchange.id).await.unwrap().as_ref(), Some(&exchange));
        store.close().await;
    }
}

pub(crate) async fn a_database_of_version_1_is_brought_up_and_keeps_what_it_holds(place: &Place) {
    place.make_version_1("INSERT INTO accounts VALUES ('01930000-0000-7000-8000-000000000001', 'github', '65', 'old', NULL, 'accepted', 1, 1)").await;
    let account = AccountId::parse("01930000-0000-7000-8000-000000000001").unwrap();
    for _ in 0..2 {
        let store = place.open().await;
        assert_eq!(store.revocations().of(&[Some("all"); MAX_SUBJECTS]).await, Ok(Vec::new()));
        assert_eq!(store.accounts().by_id(account).await.unwrap().unwrap().name, "old");
        store.close().await;
    }
}

pub(crate) async fn a_store_that_is_open_can_be_opened_once_more(place: &Place) {
    let [first, second] = [place.open().await, place.open().await];
    let (one, other) = (success(1), success(2));
    first.ledger().record(one.clone(), None).await.unwrap();
    second.ledger().record(other.clone(), None).await.unwrap();
    assert_eq!(second.ledger().show(one.id).await.unwrap(), Some(one));
    assert_eq!(first.ledger().show(other.id).await.unwrap(), Some(other));
}

pub(crate) async fn many_servers_that_start_at_once_on_a_new_store_all_start(place: &Place) {
    let url = place.url.clone();
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open(&url).await.map(drop) })
        })
        .collect();
    for one in starting {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
}

pub(crate) async fn a_store_takes_a_write_when_it_is_asked_how_it_is(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(store.ping().await, Ok(()));
}

pub(crate) async fn a_closed_store_takes_and_gives_nothing(place: &Place) {
    let store = place.open().await;
    store.ledger().record(success(1), None).await.unwrap();
    store.close().await;
    let closed = StoreFault::Unavailable("it is closed".to_owned());
    let recorded = store.ledger().record(success(2), Some(once(1))).await.map(|_| ());
    assert_eq!(recorded, Err(LedgerFault::Store(closed.clone())));
    assert_eq!(store.ping().await, Err(closed.clone()));
    assert_eq!(store.ledger().list(&ExchangeFilter::default(), 1).await, Err(closed));
    store.ledger().refuse(bare(3));
    assert_eq!(store.ledger().statistics().refusals_dropped, 1);
    store.close().await;
    assert_eq!(all(&place.open().await).await.len(), 1);
}

pub(crate) async fn closing_writes_what_waits(place: &Place) {
    let store = place.open().await;
    let held = place.held().await;
    let (waiting, _): (Vec<_>, Vec<_>) = (0..700).map(|number| start(&store, success(number), None)).unzip();
    for number in 700..900 {
        store.ledger().refuse(bare(number));
    }
    drop(held);
    store.close().await;
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(all(&place.open().await).await.len(), 900);
}
