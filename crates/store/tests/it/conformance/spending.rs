//! One token, one use.

use daypass_store::{ExchangeFilter, ExchangeRecord, LedgerFault, Outcome, Spend, Store};

use crate::support::{Place, all, at, once, start, success};

async fn spend(store: &Store, spend: Spend) -> Result<(), LedgerFault> {
    store.ledger().record(success(5), Some(spend)).await.map(|_| ())
}

fn is_spent<T>(answer: &Result<T, LedgerFault>) -> bool {
    matches!(answer, Err(LedgerFault::AlreadySpent { .. }))
}

pub(crate) async fn a_second_use_is_refused_with_who_was_first_and_recorded(place: &Place) {
    let store = place.open().await;
    let first = ExchangeRecord { source: "192.0.2.1".to_owned(), ..success(1_000) };
    let second = ExchangeRecord { source: "198.51.100.9".to_owned(), ..success(2_000) };
    store.ledger().record(first.clone(), Some(once(1))).await.unwrap();
    let fault = store.ledger().record(second.clone(), Some(once(1))).await.unwrap_err();
    let wanted = LedgerFault::AlreadySpent {
        first_exchange: first.id,
        first_source: "192.0.2.1".to_owned(),
        first_at: at(1_000),
    };
    assert_eq!(fault, wanted);
    // The record says who came second, and in its detail who was first; no credential was given.
    let recorded = ExchangeRecord {
        outcome: Outcome::Refused,
        code: Some("token_already_used".to_owned()),
        detail: Some(format!("spent by exchange `{}` from `192.0.2.1` at 1970-01-01T00:00:01Z", first.id)),
        credentials: Vec::new(),
        ..second.clone()
    };
    assert_eq!(store.ledger().show(second.id).await.unwrap(), Some(recorded));
    assert_eq!(store.ledger().show(first.id).await.unwrap(), Some(first));
}

pub(crate) async fn a_spent_token_stays_spent_after_reopening(place: &Place) {
    for number in 0..3 {
        let store = place.open().await;
        assert_eq!(is_spent(&spend(&store, once(1)).await), number > 0);
    }
}

pub(crate) async fn a_token_that_may_be_used_again_may_be_used_again(place: &Place) {
    let store = place.open().await;
    let again = Spend { once: false, ..once(1) };
    for _ in 0..3 {
        assert_eq!(spend(&store, again).await, Ok(()));
    }
    let filter = ExchangeFilter { outcome: Some(Outcome::Success), ..ExchangeFilter::default() };
    assert_eq!(store.ledger().list(&filter, 10).await.unwrap().len(), 3);
}

pub(crate) async fn a_token_is_refused_if_either_use_says_once(place: &Place) {
    let store = place.open().await;
    for (key, first_once) in [(1, true), (2, false)] {
        assert_eq!(spend(&store, Spend { once: first_once, ..once(key) }).await, Ok(()));
        assert!(is_spent(&spend(&store, Spend { once: !first_once, ..once(key) }).await));
    }
}

pub(crate) async fn asking_who_was_first_spends_nothing(place: &Place) {
    let store = place.open().await;
    let again = Spend { once: false, ..once(1) };
    for spend in [once(1), again] {
        assert_eq!(store.ledger().spent(&spend).await, Ok(None));
    }
    assert_eq!(spend(&store, again).await, Ok(()));
    assert_eq!(store.ledger().spent(&again).await, Ok(None));
    assert!(matches!(store.ledger().spent(&once(1)).await, Ok(Some(LedgerFault::AlreadySpent { .. }))));
    let fault = spend(&store, once(1)).await.unwrap_err();
    assert_eq!(store.ledger().spent(&once(1)).await, Ok(Some(fault)));
}

