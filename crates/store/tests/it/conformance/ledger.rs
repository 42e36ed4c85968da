//! Exchanges as they are written and read.

use daypass_store::{CredentialRecord, ExchangeRecord, LedgerFault, StoreFault};

use crate::support::{Place, all, at, bare, credential, once, start, success};

fn is_corrupt<T>(answer: &Result<T, LedgerFault>) -> bool {
    matches!(answer, Err(LedgerFault::Store(StoreFault::Corrupt(_))))
}

pub(crate) async fn a_success_is_there_after_reopening_with_all_that_was_recorded(place: &Place) {
    let exchange = ExchangeRecord { credentials: vec![credential(), credential()], ..success(1) };
    {
        let store = place.open().await;
        let recorded = store.ledger().record(exchange.clone(), Some(once(1))).await.unwrap();
        assert_eq!(recorded.exchange_id(), exchange.id);
        // Nothing is closed in order: what was said to be durable is.
        drop(store);
    }
    let shown = place.open().await.ledger().show(exchange.id).await.unwrap();
    assert_eq!(shown, Some(exchange));
}

pub(crate) async fn an_exchange_that_was_never_made_is_not_shown(place: &Place) {
    let store = place.open().await;
    store.ledger().record(success(1), None).await.unwrap();
    assert_eq!(store.ledger().show(bare(1).id).await, Ok(None));
}

pub(crate) async fn any_text_survives(place: &Place) {
    let store = place.open().await;
    let texts = [
        "",
        " ",
        "'",
        "\"",
        "''; DROP TABLE exchanges; --",
        "$1",
        "?1",
        "%_\\",
        "\u{1}\u{1b}[31m\u{7f}\u{85}",
        "\r\n\t",
        "\u{1f600}\u{10ffff}",
        "\u{202e}\u{feff}",
        "\u{e9}e\u{301}",
        "NULL",
        "0",
        "1.5",
        "x'00'",
        "\\u0000",
    ];
    for (number, text) in (0_i64..).zip(texts) {
        let filled = |text: &str| Some(text.to_owned());
        let exchange = ExchangeRecord {
            face: text.to_owned(),
            source: text.to_owned(),
            code: filled(text),
            detail: filled(text),
            issuer: filled(text),
            role: filled(text),
            repository: filled(text),
            owner: filled(text),
            git_ref: filled(text),
            claims: filled(text),
            credentials: vec![CredentialRecord {
                kind: text.to_owned(),
                audience: filled(text),
                key_id: filled(text),
                scopes: Vec::new(),
                ..credential()
            }],
            ..success(number)
        };
        store.ledger().record(exchange.clone(), None).await.unwrap();
        assert_eq!(store.ledger().show(exchange.id).await.unwrap(), Some(exchange), "{text:?}");
    }
    let large = ExchangeRecord { claims: Some("\u{1f600}".repeat(100_000)), ..success(99) };
    store.ledger().record(large.clone(), None).await.unwrap();
    assert_eq!(store.ledger().show(large.id).await.unwrap(), Some(large));
}

pub(crate) async fn what_is_not_known_stays_unknown(place: &Place) {
    let store = place.open().await;
    let sparse = ExchangeRecord {
        credentials: vec![CredentialRecord { audience: None, key_id: None, ..credential() }],
        ..bare(i64::from(u32::MAX))
    };
    store.ledger().record(sparse.clone(), None).await.unwrap();
    assert_eq!(store.ledger().show(sparse.id).await.unwrap(), Some(sparse));
}

pub(crate) async fn an_exchange_with_a_nul_in_any_column_is_refused_and_leaves_nothing(place: &Place) {
    let store = place.open().await;
    let nul = || Some("a\0b".to_owned());
    let spoilt: [fn(&mut ExchangeRecord, Option<String>); 9] = [
        |exchange, nul| exchange.face = nul.unwrap(),
        |exchange, nul| exchange.source = nul.unwrap(),
        |exchange, nul| exchange.repository = nul,
        |exchange, nul| exchange.git_ref = nul,
        |exchange, nul| exchange.claims = nul,
        |exchange, nul| exchange.role = nul,
        |exchange, nul| exchange.credentials[0].kind = nul.unwrap(),
        |exchange, nul| exchange.credentials[0].audience = nul,
        |exchange, nul| exchange.credentials[0].scopes = vec![nul.unwrap()],
    ];
    for spoil in spoilt {
        let mut exchange = success(1);
        spoil(&mut exchange, nul());
        assert!(is_corrupt(&store.ledger().record(exchange, Some(once(1))).await));
    }
    assert_eq!(all(&store).await, []);
    store.ledger().record(success(2), Some(once(1))).await.unwrap();
}

