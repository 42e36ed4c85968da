//! Fetching keys before somebody needs them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::remote::RemoteKeys;

/// How often it is looked for sets that are due. Longer than [`PREFETCH_MARGIN`], and sets pass their time to live.
pub const PREFETCH_INTERVAL: Duration = Duration::from_mins(1);
/// How long before the end of its time to live a set is fetched again.
pub const PREFETCH_MARGIN: Duration = Duration::from_mins(2);
/// Issuers at once: a fraction of what the fetcher allows, so that requests find places.
pub const PREFETCH_CONCURRENCY: usize = 8;

/// Keeps the sets of all `issuers` fresh until dropped; what it has started ends with it.
pub(crate) async fn keep_fresh(issuers: &[Arc<RemoteKeys>], now: impl Fn() -> Duration) {
    let mut ticks = tokio::time::interval(PREFETCH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = now();
        let is_due = |issuer: &&Arc<RemoteKeys>| {
            issuer.usable(now).is_none_or(|held| held.is_due(now, PREFETCH_MARGIN))
        };
        fetch_all(issuers.iter().filter(is_due).map(Arc::clone).collect()).await;
    }
}

async fn fetch_all(issuers: Vec<Arc<RemoteKeys>>) {
    let places = Arc::new(Semaphore::new(PREFETCH_CONCURRENCY));
    let mut fetches = JoinSet::new();
    for issuer in issuers {
        let places = Arc::clone(&places);
        fetches.spawn(async move {
            // INVARIANT: nobody closes the semaphore, so there is always a place in the end.
            let _place = places.acquire().await.ok();
            issuer.prefetch().await;
        });
    }
    while fetches.join_next().await.is_some() {}
}
