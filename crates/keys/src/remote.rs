//! The keys of an issuer that publishes them: kept, refreshed behind the requests, fetched once for all who wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use daypass_fetch::Fetcher;
use daypass_jose::Clock;
use daypass_jose::jwk::VerifyingKey;
use tokio::sync::Semaphore;

use crate::discovery::Source;
use crate::fault::{FetchKeysFault, KeyFault};
use crate::flight::{Flight, Flights, Outcome};
use crate::snapshot::{Snapshot, pick};

/// Between two fetches for requests while a set is held. Shorter, and unknown key ids, which cost an attacker nothing,
/// become requests to the issuer; longer, and the first tokens under a new key are refused for as long.
pub const REFETCH_INTERVAL: Duration = Duration::from_secs(5);
/// After a failed fetch while nothing is held. Shorter, and an issuer that comes back is met by a stampede.
pub const FIRST_FETCH_COOLDOWN: Duration = Duration::from_secs(1);

/// Requests that wait for one issuer at once; the rest are told to come back. More, and one slow issuer, or an unsigned
/// token with its name in it sent often enough, takes the connections of all others.
pub const MAX_WAITERS: usize = 512;

/// An issuer whose keys are fetched.
pub(crate) struct RemoteKeys {
    pub(crate) source: Source,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    key_id_survives_rotation: bool,
    /// The last good set. Read without a lock; replaced under that of `flights`.
    held: ArcSwapOption<Snapshot>,
    /// A signature was bad under a key id that survives rotation, and the keys were not fetched since.
    is_suspect: AtomicBool,
    flights: Mutex<Flights>,
    waiting: Semaphore,
}

/// A fetch that a request has waited for, which itself or another had begun. Times are those of the clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// When the wait began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// Whether the fetch failed.
    pub has_failed: bool,
}

/// What a request does that is not served by the set held.
enum Step {
    Answer(Result<Arc<VerifyingKey>, KeyFault>),
    Await(Flight),
}

impl RemoteKeys {
    pub(crate) fn new(
        source: Source,
        fetcher: Fetcher,
        clock: Arc<dyn Clock>,
        key_id_survives_rotation: bool,
    ) -> Self {
        let (held, is_suspect, flights) = Default::default();
        let waiting = Semaphore::new(MAX_WAITERS);
        Self { source, fetcher, clock, key_id_survives_rotation, held, is_suspect, flights, waiting }
    }

    /// The key of this id, from the set held wherever that is possible.
    pub(crate) async fn key(
        self: &Arc<Self>,
        key_id: Option<&str>,
        waits: &mut Vec<Waited>,
    ) -> Result<Arc<VerifyingKey>, KeyFault> {
        let now = self.clock.monotonic();
        if self.is_suspect.load(Ordering::Acquire) {
            self.look_again_once(now, waits).await;
        }
        let held = self.usable(now).map(|held| (pick(&held.keys, key_id), held.is_due(now, Duration::ZERO)));
        match held {
            None | Some((Err(KeyFault::UnknownKey), _)) => self.fetch_and_pick(key_id, now, waits).await,
            Some((answer, is_due)) => {
                if is_due {
                    self.refresh_behind(now);
                }
                answer
            }
        }
    }

    pub(crate) fn report_bad_signature(&self) {
        if self.key_id_survives_rotation {
            self.is_suspect.store(true, Ordering::Release);
        }
    }

    /// The set held, if it is not too old.
    pub(crate) fn usable(&self, now: Duration) -> Option<Arc<Snapshot>> {
        self.held.load_full().filter(|held| held.is_usable(now))
    }

    pub(crate) fn last_fault(&self) -> Option<FetchKeysFault> {
        self.lock().last_fault.clone()
    }

    /// A fetch that no request waits for and whose failure none of them feels.
    pub(crate) async fn prefetch(&self) {
        drop(self.fetch().await);
    }

