//! Refusals by source: beyond a number a minute a source is told to wait instead of why.
//!
//! Only refusals count and only refusals are held back, so that nobody's failures can lock an honest job out. Peers on
//! loopback are not counted for themselves: behind one is a proxy, which is everybody, or the operator.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::header;
use axum::response::Response;
use daypass_app::{Code, Refusal};
use daypass_jose::Timestamp;

use crate::answer::Wording;
use crate::peer::counted;
use crate::problem;
use crate::source::Source;

/// Sources that are counted at once; what comes beyond shares one count until the next minute.
pub(crate) const MAX_SOURCES: usize = 10_000;

const MINUTE_MILLIS: i64 = 60_000;
const MINUTE_SECONDS: u32 = 60;

/// Counts the refusals of the present minute.
pub(crate) struct Failures {
    per_minute: u32,
    minute: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    number: i64,
    by_source: HashMap<IpAddr, u32>,
    of_others: u32,
}

impl Failures {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, minute: Mutex::default() }
    }

    /// Counts one more refusal, and says whether it may still be answered in full.
    pub(crate) fn admits(&self, source: Source, now: Timestamp) -> bool {
        if self.per_minute == 0 || source.is_this_machine() {
            return true;
        }
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.millis().div_euclid(MINUTE_MILLIS);
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        let source = counted(source.address());
        let room = minute.by_source.len() < MAX_SOURCES || minute.by_source.contains_key(&source);
        let Minute { by_source, of_others, .. } = &mut *minute;
        let count = if room { by_source.entry(source).or_default() } else { of_others };
        *count = count.saturating_add(1);
        *count <= self.per_minute
    }
}

/// What a source is told that is beyond its number.
pub(crate) fn refusal() -> Refusal {
    let refusal = Refusal::new(Code::RateLimited);
    Refusal { retry_after_seconds: Some(MINUTE_SECONDS), ..refusal }
}

/// The answer in place of a refusal that is held back, in the words of its protocol.
pub(crate) fn limited(held_back: &Response) -> Response {
    let refusal = refusal();
    let mut response = match held_back.extensions().get::<Wording>() {
        Some(wording) => (wording.0)(&refusal),
        None => problem::of_credential(&refusal, None),
    };
    // A connection that was to be closed after the refusal is closed all the same: what follows on it may be smuggled.
    if let Some(connection) = held_back.headers().get(header::CONNECTION) {
        response.headers_mut().insert(header::CONNECTION, connection.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;
    use crate::peer::Peer;
    use crate::proxies::TrustedProxies;

    fn peer(text: &str) -> Source {
        of(text.parse().unwrap())
    }

    fn of(address: IpAddr) -> Source {
        Source::of(Peer(address), &HeaderMap::new(), &TrustedProxies::default())
    }

    #[test]
    fn a_source_beyond_its_number_waits_and_no_other_does() {
        let failures = Failures::new(3);
        let now = Timestamp::from_millis(0);
        let admitted = |peer| (0..5).filter(|_| failures.admits(peer, now)).count();
        assert_eq!(admitted(peer("203.0.113.5")), 3);
        assert_eq!(admitted(peer("203.0.113.6")), 3);
        assert_eq!(admitted(peer("::ffff:203.0.113.5")), 0, "the same host, written as IPv6");
        assert_eq!(admitted(peer("2001:db8::1")), 3);
        assert_eq!(admitted(peer("2001:db8::2")), 0, "the same subscriber");
        assert!(failures.admits(peer("203.0.113.5"), now.plus_seconds(60)));
    }

    #[test]
    fn loopback_and_a_limit_of_zero_are_not_counted() {
        let now = Timestamp::from_millis(0);
        let (one, none) = (Failures::new(1), Failures::new(0));
        assert!((0..5).all(|_| one.admits(peer("127.0.0.1"), now)));
        assert!((0..5).all(|_| one.admits(peer("::1"), now)));
        assert!((0..5).all(|_| none.admits(peer("203.0.113.5"), now)));
    }

    #[test]
    fn sources_without_end_share_one_count() {
        let failures = Failures::new(1);
        let now = Timestamp::from_millis(0);
        for number in 0..u32::try_from(MAX_SOURCES).unwrap() {
            assert!(failures.admits(of(IpAddr::V4(number.saturating_add(1 << 24).into())), now));
        }
        assert!(failures.admits(peer("203.0.113.5"), now));
        assert!(!failures.admits(peer("203.0.113.6"), now));
    }
}
