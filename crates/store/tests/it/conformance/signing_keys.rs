//! Signing keys, sealed.

use daypass_store::SigningKeyRow;

use crate::support::{Place, at};

fn key(key_id: &str, purpose: &str) -> SigningKeyRow {
    SigningKeyRow {
        key_id: key_id.to_owned(),
        purpose: purpose.to_owned(),
        algorithm: "ES256".to_owned(),
        sealed: (0..=255).collect(),
        public_jwk: r#"{"kty":"EC"}"#.to_owned(),
        created_at: at(1),
        activates_at: at(2),
        retires_at: Some(at(3)),
    }
}

pub(crate) async fn of_servers_that_start_at_once_one_writes_the_first_key(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let starting: Vec<_> = (0..16)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                let first =
                    store.signing_keys().insert_first(key(&number.to_string(), "pass")).await.unwrap();
                (first, store.signing_keys().list("pass").await.unwrap())
            })
        })
        .collect();
    let (mut winners, mut seen) = (0, Vec::new());
    for one in starting {
        let (is_first, listed) = one.await.unwrap();
        winners += usize::from(is_first);
        seen.extend(listed);
    }
    assert_eq!((winners, seen.len()), (1, 16));
    seen.dedup();
    assert_eq!(seen.len(), 1, "all read the winner's");
}

pub(crate) async fn a_key_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    let [pass, other] =
        [key("a", "pass"), SigningKeyRow { retires_at: None, sealed: Vec::new(), ..key("b", "federation") }];
    for one in [&pass, &other] {
        assert_eq!(store.signing_keys().insert_first(one.clone()).await, Ok(true));
        assert_eq!(store.signing_keys().insert_first(key("c", &one.purpose)).await, Ok(false));
    }
    drop(store);
    let store = place.open().await;
    assert_eq!(store.signing_keys().list("pass").await.unwrap(), [pass]);
    assert_eq!(store.signing_keys().list("federation").await.unwrap(), [other]);
    assert_eq!(store.signing_keys().list("none").await.unwrap(), []);
}
