//! The audit stream: exchanges in the order of their commits, and who delivers them.

use std::collections::BTreeSet;

use daypass_jose::ids::ExchangeId;
use daypass_store::{ExchangeRecord, Outcome, Store, StreamCursor, StreamLag, StreamPlace, StreamStart};

use crate::support::{Place, all, at, bare, success};

/// More bytes than there are.
const MUCH: u64 = 100_000_000;

/// The ids of all that comes behind a place, in pages, and the place behind the last.
async fn rest(store: &Store, from: &StreamPlace, page: u32) -> (Vec<ExchangeId>, StreamPlace) {
    let (mut ids, mut place) = (Vec::new(), from.clone());
    loop {
        let next = store.audit_stream().next(&place, page, MUCH).await.unwrap().exchanges;
        let Some(last) = next.last() else { return (ids, place) };
        place = last.place.clone();
        ids.extend(next.into_iter().map(|exchange| exchange.record.unwrap().id));
    }
}

async fn begun(store: &Store, start: StreamStart) -> StreamCursor {
    store.audit_stream().begin(start).await.unwrap();
    cursor(store).await
}

async fn cursor(store: &Store) -> StreamCursor {
    store.audit_stream().cursor().await.unwrap().unwrap()
}

/// Records successes of these moments; gives their ids.
async fn record(store: &Store, moments: &[i64]) -> Vec<ExchangeId> {
    let mut ids = Vec::new();
    for moment in moments {
        let exchange = success(*moment);
        ids.push(exchange.id);
        store.ledger().record(exchange, None).await.unwrap();
    }
    settled(store).await;
    ids
}

/// Waits until nothing that is recorded is held back by a transaction that is older, of another test perhaps.
async fn settled(store: &Store) {
    let recorded = all(store).await.len();
    while rest(store, &StreamPlace::beginning(), 1_000).await.0.len() < recorded {
        tokio::task::yield_now().await;
    }
}

/// Makes `holder` the one who delivers, and delivers so many exchanges.
async fn deliver(store: &Store, holder: &str, count: u32) {
    let seen = cursor(store).await;
    assert!(store.audit_stream().take(&seen, holder).await.unwrap());
    if let Some(last) = store.audit_stream().next(&seen.place, count, MUCH).await.unwrap().exchanges.pop() {
        assert!(store.audit_stream().advance(holder, &seen.place, &last.place, at(77)).await.unwrap());
    }
}

pub(crate) async fn a_stream_gives_every_exchange_once_in_pages_and_in_the_order_of_commits(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.audit_stream().cursor().await.unwrap(), None);
    // The clock goes back: what comes later has the lower id.
    let recorded = record(&store, &[5, 4, 9, 1, 7]).await;
    let start = begun(&store, StreamStart::Beginning).await.place;
    let (ids, behind) = rest(&store, &start, 2).await;
    assert_eq!(ids, recorded);
    let later = success(3);
    store.ledger().record(later.clone(), None).await.unwrap();
    settled(&store).await;
    let next = store.audit_stream().next(&behind, 10, MUCH).await.unwrap();
    let exchanges: Vec<&ExchangeRecord> =
        next.exchanges.iter().map(|exchange| exchange.record.as_ref().unwrap()).collect();
    assert_eq!((exchanges, next.is_last), (vec![&later], true));
    // Many of one commit, and the other kind.
    let refused: BTreeSet<ExchangeId> = (100..400)
        .map(|moment| {
            let refusal = bare(moment);
            store.ledger().refuse(refusal.clone());
            refusal.id
        })
        .collect();
    store.close().await;
    let store = place.open().await;
    settled(&store).await;
    let (ids, _) = rest(&store, &next.exchanges[0].place, 7).await;
    assert_eq!(ids.len(), 300);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), refused);
}

pub(crate) async fn a_stream_that_begins_now_gives_what_comes_and_nothing_before(place: &Place) {
    let store = place.open().await;
    record(&store, &[1, 2, 3]).await;
    let start = begun(&store, StreamStart::Now).await;
    assert_eq!(begun(&store, StreamStart::Beginning).await, start, "there is one");
    assert!(store.audit_stream().is_anchored(&start.place).await.unwrap());
    let later = record(&store, &[2]).await;
    assert_eq!(rest(&store, &start.place, 5).await.0, later);
}