pub(crate) async fn an_exchange_that_breaks_a_constraint_leaves_nothing_and_spends_nothing(place: &Place) {
    let store = place.open().await;
    let first = success(1);
    store.ledger().record(first.clone(), Some(once(1))).await.unwrap();
    let same_id = ExchangeRecord { id: first.id, ..success(2) };
    assert!(is_corrupt(&store.ledger().record(same_id, Some(once(2))).await));
    // The exchange and one credential are written before the second credential fails.
    let one = credential();
    let same_credential = ExchangeRecord { credentials: vec![one.clone(), one], ..success(3) };
    assert!(is_corrupt(&store.ledger().record(same_credential.clone(), Some(once(3))).await));
    assert_eq!(store.ledger().show(same_credential.id).await, Ok(None));
    assert_eq!(store.ledger().show(first.id).await.unwrap(), Some(first));
    for key in [2, 3] {
        store.ledger().record(success(4), Some(once(key))).await.unwrap();
    }
}

pub(crate) async fn a_bad_exchange_fails_alone_in_its_batch(place: &Place) {
    let store = place.open().await;
    let first = success(0);
    store.ledger().record(first.clone(), Some(once(0))).await.unwrap();
    let held = place.held().await;
    let mut started = Vec::new();
    for number in 1..=20 {
        let credential = credential();
        let exchange = match number % 4 {
            0 => ExchangeRecord { id: first.id, ..success(number) },
            1 => ExchangeRecord { repository: Some("\0".to_owned()), ..success(number) },
            2 => ExchangeRecord { credentials: vec![credential; 2], ..success(number) },
            _ => success(number),
        };
        let key = u8::try_from(number).unwrap();
        started.push((number % 4 == 3, start(&store, exchange, Some(once(key))).0));
    }
    drop(held);
    for (is_good, answer) in started {
        let answer = answer.await;
        assert!(if is_good { answer.is_ok() } else { is_corrupt(&answer) }, "{answer:?}");
    }
    let times: Vec<_> = all(&store).await.into_iter().map(|exchange| exchange.at).collect();
    assert_eq!(times, [19, 15, 11, 7, 3, 0].map(at));
}

pub(crate) async fn old_exchanges_are_forgotten_in_steps_with_their_credentials_and_what_is_spent_stays(
    place: &Place,
) {
    let store = place.open().await;
    for number in 1..=5 {
        let key = u8::try_from(number).unwrap();
        store.ledger().record(success(number), Some(once(key))).await.unwrap();
    }
    let times = async || -> Vec<_> { all(&store).await.into_iter().map(|exchange| exchange.at).collect() };
    assert_eq!(store.ledger().forget(at(1), 10).await, Ok(0));
    assert_eq!(store.ledger().forget(at(4), 2).await, Ok(2));
    assert_eq!(times().await, [5, 4, 3].map(at), "the oldest go first");
    assert_eq!(store.ledger().forget(at(4), 2).await, Ok(1));
    assert_eq!(store.ledger().forget(at(4), 2).await, Ok(0));
    let kept = all(&store).await;
    assert_eq!(kept.iter().map(|exchange| exchange.at).collect::<Vec<_>>(), [5, 4].map(at));
    for exchange in kept {
        let whole = store.ledger().show(exchange.id).await.unwrap().unwrap();
        assert_eq!(whole.credentials.len(), success(1).credentials.len());
    }
    let again = store.ledger().record(success(6), Some(once(1))).await;
    assert!(matches!(again, Err(LedgerFault::AlreadySpent { .. })), "{again:?}");
}
