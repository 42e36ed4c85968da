//! Time and randomness that a test holds in its hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use daypass_jose::{Clock, Random, Timestamp};

/// 2026-11-24T09:30:00Z
pub(crate) const START_SECONDS: i64 = 1_795_512_600;

pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(START_SECONDS * 1000))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.load(Ordering::SeqCst) - START_SECONDS * 1000).unwrap())
    }
}

/// Operating-system randomness.
pub(crate) struct TestRandom;

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}