pub(crate) async fn keys_are_compared_whole(place: &Place) {
    let store = place.open().await;
    for changed in [None, Some(0), Some(15), Some(31)] {
        let mut other = once(0);
        if let Some(position) = changed {
            other.key[position] = 1;
        }
        assert_eq!(spend(&store, other).await, Ok(()), "{changed:?}");
        assert!(is_spent(&spend(&store, other).await), "{changed:?}");
    }
}

pub(crate) async fn fifty_uses_at_once_give_one_success_and_forty_nine_recorded_refusals(place: &Place) {
    let store = place.open().await;
    race(&[&store], 50).await;
    assert_one_winner(&store, 50).await;
}

pub(crate) async fn two_servers_that_race_for_a_token_give_it_once(place: &Place) {
    let [one, other] = [place.open().await, place.open().await];
    race(&[&one, &other], 50).await;
    assert_one_winner(&other, 50).await;
}

pub(crate) async fn two_servers_that_spend_many_tokens_in_opposite_orders_do_not_stop_each_other(
    place: &Place,
) {
    let [one, other] = [place.open().await, place.open().await];
    let held = place.held().await;
    let upwards = (0..=255).map(|key| (key, start(&one, success(5), Some(once(key))).0));
    let mut started: Vec<_> = upwards.collect();
    started.extend((0..=255).rev().map(|key| (key, start(&other, success(5), Some(once(key))).0)));
    drop(held);
    let mut winners = [0; 256];
    for (key, answer) in started {
        match answer.await.map(|_| ()) {
            Ok(()) => winners[usize::from(key)] += 1,
            fault => assert!(is_spent(&fault), "{fault:?}"),
        }
    }
    assert_eq!(winners, [1; 256]);
}

/// So many uses of one token at once, beside as many of other tokens, which all succeed.
async fn race(stores: &[&Store], count: u8) {
    let racing: Vec<_> = (0..count)
        .map(|number| {
            let store = stores[usize::from(number) % stores.len()].clone();
            tokio::spawn(async move {
                let beside = store.ledger().record(success(9), Some(once(number))).await;
                assert!(beside.is_ok(), "{beside:?}");
                spend(&store, once(200)).await
            })
        })
        .collect();
    let mut winners = 0;
    for one in racing {
        match one.await.unwrap() {
            Ok(()) => winners += 1,
            fault => assert!(is_spent(&fault), "{fault:?}"),
        }
    }
    assert_eq!(winners, 1);
}

async fn assert_one_winner(store: &Store, count: usize) {
    let raced: Vec<_> = all(store).await.into_iter().filter(|exchange| exchange.at == at(5)).collect();
    let (won, lost): (Vec<_>, Vec<_>) =
        raced.into_iter().partition(|exchange| exchange.outcome == Outcome::Success);
    assert_eq!((won.len(), lost.len()), (1, count - 1));
    let first = format!("spent by exchange `{}`", won[0].id);
    for refusal in lost {
        assert_eq!(refusal.code.as_deref(), Some("token_already_used"));
        assert!(refusal.detail.unwrap().starts_with(&first));
    }
}

pub(crate) async fn a_sweep_forgets_in_chunks_and_only_what_is_past(place: &Place) {
    let store = place.open().await;
    for key in 1..=5 {
        let token = Spend { remember_until: at(i64::from(key) * 100), ..once(key) };
        assert_eq!(spend(&store, token).await, Ok(()));
    }
    assert_eq!(store.ledger().sweep(at(100), 10).await, Ok(0));
    assert_eq!(store.ledger().sweep(at(400), 2).await, Ok(2));
    assert!(is_spent(&spend(&store, once(3)).await), "the oldest go first");
    assert_eq!(store.ledger().sweep(at(400), 2).await, Ok(1));
    assert_eq!(store.ledger().sweep(at(400), 2).await, Ok(0));
    for key in [4, 5] {
        assert!(is_spent(&spend(&store, once(key)).await), "{key}");
    }
    assert_eq!(spend(&store, once(1)).await, Ok(()));
}
