//! The keys of a running server: a snapshot that requests read, and the looks at the store that keep it true.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use daypass_jose::jwk::VerifyingKey;
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Clock, Random, Timestamp};
use daypass_store::{KeyChange, SigningKeyRow, Store, StoreFault};
use tokio::sync::Mutex as AsyncMutex;

use super::change::{KeyKeeper, SigningKeyFault};
use super::opened::{Arranged, Opened};
use super::state::{is_due, newest, removable};
use super::{PURPOSE, PassKeySettings, STALE_AFTER, UNKNOWN_KEY_INTERVAL};
use crate::refusal::{Code, Refusal};
use crate::seal::EncryptionKey;

/// The set that signs and verifies passes.
pub struct PassKeys {
    encryption_key: EncryptionKey,
    settings: PassKeySettings,
    current: ArcSwap<Snapshot>,
    opened: Mutex<Opened>,
    /// Held while the store is looked at; when a look was made last for the sake of an unknown key id.
    looking: AsyncMutex<Option<Duration>>,
    told: Mutex<BTreeMap<Trouble, String>>,
}

/// What one look at the store came to.
struct Snapshot {
    keys: Arranged,
    /// When the look began, on the clock that never goes back.
    looked_at: Duration,
}

/// What is wrong and is told once, when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Look,
    Unreadable,
    Rotation,
}

impl PassKeys {
    /// Opens the stored keys; makes the first where there is none. Two servers that start at once share one.
    pub(crate) async fn load(
        store: &Store,
        encryption_key: EncryptionKey,
        settings: PassKeySettings,
        (clock, rng): (&dyn Clock, &dyn Random),
    ) -> Result<Self, SigningKeyFault> {
        let mut looked_at = clock.monotonic();
        let mut rows = store.signing_keys().list(PURPOSE).await?;
        if rows.is_empty() {
            let keeper = KeyKeeper { store, encryption_key: &encryption_key, clock, rng };
            keeper.first(settings.algorithm).await?;
            looked_at = clock.monotonic();
            rows = store.signing_keys().list(PURPOSE).await?;
        }
        let mut opened = Opened::default();
        let keys = opened.arrange(&rows, &encryption_key, clock.now())?;
        if let Some((key_id, reason)) = keys.unreadable.first_key_value() {
            return Err(SigningKeyFault::Unreadable { key_id: key_id.clone(), reason: reason.clone() });
        }
        if keys.signing.is_none() {
            return Err(SigningKeyFault::AllRevoked);
        }
        Ok(Self {
            encryption_key,
            settings,
            current: ArcSwap::from_pointee(Snapshot { keys, looked_at }),
            opened: Mutex::new(opened),
            looking: AsyncMutex::default(),
            told: Mutex::default(),
        })
    }

    /// The key that signs now. `now` is on the clock that never goes back.
    ///
    /// # Errors
    /// It is not known whether it is revoked, or this server cannot open it.
    pub(crate) fn signing(&self, now: Duration) -> Result<Arc<SigningKey>, Refusal> {
        self.fresh(now)?
            .keys
            .signing
            .clone()
            .ok_or_else(|| unavailable("the key that signs cannot be opened"))
    }

    /// Whether a key may still be used that was to sign when it was asked for: one that is published, as far as the last look
    /// saw. `now` is on the clock that never goes back.
    ///
    /// # Errors
    /// It was revoked meanwhile, or it is not known whether it was.
    pub(crate) fn check_usable(&self, key_id: &str, now: Duration) -> Result<(), Refusal> {
        match self.fresh(now)?.keys.find(key_id) {
            Some(_) => Ok(()),
            None => Err(unavailable("the key that was to sign the pass was revoked meanwhile")),
        }
    }

    /// The key of this id, whether it still signs or not. One that is not known is looked for in the store once, since
    /// another server may have made it just now to sign at once.
    ///
    /// # Errors
    /// There is none, or it is not known whether it is revoked.
    pub(crate) async fn verifying(
        &self,
        key_id: Option<&str>,
        store: &Store,
        clock: &dyn Clock,
    ) -> Result<Arc<VerifyingKey>, Refusal> {
        let key_id = key_id.ok_or_else(|| Refusal::new(Code::PassInvalid))?;
        if let Some(key) = self.known(key_id, clock.monotonic())? {
            return Ok(key);
        }
        self.look_for_unknown(store, clock).await;
        self.known(key_id, clock.monotonic())?.ok_or_else(|| Refusal::new(Code::PassInvalid))
    }

