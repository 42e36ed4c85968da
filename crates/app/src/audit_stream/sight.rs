//! What is counted of the stream, and how it stands, for the metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};

use daypass_jose::{Clock, Timestamp};
use daypass_store::StreamLag;

/// How the stream stands, as this server sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamSight {
    /// Whether this server delivers.
    pub holds: bool,
    /// Seconds since the oldest exchange that was not delivered; 0 where there is none.
    pub lag_seconds: i64,
    /// How many were not delivered, up to [`daypass_store::MAX_COUNTED_LAG`].
    pub lag_exchanges: u64,
    /// Batches that were delivered.
    pub delivered: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Exchanges in the batches that were delivered.
    pub exchanges: u64,
    /// Exchanges that it has passed over, since they cannot be read.
    pub unreadable: u64,
    /// When something was delivered last, by this server or the one before it.
    pub delivered_at: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct Sight(Mutex<StreamSight>);

impl Sight {
    pub(super) fn look(&self) -> StreamSight {
        *self.lock()
    }

    pub(super) fn holds(&self, holds: bool) {
        self.lock().holds = holds;
    }

    pub(super) fn took(&self, delivered_at: Option<Timestamp>) {
        self.lock().delivered_at = delivered_at;
    }

    pub(super) fn delivered(&self, exchanges: usize, now: Timestamp) {
        let mut sight = self.lock();
        sight.delivered = sight.delivered.saturating_add(1);
        sight.exchanges = sight.exchanges.saturating_add(u64::try_from(exchanges).unwrap_or(u64::MAX));
        sight.delivered_at = Some(now);
    }

    pub(super) fn failed(&self) {
        let mut sight = self.lock();
        sight.failed = sight.failed.saturating_add(1);
    }

    pub(super) fn unreadable(&self) {
        let mut sight = self.lock();
        sight.unreadable = sight.unreadable.saturating_add(1);
    }

    pub(super) fn lag(&self, lag: &StreamLag, clock: &dyn Clock) {
        let seconds = lag.oldest.map_or(0, |oldest| clock.now().millis_since(oldest) / 1_000);
        let mut sight = self.lock();
        sight.lag_exchanges = lag.exchanges;
        sight.lag_seconds = seconds.max(0);
    }

    fn lock(&self) -> MutexGuard<'_, StreamSight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
