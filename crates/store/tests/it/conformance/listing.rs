//! Looking for exchanges.

use daypass_store::{ExchangeFilter, ExchangeRecord, MAX_PAGE, Outcome, Store};

use crate::support::{Place, all, at, bare, project_id, success};

async fn times(store: &Store, filter: &ExchangeFilter, limit: u32) -> Vec<i64> {
    let listed = store.ledger().list(filter, limit).await.unwrap();
    assert!(listed.iter().all(|exchange| exchange.credentials.is_empty()));
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

pub(crate) async fn exchanges_are_filtered_by_each_property_and_by_all(place: &Place) {
    let store = place.open().await;
    let project = project_id();
    let text = |text: &str| Some(text.to_owned());
    let refused =
        |millis, code: &str| ExchangeRecord { code: text(code), role: text("plan"), ..bare(millis) };
    for exchange in [
        ExchangeRecord { project_id: Some(project), ..success(1) },
        ExchangeRecord { project_id: Some(project), ..refused(2, "not_allowed") },
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
        (ExchangeFilter { since: Some(at(4)), ..any() }, &[5, 4]),
        (ExchangeFilter { since: Some(at(6)), ..any() }, &[]),
        (
            ExchangeFilter {
                project_id: Some(project),
                outcome: Some(Outcome::Refused),
                code: text("not_allowed"),
                role: text("plan"),
                since: Some(at(2)),
                before: Some(bare(3).id),
            },
            &[2],
        ),
    ] {
        assert_eq!(times(&store, &filter, 10).await, wanted, "{filter:?}");
    }
}