pub(crate) async fn one_server_delivers_and_another_takes_over_where_nothing_moves(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    let seen = begun(&one, StreamStart::Now).await;
    assert!(one.audit_stream().take(&seen, "one").await.unwrap());
    assert!(!other.audit_stream().take(&seen, "other").await.unwrap(), "somebody was first");
    let seen = cursor(&other).await;
    assert_eq!(seen.holder, "one");
    assert!(one.audit_stream().beat("one").await.unwrap());
    assert!(!other.audit_stream().take(&seen, "other").await.unwrap(), "it lives");
    let seen = cursor(&other).await;
    assert!(other.audit_stream().take(&seen, "other").await.unwrap());
    assert!(!one.audit_stream().beat("one").await.unwrap());
    one.audit_stream().release("one").await.unwrap();
    assert_eq!(cursor(&one).await.holder, "other", "who is not the holder releases nothing");
    other.audit_stream().release("other").await.unwrap();
    assert_eq!(cursor(&one).await.holder, "");
}

pub(crate) async fn who_is_no_longer_the_holder_moves_nothing(place: &Place) {
    let store = place.open().await;
    record(&store, &[1, 2]).await;
    let start = begun(&store, StreamStart::Beginning).await;
    let stream = store.audit_stream();
    let to = stream.next(&start.place, 1, MUCH).await.unwrap().exchanges.remove(0).place;
    assert!(stream.take(&start, "one").await.unwrap());
    assert!(!stream.advance("other", &start.place, &to, at(5)).await.unwrap());
    assert!(!stream.advance("one", &to, &start.place, at(5)).await.unwrap(), "from where it is not");
    assert_eq!(cursor(&store).await.place, start.place);
    assert!(stream.advance("one", &start.place, &to, at(5)).await.unwrap());
    let now = cursor(&store).await;
    assert_eq!((now.place, now.delivered_at, now.holder.as_str()), (to, Some(at(5)), "one"));
}

pub(crate) async fn what_was_not_delivered_is_forgotten_late_and_counted(place: &Place) {
    let store = place.open().await;
    record(&store, &[1, 2, 3, 4, 5, 6, 7, 8]).await;
    let stream = store.audit_stream();
    assert_eq!(stream.forget(at(100), at(0), 10).await, Ok((0, 0)), "no stream has come anywhere");
    begun(&store, StreamStart::Beginning).await;
    deliver(&store, "one", 3).await;
    // The third stays, behind which the stream is.
    assert_eq!(stream.forget(at(7), at(0), 10).await, Ok((2, 0)));
    assert!(stream.is_anchored(&cursor(&store).await.place).await.unwrap());
    assert_eq!(stream.forget(at(7), at(6), 10).await, Ok((0, 2)), "4 and 5 are lost");
    let kept: Vec<i64> = all(&store).await.iter().rev().map(|exchange| exchange.at.millis()).collect();
    assert_eq!(kept, [3, 6, 7, 8]);
    let (ids, _) = rest(&store, &cursor(&store).await.place, 10).await;
    assert_eq!(ids.len(), 3);
    assert_eq!(stream.forget(at(100), at(100), 10).await, Ok((0, 3)));
    // What comes next is behind the place, though everything behind it is gone.
    let next = record(&store, &[9]).await;
    assert_eq!(rest(&store, &cursor(&store).await.place, 10).await.0, next);
}

pub(crate) async fn a_place_whose_exchange_is_gone_is_seen_and_goes_back_in_time(place: &Place) {
    let store = place.open().await;
    let hour = 3_600_000;
    record(&store, &[hour, 3 * hour, 4 * hour]).await;
    begun(&store, StreamStart::Beginning).await;
    deliver(&store, "one", 3).await;
    let delivered = cursor(&store).await.place;
    assert!(store.audit_stream().is_anchored(&delivered).await.unwrap());
    // Without a stream in the settings, exchanges are forgotten whatever it has come to; another may take the place.
    store
        .ledger()
        .record(ExchangeRecord { outcome: Outcome::Success, ..bare(5 * hour) }, None)
        .await
        .unwrap();
    settled(&store).await;
    assert_eq!(store.ledger().forget(at(5 * hour - 1), 2).await, Ok(2));
    assert_eq!(store.ledger().forget(at(5 * hour - 1), 2).await, Ok(1));
    assert!(!store.audit_stream().is_anchored(&delivered).await.unwrap());
    let before = record(&store, &[3 * hour, 6 * hour]).await;
    let back = store.audit_stream().rewound(&delivered, 1_800).await.unwrap();
    assert_ne!(back, delivered);
    assert!(store.audit_stream().is_anchored(&back).await.unwrap());
    let (ids, _) = rest(&store, &back, 10).await;
    assert!(ids.contains(&before[1]) && ids.len() >= 2, "all that is younger, {ids:?}");
}

