//! The keys of all registered issuers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daypass_fetch::Fetcher;
use daypass_jose::jwk::{KeySet, VerifyingKey};
use daypass_jose::{Clock, IssuerUrl};

use crate::discovery::Source;
use crate::fault::{KeyFault, KeySetRefused};
use crate::prefetch;
use crate::remote::{RemoteKeys, Waited};
use crate::settings::{self, IssuerKeySettings, KeySource};
use crate::snapshot::pick;

/// When to try again where only new settings can help.
pub const FIXED_RETRY_SECONDS: u32 = 60;

/// The keys of all registered issuers. It holds as many sets as there are issuers, each bounded by
/// [`MAX_DOCUMENT_BYTES`](crate::MAX_DOCUMENT_BYTES) and by the number of keys that a set may have.
///
/// | Situation | Answer |
/// |---|---|
/// | issuer not registered | `UnknownIssuer`, no network |
/// | key held, set fresh | the key |
/// | key held, set past its time to live | the key, and a fetch behind the answer, at most one every 5 s |
/// | nothing held, or older than 24 h | one fetch that all callers wait for; if it fails, `Unavailable`, and for 1 s at once |
/// | key not held | one fetch that all callers wait for; the key, or `UnknownKey`; if it fails, `Unavailable` |
/// | key not held, last fetch less than 5 s ago | at once: `UnknownKey`, or `Unavailable` if that fetch failed |
/// | no key id, one key / several keys | the key / `AmbiguousKey` |
/// | bad signature under a key id that survives rotation | the next call fetches first, within the same 5 s |
///
/// A failed fetch never takes away what is held. Prefetching shares no cooldown and no failure with requests, so beside
/// a prefetch a request may start a fetch of its own.
pub struct IssuerKeys {
    issuers: BTreeMap<IssuerUrl, Keys>,
    clock: Arc<dyn Clock>,
}

enum Keys {
    Fixed(Result<KeySet, KeySetRefused>),
    Remote(Arc<RemoteKeys>),
}

/// How the keys of one issuer stand, for people and probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKeyState {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// Usable keys.
    pub keys: usize,
    /// Keys of its set that are not used.
    pub skipped_keys: usize,
    /// Age of the set; `None` where there is none, or it does not age.
    pub age_seconds: Option<u64>,
    /// Why the last fetch failed, if it did.
    pub last_fault: Option<String>,
}

impl IssuerKeys {
    /// The keys of these issuers, none of them fetched yet. An issuer that stands twice counts as it stands last; one
    /// whose fixed set cannot be used is `Unavailable`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "handles that share what they stand for: it keeps them"
    )]
    pub fn new(settings: Vec<IssuerKeySettings>, fetcher: Fetcher, clock: Arc<dyn Clock>) -> Self {
        let keys = |settings| Keys::new(settings, fetcher.clone(), Arc::clone(&clock));
        let issuers = settings.into_iter().map(|one| (one.issuer.clone(), keys(one))).collect();
        Self { issuers, clock }
    }

    /// The key with which a token of this issuer and key id must verify. It may wait for one fetch, bounded by
    /// [`FETCH_DEADLINE`](crate::FETCH_DEADLINE).
    pub async fn key(&self, issuer: &IssuerUrl, key_id: Option<&str>) -> Result<Arc<VerifyingKey>, KeyFault> {
        self.key_and_waits(issuer, key_id, &mut Vec::new()).await
    }

    /// The same, and the fetches that were waited for, at most two, one after the other.
    pub async fn key_and_waits(
        &self,
        issuer: &IssuerUrl,
        key_id: Option<&str>,
        waits: &mut Vec<Waited>,
    ) -> Result<Arc<VerifyingKey>, KeyFault> {
        match self.issuers.get(issuer).ok_or(KeyFault::UnknownIssuer)? {
            Keys::Remote(remote) => remote.key(key_id, waits).await,
            Keys::Fixed(Ok(keys)) => pick(keys, key_id),
            Keys::Fixed(Err(refused)) => Err(KeyFault::Unavailable {
                retry_after_seconds: FIXED_RETRY_SECONDS,
                reason: refused.to_string(),
            }),
        }
    }

    /// Tells that a signature was bad under a key that [`IssuerKeys::key`] gave. It matters only to issuers whose key
    /// ids survive rotation: their next `key` fetches first.
    pub fn report_bad_signature(&self, issuer: &IssuerUrl) {
        if let Some(Keys::Remote(remote)) = self.issuers.get(issuer) {
            remote.report_bad_signature();
        }
    }

    /// Fetches the keys of every issuer once and keeps them fresh, until dropped. Its failures are logged and shown by
    /// [`IssuerKeys::states`]; no request waits for it or fails by it.
    pub async fn prefetch(&self) {
        let remotes = self.issuers.values().filter_map(|keys| match keys {
            Keys::Remote(remote) => Some(Arc::clone(remote)),
            Keys::Fixed(_) => None,
        });
        let remotes = remotes.collect::<Vec<_>>();
        prefetch::keep_fresh(&remotes, || self.clock.monotonic()).await;
    }

    /// How old the keys are that the issuer's tokens are verified with; `None` where there are none, or they do not age.
    pub fn age_seconds(&self, issuer: &IssuerUrl) -> Option<u64> {
        match self.issuers.get(issuer)? {
            Keys::Remote(remote) => {
                let now = self.clock.monotonic();
                remote.usable(now).map(|held| held.age(now).as_secs())
            }
            Keys::Fixed(_) => None,
        }
    }

    /// How the keys of every issuer stand.
    pub fn states(&self) -> Vec<IssuerKeyState> {
        let now = self.clock.monotonic();
        self.issuers.iter().map(|(issuer, keys)| keys.state(issuer, now)).collect()
    }
}

impl Keys {
    fn new(settings: IssuerKeySettings, fetcher: Fetcher, clock: Arc<dyn Clock>) -> Self {
        let IssuerKeySettings { issuer, algorithms, source, jwks_hosts, key_id_survives_rotation } = settings;
        match source {
            KeySource::Fixed(document) => Self::Fixed(settings::parse(&document, &algorithms)),
            KeySource::Discovery(endpoint) => {
                let source = Source { issuer, algorithms, endpoint, jwks_hosts };
                Self::Remote(Arc::new(RemoteKeys::new(source, fetcher, clock, key_id_survives_rotation)))
            }
        }
    }

    fn state(&self, issuer: &IssuerUrl, now: Duration) -> IssuerKeyState {
        let state = |keys: Option<&KeySet>, age_seconds, last_fault| IssuerKeyState {
            issuer: issuer.clone(),
            keys: keys.map_or(0, KeySet::len),
            skipped_keys: keys.map_or(0, |keys| keys.skipped().len()),
            age_seconds,
            last_fault,
        };
        match self {
            Self::Fixed(Ok(keys)) => state(Some(keys), None, None),
            Self::Fixed(Err(refused)) => state(None, None, Some(refused.to_string())),
            Self::Remote(remote) => {
                let held = remote.usable(now);
                let age_seconds = held.as_ref().map(|held| held.age(now).as_secs());
                let last_fault = remote.last_fault().map(|fault| fault.to_string());
                state(held.as_ref().map(|held| &held.keys), age_seconds, last_fault)
            }
        }
    }
}
