//! A key set that was fetched, and how old it is.

use std::sync::Arc;
use std::time::Duration;

use daypass_jose::jwk::{KeySet, VerifyingKey};

use crate::discovery::Fetched;
use crate::fault::KeyFault;

/// For how long a set that cannot be refreshed is used, counted from the start of the fetch that brought it. Longer, and
/// an attacker who keeps this server from its issuer keeps a withdrawn key alive for as long.
pub const MAX_STALENESS: Duration = Duration::from_hours(24);

/// A key set with its times, all on the monotonic clock.
pub(crate) struct Snapshot {
    pub(crate) keys: KeySet,
    pub(crate) ttl: Duration,
    /// When the fetch that brought it began: the issuer made it then or later.
    pub(crate) asked_at: Duration,
    /// When it was here.
    pub(crate) fetched_at: Duration,
}

impl Snapshot {
    pub(crate) fn new(fetched: Fetched, asked_at: Duration, fetched_at: Duration) -> Self {
        Self { keys: fetched.keys, ttl: fetched.ttl, asked_at, fetched_at }
    }

    pub(crate) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.asked_at)
    }

    /// Whether it may still be used at all.
    pub(crate) fn is_usable(&self, now: Duration) -> bool {
        self.age(now) < MAX_STALENESS
    }

    /// Whether it will be past its time to live within `margin`.
    pub(crate) fn is_due(&self, now: Duration, margin: Duration) -> bool {
        self.age(now).saturating_add(margin) >= self.ttl
    }
}

/// The key of this id. Without an id, the only key of a set that has one.
pub(crate) fn pick(keys: &KeySet, key_id: Option<&str>) -> Result<Arc<VerifyingKey>, KeyFault> {
    match keys.find(key_id) {
        Some(key) => Ok(Arc::clone(key)),
        None if key_id.is_none() && keys.len() > 1 => Err(KeyFault::AmbiguousKey),
        None => Err(KeyFault::UnknownKey),
    }
}
