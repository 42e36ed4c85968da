//! Issuers that are away for a time.

use std::time::Duration;

use daypass_keys::{DEFAULT_TTL, FIRST_FETCH_COOLDOWN, KeyFault, MAX_STALENESS};

use crate::issuer::{Reply, TestIssuer};
use crate::kit::{Kit, unavailable, until};

#[tokio::test]
async fn after_a_failed_first_fetch_the_issuer_is_left_alone_for_a_second() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.is_down();
    for _ in 0..10 {
        assert_eq!(unavailable(&kit.key("a").await), Some(1));
    }
    assert_eq!(issuer.counts(), (1, 0));
    kit.clock.advance(FIRST_FETCH_COOLDOWN);
    assert_eq!(unavailable(&kit.key("a").await), Some(1));
    assert_eq!(issuer.counts(), (2, 0));
    issuer.is_up();
    kit.clock.advance(FIRST_FETCH_COOLDOWN);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
}

#[tokio::test]
async fn a_herd_on_an_issuer_that_is_down_is_one_fetch() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.is_down();
    let herd = (0..24).map(|_| kit.spawn("a")).collect::<Vec<_>>();
    for caller in herd {
        assert_eq!(unavailable(&caller.await.unwrap()), Some(1));
    }
    assert_eq!(issuer.counts(), (1, 0));
}

#[tokio::test]
async fn an_outage_takes_no_known_key_away_and_decides_no_unknown_one() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    issuer.is_down();
    kit.clock.advance(DEFAULT_TTL);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
    until(|| kit.last_fault().is_some()).await;
    assert_eq!(unavailable(&kit.key("b").await), Some(5));
    kit.advance_seconds(3);
    assert_eq!(unavailable(&kit.key("b").await), Some(2));
    assert_eq!((kit.key("a").await, issuer.counts()), (Ok("a".to_owned()), (2, 1)));

    kit.advance_seconds(2);
    assert_eq!(unavailable(&kit.key("b").await), Some(5));
    assert_eq!(issuer.counts(), (3, 1));

    issuer.is_up();
    issuer.has_keys(&["a", "b"]);
    kit.advance_seconds(5);
    assert_eq!(kit.key("b").await, Ok("b".to_owned()));
    assert_eq!(kit.key("c").await, Err(KeyFault::UnknownKey));
    assert_eq!((issuer.counts(), kit.last_fault()), ((4, 2), None));
}

#[tokio::test]
async fn a_bad_new_set_leaves_the_good_old_one() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    for bad in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#, "<html>"] {
        issuer.serves(Reply::ok(bad));
        kit.advance_seconds(6);
        assert_eq!(unavailable(&kit.key("b").await), Some(5), "{bad}");
        assert_eq!(kit.key("a").await, Ok("a".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn a_set_is_used_for_a_day_without_its_issuer_and_no_longer() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    issuer.is_down();
    kit.clock.advance(MAX_STALENESS.saturating_sub(Duration::from_secs(1)));
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
    until(|| kit.last_fault().is_some()).await;
    kit.advance_seconds(1);
    assert_eq!(unavailable(&kit.key("a").await), Some(1));
    assert_eq!(unavailable(&kit.find(None).await), Some(1));
    assert_eq!(kit.age_seconds(), None);
    issuer.is_up();
    kit.advance_seconds(1);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
}

#[tokio::test]
async fn one_slow_issuer_blocks_no_other() {
    let (slow, good) = (TestIssuer::start(&["a"]).await, TestIssuer::start(&["a"]).await);
    slow.publishes(Reply::Hang);
    let (kit, other) = (Kit::new(&slow), Kit::new(&good));
    let waiting = (0..4).map(|_| kit.spawn("a")).collect::<Vec<_>>();
    until(|| slow.counts() == (1, 0)).await;
    assert_eq!(other.key("a").await, Ok("a".to_owned()));
    assert!(waiting.iter().all(|caller| !caller.is_finished()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
