//! Keys that are fetched before somebody needs them, and never instead of them.

use std::sync::Arc;
use std::time::Duration;

use daypass_keys::{DEFAULT_TTL, KeyFault, PREFETCH_INTERVAL, PREFETCH_MARGIN};
use tokio::task::JoinHandle;

use crate::issuer::{Reply, TestIssuer};
use crate::kit::{Kit, until};

fn prefetching(kit: &Kit) -> JoinHandle<()> {
    let keys = Arc::clone(&kit.keys);
    tokio::spawn(async move { keys.prefetch().await })
}

#[tokio::test]
async fn after_a_prefetch_the_first_request_waits_for_nobody() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    let prefetch = prefetching(&kit);
    until(|| kit.age_seconds().is_some()).await;
    assert_eq!((kit.key("a").await, issuer.counts()), (Ok("a".to_owned()), (1, 1)));
    assert_eq!(kit.key("x").await, Err(KeyFault::UnknownKey), "the set has just been fetched");
    assert_eq!(issuer.counts(), (1, 1));
    prefetch.abort();
}

#[tokio::test]
async fn a_failed_prefetch_neither_delays_nor_fails_the_first_request() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.is_down();
    let prefetch = prefetching(&kit);
    until(|| kit.last_fault().is_some()).await;
    issuer.is_up();
    assert_eq!((kit.key("a").await, issuer.counts()), (Ok("a".to_owned()), (2, 1)));
    prefetch.abort();
}

#[tokio::test]
async fn a_prefetch_that_hangs_is_not_waited_for() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.publishes(Reply::Hang);
    let prefetch = prefetching(&kit);
    until(|| issuer.counts() == (1, 0)).await;
    issuer.is_up();
    assert_eq!((kit.key("a").await, issuer.counts()), (Ok("a".to_owned()), (2, 1)));
    prefetch.abort();
}

#[tokio::test]
async fn a_prefetch_fetches_again_before_the_time_to_live_ends() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    let prefetch = prefetching(&kit);
    until(|| kit.age_seconds() == Some(0)).await;
    kit.clock.advance(DEFAULT_TTL.saturating_sub(PREFETCH_MARGIN).saturating_sub(Duration::from_secs(1)));
    next_round().await;
    assert_eq!(issuer.counts(), (1, 1), "not due yet");
    kit.advance_seconds(1);
    next_round().await;
    until(|| kit.age_seconds() == Some(0)).await;
    assert_eq!(issuer.counts(), (2, 2));
    prefetch.abort();
}

/// Lets the interval of the prefetch pass while nothing is on its way.
async fn next_round() {
    tokio::time::pause();
    tokio::time::advance(PREFETCH_INTERVAL).await;
    tokio::time::resume();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