pub(crate) async fn the_lag_is_what_was_not_delivered(place: &Place) {
    let store = place.open().await;
    record(&store, &[30, 10, 20]).await;
    assert_eq!(store.audit_stream().lag().await, Ok(StreamLag::default()), "there is no stream");
    begun(&store, StreamStart::Beginning).await;
    let lag = store.audit_stream().lag().await.unwrap();
    assert_eq!(lag, StreamLag { exchanges: 3, oldest: Some(at(10)) });
    deliver(&store, "one", 2).await;
    let lag = store.audit_stream().lag().await.unwrap();
    assert_eq!(lag, StreamLag { exchanges: 1, oldest: Some(at(20)) });
    deliver_rest(&store).await;
    assert_eq!(store.audit_stream().lag().await, Ok(StreamLag::default()));
}

async fn deliver_rest(store: &Store) {
    let seen = cursor(store).await;
    let (_, end) = rest(store, &seen.place, 10).await;
    assert!(store.audit_stream().advance("one", &seen.place, &end, at(78)).await.unwrap());
}

pub(crate) async fn a_step_of_removal_is_full_though_the_oldest_is_where_the_stream_is(place: &Place) {
    let store = place.open().await;
    record(&store, &(1..=12).collect::<Vec<i64>>()).await;
    begun(&store, StreamStart::Beginning).await;
    deliver(&store, "one", 1).await;
    let stream = store.audit_stream();
    for left in [7, 3] {
        assert_eq!(stream.forget(at(100), at(100), 4).await, Ok((0, 4)));
        assert_eq!(all(&store).await.len(), left + 1);
    }
    assert!(stream.is_anchored(&cursor(&store).await.place).await.unwrap(), "it alone stays");
}

pub(crate) async fn a_stream_reads_at_once_what_has_few_bytes_and_one_that_has_more_alone(place: &Place) {
    let store = place.open().await;
    let detail = Some("x".repeat(100_000));
    for moment in 1..=6 {
        let exchange = ExchangeRecord { detail: detail.clone(), outcome: Outcome::Success, ..bare(moment) };
        store.ledger().record(exchange, None).await.unwrap();
    }
    settled(&store).await;
    for (max_bytes, limit, count, is_last) in
        [(250_000, 6, 2, false), (1, 6, 1, false), (MUCH, 5, 5, false), (MUCH, 7, 6, true)]
    {
        let next = store.audit_stream().next(&StreamPlace::beginning(), limit, max_bytes).await.unwrap();
        assert_eq!((next.exchanges.len(), next.is_last), (count, is_last), "{max_bytes} {limit}");
    }
}

pub(crate) async fn what_was_there_before_the_order_was_kept_is_not_all_sent_again(place: &Place) {
    let store = place.open().await;
    let hour = 3_600_000;
    let ids = record(&store, &[hour, 3 * hour, 4 * hour, 5 * hour, 6 * hour]).await;
    place.execute("", "UPDATE exchanges SET ordinal = 0").await;
    begun(&store, StreamStart::Beginning).await;
    deliver(&store, "one", 4).await;
    let delivered = cursor(&store).await.place;
    // By hand; `keep_exchanges` leaves it.
    let delete = format!("DELETE FROM exchanges WHERE id = '{}'", ids[3]);
    place.execute(&delete, &delete).await;
    assert!(!store.audit_stream().is_anchored(&delivered).await.unwrap());
    let back = store.audit_stream().rewound(&delivered, 3_600).await.unwrap();
    assert!(store.audit_stream().is_anchored(&back).await.unwrap());
    assert_eq!(rest(&store, &back, 10).await.0, [ids[2], ids[4]]);
    // With nothing before it, from the beginning.
    let back = store.audit_stream().rewound(&delivered, 36_000).await.unwrap();
    assert_eq!(back, StreamPlace::beginning());
}

pub(crate) async fn an_exchange_that_cannot_be_read_is_named_and_the_others_are_given(place: &Place) {
    let store = place.open().await;
    let ids = record(&store, &[1, 2, 3]).await;
    let spoil = format!("UPDATE exchanges SET request_id = 'nothing' WHERE id = '{}'", ids[1]);
    place.execute(&spoil, &spoil).await;
    let next = store.audit_stream().next(&StreamPlace::beginning(), 10, MUCH).await.unwrap();
    let read: Vec<bool> = next.exchanges.iter().map(|exchange| exchange.record.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
    assert_eq!(next.exchanges[1].place.exchange_id(), ids[1].to_string());
}
