//! The keys that sign passes: made, rotated and revoked in the store, sealed; published as a JWK set (RFC 7517 §5).

mod change;
mod live;
mod lost;
mod opened;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub use change::{KeyKeeper, Revoked, Rewrapped, Rotated, SigningKeyFault};
pub use live::PassKeys;
pub use lost::Lost;
pub use state::{KeyState, Standing, ahead, next_rotation, states};

use std::time::Duration;

use daypass_jose::Algorithm;
use daypass_jose::time::LEEWAY_SECONDS;
use daypass_policy::MAX_TTL_SECONDS;

/// What these keys are for, in the store and as the purpose under which they are sealed.
pub const PURPOSE: &str = "pass";

/// Algorithms that a key for passes may have.
pub const PASS_ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];

/// How often a server looks at the keys in the store. With the time of one read it must stay below the 2 s within which a
/// revocation is promised to be heard by a server that sees the store; one that does not goes on for [`STALE_AFTER`].
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How often the store is looked at for the sake of key ids that are not known, all passes together. Shorter, and passes with
/// key ids that strangers have made up cost reads of the store.
pub const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(1);

/// How old the last look may be: a server that has not seen for so long which keys are revoked neither signs nor takes a
/// pass. The publishing time counts on it: were it longer than [`SEEN_WITHIN_SECONDS`], a server could still publish the
/// old set when the new key signs.
pub const STALE_AFTER: Duration = Duration::from_secs(SEEN_WITHIN_SECONDS.unsigned_abs());

/// Within how many seconds every server that works has seen a new key.
const SEEN_WITHIN_SECONDS: i64 = 10;

/// For how long a key is kept after its successor began to sign, in seconds: the longest pass, the leeway with which it is
/// verified, and the time in which a server that has not seen the successor yet goes on with the old key. Were it
/// shorter, valid passes would be refused.
pub const KEPT_SECONDS: i64 =
    MAX_TTL_SECONDS.saturating_add(LEEWAY_SECONDS).saturating_add(SEEN_WITHIN_SECONDS);

/// For how long a revoked key stays on record, in seconds: 90 days.
pub const REVOKED_KEPT_SECONDS: i64 = 90 * 86_400;

/// For how long after a revocation another that names no key is taken for the same one, in seconds.
pub const RETRIED_WITHIN_SECONDS: i64 = 60;

/// For how long the row of a key stays after the key has ended, in seconds: 7 days. A server whose clock is ahead by less
/// takes nothing out that others sign or verify with.
pub const REMOVED_AFTER_SECONDS: i64 = 7 * 86_400;

/// How far ahead of this machine's clock a key may have been made, in seconds. What is dated later says that one of the two
/// clocks is wrong, and no rotation goes on from there: nothing could sign before that key.
pub const AHEAD_SECONDS: i64 = 300;

/// Keys of one set that are published at once; a full set is not rotated until the oldest has ended. It must stay below
/// [`daypass_jose::jwk::MAX_KEYS`], or verifiers like this one refuse the set whole.
pub const MAX_LIVE_KEYS: usize = 48;
const _: () = assert!(MAX_LIVE_KEYS < daypass_jose::jwk::MAX_KEYS);

/// How the keys of passes are made and rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassKeySettings {
    /// The algorithm of a new key.
    pub algorithm: Algorithm,
    /// For how long a key signs.
    pub rotate_after_seconds: i64,
    /// For how long a verifier may keep the published set.
    pub jwks_max_age_seconds: u32,
}

impl PassKeySettings {
    /// How long a new key is published before it signs: a verifier that fetched the set right before any server published
    /// the key has fetched it again, and once more if that failed.
    pub fn publishing_seconds(&self) -> i64 {
        i64::from(self.jwks_max_age_seconds).saturating_mul(2).saturating_add(SEEN_WITHIN_SECONDS)
    }
}
