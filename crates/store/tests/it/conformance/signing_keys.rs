//! Signing keys, sealed.

use daypass_store::{KeyChange, SigningKeyRow, StoreFault};

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
        revoked_at: None,
    }
}

fn key_from(key_id: &str, millis: i64) -> SigningKeyRow {
    SigningKeyRow { created_at: at(millis), activates_at: at(millis + 1), ..key(key_id, "pass") }
}

pub(crate) async fn of_servers_that_start_at_once_one_writes_the_first_key(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let starting: Vec<_> = (0..16)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                let first =
                    store.signing_keys().insert_first(&key(&number.to_string(), "pass")).await.unwrap();
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

pub(crate) async fn of_servers_that_rotate_at_once_one_writes_the_successor(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let first = key_from("first", 1);
    assert_eq!(stores[0].signing_keys().insert_first(&first).await, Ok(true));
    let rotating: Vec<_> = (0..16)
        .map(|number| {
            let (store, first) = (stores[number % 2].clone(), first.clone());
            tokio::spawn(async move {
                let successor = key_from(&format!("successor-{number}"), 10);
                let changes = [KeyChange::Newest(&first), KeyChange::Add(&successor)];
                store.signing_keys().change(&changes).await
            })
        })
        .collect();
    let mut winners = 0;
    for one in rotating {
        match one.await.unwrap() {
            Ok(()) => winners += 1,
            Err(fault) => assert_eq!(fault, StoreFault::Overtaken),
        }
    }
    assert_eq!((winners, stores[1].signing_keys().list("pass").await.unwrap().len()), (1, 2));
}

pub(crate) async fn a_key_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    let [pass, other] = [
        key("a", "pass"),
        SigningKeyRow { revoked_at: Some(at(3)), sealed: Vec::new(), ..key("b", "federation") },
    ];
    for one in [&pass, &other] {
        assert_eq!(store.signing_keys().insert_first(one).await, Ok(true));
        assert_eq!(store.signing_keys().insert_first(&key("c", &one.purpose)).await, Ok(false));
    }
    drop(store);
    let store = place.open().await;
    let both = [pass, other];
    assert_eq!(store.signing_keys().list("pass").await.unwrap(), both[..1]);
    assert_eq!(store.signing_keys().list("federation").await.unwrap(), both[1..]);
    assert_eq!(store.signing_keys().list("none").await.unwrap(), []);
    assert_eq!(store.signing_keys().list_all().await.unwrap(), both);
}

pub(crate) async fn keys_are_revoked_sealed_anew_and_removed(place: &Place) {
    let store = place.open().await;
    let [first, second, third] = [key_from("first", 1), key_from("second", 10), key_from("third", 20)];
    let keys = store.signing_keys();
    assert_eq!(keys.insert_first(&first).await, Ok(true));
    keys.change(&[KeyChange::Newest(&first), KeyChange::Add(&second)]).await.unwrap();
    keys.change(&[KeyChange::Revoke(&second, at(15)), KeyChange::Add(&third)]).await.unwrap();
    let revoked = SigningKeyRow { revoked_at: Some(at(15)), ..second };
    assert_eq!(keys.list("pass").await.unwrap(), [first.clone(), revoked.clone(), third.clone()]);
    keys.change(&[
        KeyChange::Count(3),
        KeyChange::Reseal(&first, b"anew"),
        KeyChange::Unrevoked(&third),
        KeyChange::Remove(&revoked),
    ])
    .await
    .unwrap();
    let anew = SigningKeyRow { sealed: b"anew".to_vec(), ..first };
    assert_eq!(keys.list("pass").await.unwrap(), [anew, third]);
}

pub(crate) async fn a_change_of_keys_that_are_not_as_they_were_read_changes_nothing(place: &Place) {
    let store = place.open().await;
    let [first, second] = [key_from("first", 1), key_from("second", 10)];
    let revoked = SigningKeyRow { revoked_at: Some(at(5)), ..key_from("revoked", 30) };
    let other = SigningKeyRow { activates_at: at(99), ..key("other", "federation") };
    let keys = store.signing_keys();
    assert_eq!(keys.insert_first(&first).await, Ok(true));
    assert_eq!(keys.insert_first(&other).await, Ok(true));
    keys.change(&[KeyChange::Add(&second), KeyChange::Add(&revoked)]).await.unwrap();
    let before = keys.list_all().await.unwrap();
    let new = key_from("new", 40);
    let resealed = SigningKeyRow { sealed: b"other".to_vec(), ..second.clone() };
    let absent = key("absent", "pass");
    for refused in [
        KeyChange::Count(3),
        KeyChange::Newest(&first),
        KeyChange::Newest(&revoked),
        KeyChange::Newest(&resealed),
        KeyChange::Newest(&absent),
        KeyChange::Unrevoked(&revoked),
        KeyChange::Unrevoked(&resealed),
        KeyChange::Revoke(&revoked, at(50)),
        KeyChange::Revoke(&resealed, at(50)),
        KeyChange::Reseal(&resealed, b"anew"),
        KeyChange::Remove(&resealed),
        KeyChange::Remove(&absent),
    ] {
        let changes = [KeyChange::Revoke(&first, at(50)), KeyChange::Add(&new), refused];
        assert_eq!(keys.change(&changes).await, Err(StoreFault::Overtaken), "{refused:?}");
        assert_eq!(keys.list_all().await.unwrap(), before, "{refused:?}");
    }
    let twice = [KeyChange::Revoke(&first, at(50)), KeyChange::Add(&second)];
    assert!(matches!(keys.change(&twice).await, Err(StoreFault::Corrupt(_))));
    assert_eq!(keys.list_all().await.unwrap(), before);
    keys.change(&[KeyChange::Count(4), KeyChange::Newest(&second), KeyChange::Add(&new)]).await.unwrap();
    assert_eq!(keys.list_all().await.unwrap().len(), 5);
}
