//! The machine's clock and the operating system's randomness: read here and nowhere else.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use daypass_jose::{Clock, Random, Timestamp};

/// The clock of the machine.
pub(crate) struct SystemClock {
    started: Instant,
}

/// The randomness of the operating system.
pub(crate) struct OsRandom;

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::saturating_neg),
        };
        Timestamp::from_millis(millis)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Nothing that is made without randomness is safe to give out, and no caller could do better.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_a_time_after_this_was_written_and_goes_on() {
        let clock = SystemClock::start();
        assert!(clock.now().seconds() > 1_795_000_000);
        let before = clock.monotonic();
        assert!(clock.monotonic() >= before);
    }

    #[test]
    fn two_fills_differ() {
        let (mut one, mut other) = ([0_u8; 32], [0_u8; 32]);
        OsRandom.fill(&mut one);
        OsRandom.fill(&mut other);
        assert_ne!(one, other);
    }
}
