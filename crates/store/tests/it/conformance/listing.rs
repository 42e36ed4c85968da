//! Looking for exchanges.

use daypass_jose::ids::CredentialId;
use daypass_store::{CredentialRecord, ExchangeFilter, ExchangeRecord, MAX_PAGE, Order, Outcome, Store};

use crate::support::{Place, all, at, bare, credential, project_id, success};

async fn times(store: &Store, filter: &ExchangeFilter, limit: u32) -> Vec<i64> {
    let listed = store.ledger().list(filter, limit).await.unwrap();
    listed.into_iter().map(|exchange| exchange.at.millis()).collect()
}

pub(crate) async fn exchanges_are_listed_newest_first_and_in_pages(place: &Place) {
    let store = place.open().await;
    let exchanges: Vec<ExchangeRecord> = [3, 1, 5, 2, 4].map(success).to_vec();
    for exchange in &exchanges {
        store.ledger().record(exchange.clone(), None).await.unwrap();
    }
    let mut filter = ExchangeFilter::default();
    assert_eq!(times(&store, &filter, 10).await, [5, 4, 3, 2, 1]);
    assert_eq!(times(&store, &filter, 2).await, [5, 4]);
    assert_eq!(times(&store, &filter, 0).await, [0; 0]);
    filter.before = Some(exchanges[4].id);
    assert_eq!(times(&store, &filter, 2).await, [3, 2]);
    filter.before = Some(exchanges[3].id);
    assert_eq!(times(&store, &filter, 2).await, [1]);
    filter.before = Some(exchanges[1].id);
    assert_eq!(times(&store, &filter, 2).await, [0; 0]);
    for number in 6..1_100 {
        store.ledger().refuse(bare(number));
    }
    store.close().await;
    let store = place.open().await;
    let longest = store.ledger().list(&ExchangeFilter::default(), u32::MAX).await.unwrap();
    assert_eq!(longest.len(), usize::try_from(MAX_PAGE).unwrap());
    assert_eq!(all(&store).await.len(), 1_099);
}

pub(crate) async fn exchanges_are_listed_oldest_first_from_one_on(place: &Place) {
    let store = place.open().await;
    let exchanges: Vec<ExchangeRecord> = [3, 1, 5, 2, 4].map(success).to_vec();
    for exchange in &exchanges {
        store.ledger().record(exchange.clone(), None).await.unwrap();
    }
    let mut filter = ExchangeFilter { order: Order::OldestFirst, ..ExchangeFilter::default() };
    assert_eq!(times(&store, &filter, 10).await, [1, 2, 3, 4, 5]);
    assert_eq!(times(&store, &filter, 2).await, [1, 2]);
    filter.after = Some(exchanges[3].id);
    assert_eq!(times(&store, &filter, 2).await, [3, 4]);
    filter.before = Some(exchanges[2].id);
    assert_eq!(times(&store, &filter, 9).await, [3, 4]);
    filter.since = Some(at(4));
    assert_eq!(times(&store, &filter, 9).await, [4]);
    filter.until = Some(at(4));
    assert_eq!(times(&store, &filter, 9).await, [0; 0]);
    filter = ExchangeFilter { after: Some(exchanges[2].id), ..ExchangeFilter::default() };
    assert_eq!(times(&store, &filter, 9).await, [0; 0]);
}

pub(crate) async fn a_list_has_the_credentials_of_each_exchange_and_no_others(place: &Place) {
    let store = place.open().await;
    let several = ExchangeRecord { credentials: vec![credential(), credential()], ..success(2) };
    let exchanges = [success(1), several, bare(3), success(4)];
    for exchange in &exchanges {
        store.ledger().record(exchange.clone(), None).await.unwrap();
    }
    let ids = |credentials: &[CredentialRecord]| -> Vec<CredentialId> {
        credentials.iter().map(|credential| credential.id).collect()
    };
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let filter = ExchangeFilter { order, ..ExchangeFilter::default() };
        let mut listed = store.ledger().list(&filter, 3).await.unwrap();
        if order == Order::NewestFirst {
            listed.reverse();
        }
        let wanted = if order == Order::NewestFirst { &exchanges[1..] } else { &exchanges[..3] };
        assert_eq!(listed.len(), 3);
        for (exchange, wanted) in listed.iter().zip(wanted) {
            assert_eq!(ids(&exchange.credentials), ids(&wanted.credentials));
            assert_eq!(exchange.credentials, wanted.credentials);
        }
    }
}

/// Refusals of moments from 2 on, in a store that was opened anew.
async fn with_others(place: &Place, others: i64) -> Store {
    let mut store = place.open().await;
    for number in 0..others {
        store.ledger().refuse(bare(number.saturating_add(2)));
        // Not more at once than may wait.
        if number % 4_000 == 3_999 {
            store.close().await;
            store = place.open().await;
        }
    }
    store.close().await;
    place.open().await
}