    /// After a bad signature: fetches before the next answer, if the interval allows. One request waits; those beside it
    /// are answered from the set held.
    async fn look_again_once(self: &Arc<Self>, now: Duration, waits: &mut Vec<Waited>) {
        let flight = {
            let mut flights = self.lock();
            let may = self.cooldown(&flights, now).is_none() && flights.in_flight().is_none();
            (may && self.is_suspect.swap(false, Ordering::AcqRel)).then(|| self.take_off(&mut flights))
        };
        if let Some(flight) = flight {
            drop(self.wait_for(flight, waits).await);
        }
    }

    async fn fetch_and_pick(
        self: &Arc<Self>,
        key_id: Option<&str>,
        now: Duration,
        waits: &mut Vec<Waited>,
    ) -> Result<Arc<VerifyingKey>, KeyFault> {
        let flight = match self.step(key_id, now) {
            Step::Answer(answer) => return answer,
            Step::Await(flight) => flight,
        };
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(unavailable(FIRST_FETCH_COOLDOWN, &FetchKeysFault::TooManyWait));
        };
        let outcome = self.wait_for(flight, waits).await;
        let now = self.clock.monotonic();
        match (outcome, self.usable(now)) {
            (Ok(()), Some(held)) => pick(&held.keys, key_id),
            (Ok(()), None) => Err(unavailable(FIRST_FETCH_COOLDOWN, &FetchKeysFault::GivenUp)),
            // A key that is held answers, whoever brought it; anything else is not known now.
            (Err(fault), held) => held
                .and_then(|held| pick(&held.keys, key_id).ok())
                .ok_or_else(|| unavailable(self.pause_after_failure(now), &fault)),
        }
    }

    async fn wait_for(&self, flight: Flight, waits: &mut Vec<Waited>) -> Outcome {
        let began = self.clock.monotonic();
        let outcome = flight.landed().await;
        waits.push(Waited { began, ended: self.clock.monotonic(), has_failed: outcome.is_err() });
        outcome
    }

    /// Decides under the lock, since a fetch may have ended since the set was looked at.
    fn step(self: &Arc<Self>, key_id: Option<&str>, now: Duration) -> Step {
        let mut flights = self.lock();
        match self.usable(now).map(|held| pick(&held.keys, key_id)) {
            None | Some(Err(KeyFault::UnknownKey)) => {}
            Some(answer) => return Step::Answer(answer),
        }
        if let Some(flight) = flights.in_flight() {
            return Step::Await(flight);
        }
        match (self.cooldown(&flights, now), &flights.last_failure) {
            (None, _) => Step::Await(self.take_off(&mut flights)),
            // The last word is a failure, so nobody knows whether there is such a key: later is fine.
            (Some(left), Some((_, fault))) => Step::Answer(Err(unavailable(left, fault))),
            (Some(_), None) => Step::Answer(Err(KeyFault::UnknownKey)),
        }
    }

    /// Starts a fetch past the time to live. The issuer has at most one at a time, and one an interval.
    fn refresh_behind(self: &Arc<Self>, now: Duration) {
        let mut flights = self.lock();
        let is_still_due = self.held.load().as_ref().is_none_or(|held| held.is_due(now, Duration::ZERO));
        if is_still_due && flights.in_flight().is_none() && self.cooldown(&flights, now).is_none() {
            drop(self.take_off(&mut flights));
        }
    }

    /// How long no request may start a fetch; `None` where one may.
    fn cooldown(&self, flights: &Flights, now: Duration) -> Option<Duration> {
        let left = |since: Duration, interval: Duration| {
            interval.checked_sub(now.saturating_sub(since)).filter(|left| !left.is_zero())
        };
        let after_failure = flights.last_failure.as_ref();
        let after_failure = after_failure.and_then(|(at, _)| left(*at, self.pause_after_failure(now)));
        let after_held = self.usable(now).and_then(|held| left(held.fetched_at, REFETCH_INTERVAL));
        after_failure.max(after_held)
    }

    /// While nothing is held, everybody waits for the issuer, so it is asked again soon.
    fn pause_after_failure(&self, now: Duration) -> Duration {
        if self.usable(now).is_some() { REFETCH_INTERVAL } else { FIRST_FETCH_COOLDOWN }
    }

    /// Starts a fetch in a task of its own: a caller that goes away does not end it for the others.
    fn take_off(self: &Arc<Self>, flights: &mut Flights) -> Flight {
        let (sender, flight) = Flight::new();
        flights.flight = Some(flight.clone());
        let issuer = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = issuer.fetch().await;
            // Before the waiters wake: whoever comes after them must find the cooldown.
            if let Err(fault) = &outcome {
                issuer.lock().last_failure = Some((issuer.clock.monotonic(), fault.clone()));
            }
            sender.send_replace(Some(outcome));
        });
        flight
    }

    /// Fetches and, where that succeeds, holds the new set; else the old one stays.
    async fn fetch(&self) -> Outcome {
        let asked_at = self.clock.monotonic();
        let outcome = self.source.fetch(&self.fetcher).await;
        let mut flights = self.lock();
        match outcome {
            Ok(new) => {
                tracing::debug!(issuer.url = %self.source.issuer, keys = new.keys.len(), "fetched the issuer's keys");
                (flights.last_failure, flights.last_fault) = (None, None);
                self.hold(Snapshot::new(new, asked_at, self.clock.monotonic()));
                Ok(())
            }
            Err(fault) => {
                tracing::warn!(issuer.url = %self.source.issuer, "fetching the issuer's keys failed: {fault}");
                flights.last_fault = Some(fault.clone());
                Err(fault)
            }
        }
    }

    /// A slow fetch does not bring back what a later one has replaced.
    fn hold(&self, snapshot: Snapshot) {
        let is_newer = self.held.load().as_ref().is_none_or(|held| held.asked_at <= snapshot.asked_at);
        if is_newer {
            self.held.store(Some(Arc::new(snapshot)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(wait: Duration, fault: &FetchKeysFault) -> KeyFault {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    KeyFault::Unavailable {
        retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        reason: fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use daypass_fetch::{Endpoint, EndpointRules, Outbound};
    use daypass_jose::{Algorithm, IssuerUrl, Timestamp};

    use super::*;
    use crate::discovery::Fetched;
    use crate::freshness::DEFAULT_TTL;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(20)
        }
    }

    /// Keys of an issuer that cannot be reached.
    fn unreachable() -> Arc<RemoteKeys> {
        let issuer = IssuerUrl::parse("https://127.0.0.1:1").unwrap();
        let endpoint = Endpoint::new(EndpointRules::default());
        let source = Source { issuer, algorithms: vec![Algorithm::ES256], endpoint, jwks_hosts: Vec::new() };
        let fetcher = Fetcher::new(&Outbound::default()).unwrap();
        Arc::new(RemoteKeys::new(source, fetcher, Arc::new(Still), false))
    }

    /// The key of RFC 7517 §A.1 under this id, in a set that was asked for then.
    fn snapshot(key_id: &str, asked_at_seconds: u64) -> Snapshot {
        let set = format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{key_id}","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}}]}}"#
        );
        let keys = crate::settings::parse(set.as_bytes(), &[Algorithm::ES256]).unwrap();
        let asked_at = Duration::from_secs(asked_at_seconds);
        Snapshot::new(Fetched { keys, ttl: DEFAULT_TTL }, asked_at, asked_at)
    }

    #[tokio::test]
    async fn a_slow_fetch_does_not_bring_back_what_a_later_one_has_replaced() {
        let keys = unreachable();
        keys.hold(snapshot("new", 18));
        keys.hold(snapshot("old", 12));
        let waits = &mut Vec::new();
        assert!(keys.key(Some("new"), waits).await.is_ok());
        assert_eq!(*waits, []);
        assert_eq!(keys.key(Some("old"), waits).await.err(), Some(KeyFault::UnknownKey));
    }

    #[tokio::test]
    async fn a_key_that_came_between_the_look_and_the_lock_is_found() {
        let keys = unreachable();
        keys.hold(snapshot("new", 18));
        let now = keys.clock.monotonic();
        assert!(keys.fetch_and_pick(Some("new"), now, &mut Vec::new()).await.is_ok());
    }
}
