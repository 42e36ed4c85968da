//! Time and randomness that a test holds in its hand.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use daypass_jose::{Clock, Random, Timestamp};

/// 2026-11-24T09:30:00Z
pub(crate) const START_SECONDS: i64 = 1_795_512_600;

/// What the time is, in milliseconds, and how much has passed, which never goes back.
pub(crate) struct TestClock {
    wall: AtomicI64,
    passed: AtomicU64,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self { wall: AtomicI64::new(START_SECONDS * 1000), passed: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.passed.fetch_add(u64::try_from(seconds).unwrap() * 1000, Ordering::SeqCst);
        self.jump(seconds);
    }

    /// Sets what the time is said to be forward or back, as an operator does; no time passes.
    pub(crate) fn jump(&self, seconds: i64) {
        self.jump_millis(seconds * 1000);
    }

    /// The same, in milliseconds.
    pub(crate) fn jump_millis(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }
}

/// Operating-system randomness.
pub(crate) struct TestRandom;

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}
