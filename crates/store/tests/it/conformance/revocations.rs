//! What is revoked, for how long, and what a second word on the same changes.

use daypass_store::{MAX_SUBJECTS, Revocation, Store};

use crate::support::{Place, at};

fn revocation(subject: &str, before: i64, remember_until: i64) -> Revocation {
    Revocation {
        subject: subject.to_owned(),
        before: at(before),
        at: at(before),
        remember_until: at(remember_until),
    }
}

/// What is revoked of these subjects, by subject.
async fn of(store: &Store, subjects: &[&str]) -> Vec<Revocation> {
    let mut asked = [None; MAX_SUBJECTS];
    for (place, subject) in asked.iter_mut().zip(subjects) {
        *place = Some(*subject);
    }
    let mut found = store.revocations().of(&asked).await.unwrap();
    found.sort_by(|one, other| one.subject.cmp(&other.subject));
    found
}

pub(crate) async fn a_revocation_is_found_by_its_subject_alone_and_by_every_server_at_once(place: &Place) {
    let (store, replica) = (place.open().await, place.open().await);
    let subjects = ["role:deploy", "job:github:77001", "all", "credential:\u{e9}'%_"];
    assert_eq!(of(&replica, &subjects).await, []);
    let mut written = Vec::new();
    for (number, subject) in (10..).zip(subjects) {
        let revocation = revocation(subject, number, number + 100);
        assert_eq!(store.revocations().revoke(&revocation).await, Ok(revocation.clone()));
        let found = of(&replica, &[subject]).await;
        assert_eq!(found, std::slice::from_ref(&revocation), "at once, on another server");
        written.push(revocation);
    }
    written.sort_by(|one, other| one.subject.cmp(&other.subject));
    assert_eq!(of(&store, &subjects).await, written);
    for other in ["", "role:Deploy", "role:deploy ", "role:deplo", "role:%", "credential:e\u{301}'%_", "ALL"]
    {
        assert_eq!(of(&store, &[other]).await, [], "{other}");
    }
    let nine = ["1", "2", "3", "4", "5", "6", "7", "8", "all"];
    assert_eq!(of(&store, &nine).await.len(), 1);
    assert_eq!(of(&store, &[]).await, []);
}

pub(crate) async fn of_two_revocations_of_one_subject_the_later_moments_stay(place: &Place) {
    let store = place.open().await;
    let revocations = store.revocations();
    let first = revocation("role:deploy", 100, 900);
    revocations.revoke(&first).await.unwrap();
    assert_eq!(revocations.revoke(&revocation("role:deploy", 50, 500)).await, Ok(first.clone()));
    let longer = Revocation { remember_until: at(1_000), ..first.clone() };
    assert_eq!(revocations.revoke(&revocation("role:deploy", 50, 1_000)).await, Ok(longer.clone()));
    let later = Revocation { before: at(200), at: at(200), ..longer };
    assert_eq!(revocations.revoke(&revocation("role:deploy", 200, 700)).await, Ok(later.clone()));
    store.close().await;
    assert_eq!(of(&place.open().await, &["role:deploy"]).await, [later]);
}

pub(crate) async fn a_revocation_is_forgotten_when_it_hits_nothing_any_more_and_in_chunks(place: &Place) {
    let store = place.open().await;
    for number in 0..5 {
        let subject = format!("credential:{number}");
        store.revocations().revoke(&revocation(&subject, 1, 100 + number)).await.unwrap();
    }
    assert_eq!(store.revocations().sweep(at(100), 10).await, Ok(0), "a moment that it ends with is its own");
    assert_eq!(store.revocations().sweep(at(104), 3).await, Ok(3));
    assert_eq!(store.revocations().sweep(at(104), 3).await, Ok(1));
    assert_eq!(of(&store, &["credential:3", "credential:4"]).await, [revocation("credential:4", 1, 104)]);
    assert_eq!(store.revocations().sweep(at(105), 3).await, Ok(1));
    assert_eq!(of(&store, &["credential:4"]).await, []);
}
