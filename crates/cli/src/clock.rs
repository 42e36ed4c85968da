//! The machine's clock and the operating system's randomness: read here and nowhere else.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use daypass_jose::{Clock, Random, Timestamp};

/// The clock of the machine.
pub(crate) struct SystemClock {
    started: Instant,
}

/// Bytes of randomness that are fetched together: each time costs as much as a hundred of them.
const FETCHED_BYTES: usize = 512;
/// Bytes of the longest request that is served from what was fetched: those of an id. Keys and nonces are fetched when
/// they are wanted: of a machine that is copied while it runs, no two copies may seal under one nonce.
const MAX_SERVED_BYTES: usize = 10;

/// The randomness of the operating system.
#[derive(Default)]
pub(crate) struct OsRandom {
    fetched: Mutex<Fetched>,
}

/// What was fetched and not given out yet. What was given out is no more in it.
#[derive(Default)]
struct Fetched(Vec<u8>);

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
        if bytes.len() > MAX_SERVED_BYTES {
            return fetch(bytes);
        }
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if fetched.0.len() < bytes.len() {
            fetched.0.resize(FETCHED_BYTES, 0);
            fetch(&mut fetched.0);
        }
        for byte in bytes {
            if let Some(last) = fetched.0.last_mut() {
                *byte = std::mem::take(last);
            }
            fetched.0.pop();
        }
    }
}

fn fetch(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        // Nothing that is made without randomness is safe to give out, and no caller could do better.
        std::process::abort();
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
        let rng = OsRandom::default();
        let (mut one, mut other) = ([0_u8; 32], [0_u8; 32]);
        rng.fill(&mut one);
        rng.fill(&mut other);
        assert_ne!(one, other);
    }

    #[test]
    fn no_bytes_are_given_twice_and_none_are_left_out() {
        let rng = OsRandom::default();
        let mut seen = std::collections::BTreeSet::new();
        for length in (8..=MAX_SERVED_BYTES).cycle().take(10_000) {
            let mut bytes = vec![0; length];
            rng.fill(&mut bytes);
            // Eight bytes that are equal to others by chance: once in ten thousand years of this test.
            assert!(seen.insert(<[u8; 8]>::try_from(&bytes[..8]).unwrap()));
            assert_ne!(bytes[length - 4..], [0; 4]);
        }
        assert!(rng.fetched.lock().unwrap().0.len() < FETCHED_BYTES);
    }
}