/// More exchanges than one statement looks at, and what is looked for far away.
pub(crate) async fn what_is_far_away_among_others_is_found_in_either_order(place: &Place) {
    const OTHERS: i64 = 10_100;
    let store = with_others(place, OTHERS).await;
    assert_eq!(i64::try_from(all(&store).await.len()).unwrap(), OTHERS);
    let rare = |millis| ExchangeRecord { role: Some("rare".to_owned()), ..bare(millis) };
    let millis = OTHERS.saturating_add(2);
    store.ledger().record(rare(1), None).await.unwrap();
    store.ledger().record(rare(millis), None).await.unwrap();
    let role = Some("rare".to_owned());
    let mut filter = ExchangeFilter { role, ..ExchangeFilter::default() };
    assert_eq!(times(&store, &filter, 2).await, [millis, 1]);
    assert_eq!(times(&store, &filter, 3).await, [millis, 1]);
    assert_eq!(times(&store, &filter, 1).await, [millis]);
    filter.until = Some(at(millis));
    assert_eq!(times(&store, &filter, 1).await, [1]);
    filter = ExchangeFilter { until: None, order: Order::OldestFirst, ..filter };
    assert_eq!(times(&store, &filter, 3).await, [1, millis]);
    filter.since = Some(at(2));
    assert_eq!(times(&store, &filter, 3).await, [millis]);
    filter.role = Some("none".to_owned());
    assert_eq!(times(&store, &filter, 3).await, [0; 0]);
}

pub(crate) async fn exchanges_are_filtered_by_each_property_and_by_all(place: &Place) {
    let store = place.open().await;
    let project = project_id();
    let text = |text: &str| Some(text.to_owned());
    let refused =
        |millis, code: &str| ExchangeRecord { code: text(code), role: text("plan"), ..bare(millis) };
    for exchange in [
        ExchangeRecord { project_id: Some(project), ..success(1) },
        ExchangeRecord {
            project_id: Some(project),
            run_id: text("7"),
            source: "2001:db8::1".to_owned(),
            ..refused(2, "not_allowed")
        },
        refused(3, "not_allowed"),
        refused(4, "token_expired"),
        ExchangeRecord { role: None, code: None, ..bare(5) },
    ] {
        store.ledger().record(exchange, None).await.unwrap();
    }
    let any = ExchangeFilter::default;
    for (filter, wanted) in [
        (any(), [5, 4, 3, 2, 1].as_slice()),
        (ExchangeFilter { project_id: Some(project), ..any() }, &[2, 1]),
        (ExchangeFilter { project_id: Some(project_id()), ..any() }, &[]),
        (ExchangeFilter { outcome: Some(Outcome::Success), ..any() }, &[1]),
        (ExchangeFilter { outcome: Some(Outcome::Refused), ..any() }, &[5, 4, 3, 2]),
        (ExchangeFilter { code: text("not_allowed"), ..any() }, &[3, 2]),
        (ExchangeFilter { code: text("not_allowe_"), ..any() }, &[]),
        (ExchangeFilter { code: text("' OR 1=1 --"), ..any() }, &[]),
        (ExchangeFilter { role: text("plan"), ..any() }, &[4, 3, 2]),
        (ExchangeFilter { role: text("deploy"), ..any() }, &[1]),
        (ExchangeFilter { role: text("%"), ..any() }, &[]),
        (ExchangeFilter { role: text("pla_"), ..any() }, &[]),
        (ExchangeFilter { role: text("Plan"), ..any() }, &[]),
        (ExchangeFilter { role: text(""), ..any() }, &[]),
        (ExchangeFilter { run_id: text("7"), ..any() }, &[2]),
        (ExchangeFilter { run_id: text("%"), ..any() }, &[]),
        (ExchangeFilter { run_id: text("30433642"), ..any() }, &[1]),
        (ExchangeFilter { source: text("2001:db8::1"), ..any() }, &[2]),
        (ExchangeFilter { source: text("192.0.2.1"), ..any() }, &[5, 4, 3, 1]),
        (ExchangeFilter { source: text("192.0.2.%"), ..any() }, &[]),
        (ExchangeFilter { since: Some(at(4)), ..any() }, &[5, 4]),
        (ExchangeFilter { since: Some(at(6)), ..any() }, &[]),
        (ExchangeFilter { until: Some(at(3)), ..any() }, &[2, 1]),
        (ExchangeFilter { until: Some(at(1)), ..any() }, &[]),
        (ExchangeFilter { since: Some(at(2)), until: Some(at(4)), ..any() }, &[3, 2]),
        (ExchangeFilter { since: Some(at(4)), until: Some(at(2)), ..any() }, &[]),
        (ExchangeFilter { project_id: Some(project), code: text("not_allowed"), ..any() }, &[2]),
        (
            ExchangeFilter {
                project_id: Some(project),
                outcome: Some(Outcome::Refused),
                code: text("not_allowed"),
                role: text("plan"),
                run_id: text("7"),
                source: text("2001:db8::1"),
                since: Some(at(2)),
                until: Some(at(3)),
                after: Some(bare(1).id),
                before: Some(bare(3).id),
                order: Order::OldestFirst,
            },
            &[2],
        ),
    ] {
        assert_eq!(times(&store, &filter, 10).await, wanted, "{filter:?}");
    }
}
