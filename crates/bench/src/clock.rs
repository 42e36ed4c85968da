//! The machine's clock and randomness, for an instrument that measures time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use daypass_jose::{Random, Timestamp};

/// The randomness of the operating system.
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// The moment.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment from which time is measured.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn instant() -> Instant {
    Instant::now()
}