    fn known(&self, key_id: &str, now: Duration) -> Result<Option<Arc<VerifyingKey>>, Refusal> {
        let snapshot = self.fresh(now)?;
        let key = snapshot.keys.find(key_id).cloned();
        if key.is_none() && snapshot.keys.unreadable.contains_key(key_id) {
            return Err(unavailable("the key that signed the pass cannot be opened"));
        }
        Ok(key)
    }

    /// Looks at the store, unless that was done for another unknown key id within [`UNKNOWN_KEY_INTERVAL`]. Those who
    /// come while a look is under way wait for it.
    async fn look_for_unknown(&self, store: &Store, clock: &dyn Clock) {
        let mut last = self.looking.lock().await;
        let now = clock.monotonic();
        if last.is_some_and(|last| now.saturating_sub(last) < UNKNOWN_KEY_INTERVAL) {
            return;
        }
        // Before it, since a client that hangs up ends it: the next would make another at once.
        *last = Some(now);
        // A failure is told by the look of every second.
        drop(self.look_alone(store, clock).await);
        // And from its end, so that those who waited for one that was slow do not make it again one by one.
        *last = Some(clock.monotonic());
    }

    /// Whether it is known which keys are revoked, and one signs. `now` is on the clock that never goes back.
    pub fn are_usable(&self, now: Duration) -> bool {
        self.signing(now).is_ok()
    }

    /// The JWK set that verifies passes, as JSON text, and for how many seconds a verifier may keep it: not at all where
    /// it may be out of date.
    pub fn published(&self, now: Duration) -> (String, u32) {
        let snapshot = self.current.load();
        let max_age = if is_stale(&snapshot, now) { 0 } else { self.settings.jwks_max_age_seconds };
        (snapshot.keys.published.clone(), max_age)
    }

    /// For how many seconds what is published may be kept.
    pub fn max_age_seconds(&self) -> u32 {
        self.settings.jwks_max_age_seconds
    }

    /// The algorithms of the published keys.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.current.load().keys.algorithms.clone()
    }

    /// The algorithm of the next key, and that of the key that signs, where they differ.
    pub fn changing_algorithm(&self) -> Option<(Algorithm, Algorithm)> {
        let current = self.current.load().keys.signing.as_ref()?.algorithm();
        (current != self.settings.algorithm).then_some((self.settings.algorithm, current))
    }

    /// Looks at the store, announces a successor when it is time, and takes out keys that ended long ago: by a time that
    /// does not believe the clock's jumps, since others may still sign with what has ended here.
    pub(crate) async fn tend(
        &self,
        store: &Store,
        (clock, rng): (&dyn Clock, &dyn Random),
        time_without_jumps: Timestamp,
    ) {
        let rows = match self.look(store, clock).await {
            Ok(rows) => rows,
            Err(fault) => {
                let seconds = STALE_AFTER.as_secs();
                let told = format!("{fault}; after {seconds} s without a look no pass is given or taken");
                return self.tell(Trouble::Look, Some(told));
            }
        };
        self.tell(Trouble::Look, None);
        let keeper = KeyKeeper { store, encryption_key: &self.encryption_key, clock, rng };
        let trouble =
            self.keep_up(&keeper, &rows, time_without_jumps).await.err().map(|fault| fault.to_string());
        self.tell(Trouble::Rotation, trouble);
    }

    async fn look(&self, store: &Store, clock: &dyn Clock) -> Result<Vec<SigningKeyRow>, StoreFault> {
        let _looking = self.looking.lock().await;
        self.look_alone(store, clock).await
    }

    /// Under the lock of `looking`, or a slow look would bring back what a later one has replaced.
    async fn look_alone(&self, store: &Store, clock: &dyn Clock) -> Result<Vec<SigningKeyRow>, StoreFault> {
        let looked_at = clock.monotonic();
        let rows = store.signing_keys().list(PURPOSE).await?;
        let arranged = {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.arrange(&rows, &self.encryption_key, clock.now())
        };
        let keys = arranged.map_err(|fault| StoreFault::Corrupt(fault.to_string()))?;
        let unreadable: Vec<String> =
            keys.unreadable.iter().map(|(key_id, fault)| format!("`{key_id}`: {fault}")).collect();
        self.tell(Trouble::Unreadable, (!unreadable.is_empty()).then(|| unreadable.join(", ")));
        tell_change(&self.current.load().keys, &keys);
        self.current.store(Arc::new(Snapshot { keys, looked_at }));
        Ok(rows)
    }

    /// Removing comes first: it goes on where no key can be made.
    async fn keep_up(
        &self,
        keeper: &KeyKeeper<'_>,
        rows: &[SigningKeyRow],
        time_without_jumps: Timestamp,
    ) -> Result<(), SigningKeyFault> {
        for ended in removable(rows, time_without_jumps) {
            match keeper.store.signing_keys().change(&[KeyChange::Remove(ended)]).await {
                Ok(()) => tracing::info!(key.id = ended.key_id, "a signing key has ended and is gone"),
                Err(StoreFault::Overtaken) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        keeper.check_dates(rows)?;
        let now = keeper.clock.now();
        if !newest(rows).is_some_and(|newest| is_due(newest, &self.settings, now)) {
            return Ok(());
        }
        match keeper.succeed(rows, &self.settings).await {
            Ok(successor) => {
                let (key_id, from) = (&successor.key_id, successor.activates_at);
                tracing::info!(key.id = key_id, "a new signing key is published, and signs from {from}");
                self.look(keeper.store, keeper.clock).await?;
                Ok(())
            }
            // Another server did the same.
            Err(SigningKeyFault::Store(StoreFault::Overtaken)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// What the last look saw, if that is not too long ago.
    fn fresh(&self, now: Duration) -> Result<arc_swap::Guard<Arc<Snapshot>>, Refusal> {
        let snapshot = self.current.load();
        if is_stale(&snapshot, now) {
            return Err(unavailable("the keys in the store were not seen for too long"));
        }
        Ok(snapshot)
    }

    /// Logs what is wrong when it begins and when it ends, not at every look.
    fn tell(&self, about: Trouble, trouble: Option<String>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match (trouble, about) {
            (None, _) => {
                if told.remove(&about).is_some() {
                    tracing::info!("{} again", about.well());
                }
            }
            (Some(_), Trouble::Look | Trouble::Rotation) if told.contains_key(&about) => {}
            (Some(trouble), _) if told.get(&about) == Some(&trouble) => {}
            (Some(trouble), Trouble::Look) => {
                tracing::warn!("the signing keys in the store cannot be seen: {trouble}");
                told.insert(about, trouble);
            }
            (Some(trouble), Trouble::Unreadable) => {
                tracing::error!(
                    "signing keys cannot be opened; if they were sealed anew, restart this server with the new encryption \
                     key: {trouble}"
                );
                told.insert(about, trouble);
            }
            (Some(trouble), Trouble::Rotation) => {
                tracing::error!("the signing keys are not rotated: {trouble}");
                told.insert(about, trouble);
            }
        }
    }
}

impl Trouble {
    fn well(self) -> &'static str {
        match self {
            Self::Look => "the signing keys in the store are seen",
            Self::Unreadable => "all signing keys can be opened",
            Self::Rotation => "the signing keys are rotated",
        }
    }
}

fn is_stale(snapshot: &Snapshot, now: Duration) -> bool {
    now.saturating_sub(snapshot.looked_at) > STALE_AFTER
}

fn tell_change(before: &Arranged, after: &Arranged) {
    if before.signing_id() != after.signing_id() {
        tracing::info!(key.id = after.signing_id(), "another key signs passes");
    } else if before.published != after.published {
        tracing::info!(key.id = after.signing_id(), "the published signing keys have changed");
    }
}

fn unavailable(internal: &str) -> Refusal {
    Refusal::new(Code::KeysUnavailable).with_internal(internal)
}
