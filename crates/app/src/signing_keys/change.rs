//! Making, revoking and sealing keys in the store: for the server's schedule and for `daypass keys`.
//!
//! Each change names the rows that it read; where another was faster, nothing is written.

use daypass_jose::jwk::KeySetFault;
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Clock, Random, Timestamp};
use daypass_store::{KeyChange, SigningKeyRow, Store, StoreFault};

use super::opened::open;
use super::state::{Standing, ahead, is_full, newest, states};
use super::{MAX_LIVE_KEYS, PURPOSE, PassKeySettings, RETRIED_WITHIN_SECONDS};
use crate::seal::{EncryptionKey, SealFault};

/// What keys are changed with.
pub struct KeyKeeper<'a> {
    /// Where they are.
    pub store: &'a Store,
    /// Under which they are sealed.
    pub encryption_key: &'a EncryptionKey,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Gives randomness.
    pub rng: &'a dyn Random,
}

/// What a rotation by hand came to.
#[derive(Debug)]
pub enum Rotated {
    /// A successor was made.
    Made {
        /// The new key.
        successor: SigningKeyRow,
        /// The key whose place it takes.
        predecessor: SigningKeyRow,
    },
    /// A successor of the algorithm that is wanted is published already.
    Announced(SigningKeyRow),
}

/// What a revocation came to.
#[derive(Debug)]
pub struct Revoked {
    /// The key that is revoked.
    pub revoked: SigningKeyRow,
    /// Since when.
    pub at: Timestamp,
    /// The key that signs from now on, if the revoked one did.
    pub successor: Option<SigningKeyRow>,
    /// The key that signs.
    pub signing: String,
    /// Whether an earlier call did it, and this one nothing.
    pub was_before: bool,
}

/// What a change of the encryption key came to.
#[derive(Debug)]
pub struct Rewrapped {
    /// How many keys are sealed anew.
    pub count: usize,
    /// The ids of the revoked keys that did not open, and are as they were.
    pub left: Vec<String>,
}

/// Why keys are not changed.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyFault {
    /// The store failed, or others were faster.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// There are no keys yet: the first start of a server makes one.
    #[error("there is no signing key yet: the first start of a server makes it")]
    NoKeys,
    /// All keys are revoked, which no command of this program does.
    #[error("every signing key is revoked")]
    AllRevoked,
    /// The keys make no set that can be published.
    #[error("the signing keys cannot be published: {0}")]
    Set(#[from] KeySetFault),
    /// The key that was named is not there.
    #[error("there is no signing key `{0}`")]
    Unknown(String),
    /// The key that was named is revoked.
    #[error("the signing key `{0}` is revoked already")]
    RevokedBefore(String),
    /// A key does not open under the encryption key that was given.
    #[error("the signing key `{key_id}` cannot be opened: {reason}")]
    Unreadable {
        /// Which.
        key_id: String,
        /// Why.
        reason: String,
    },
    /// Nothing is lost.
    #[error("every signing key opens under this encryption key, so that none has to be given up")]
    NothingLost,
    /// The new encryption key is the present one.
    #[error("the new encryption key is the present one")]
    SameKey,
    /// A key is dated later than it can be now.
    #[error(
        "the signing key `{key_id}` was made at {made_at}, and it is {now} by the clock of this machine: set the clock right \
         that is wrong, of this machine or of the one that made the key; if it was that one's, take the key out: \
         daypass keys rotate --compromised={key_id}"
    )]
    Ahead {
        /// Which.
        key_id: String,
        /// When it says that it was made.
        made_at: Timestamp,
        /// What this machine's clock shows.
        now: Timestamp,
    },
    /// Too many keys are published.
    #[error("{MAX_LIVE_KEYS} signing keys are published, and no more are until the oldest has ended")]
    Full,
    /// The cryptographic library failed.
    #[error("no signing key can be made: {0}")]
    Mint(String),
}

impl KeyKeeper<'_> {
    /// Makes the first key where there is none; it signs at once.
    pub(crate) async fn first(&self, algorithm: Algorithm) -> Result<(), SigningKeyFault> {
        let now = self.clock.now();
        let key = self.new_key(algorithm, now, now)?;
        // Another may have been faster; theirs is as good.
        let _is_ours = self.store.signing_keys().insert_first(&key).await?;
        Ok(())
    }

    /// Announces a successor, unless one is announced.
    pub async fn rotate(&self, settings: &PassKeySettings) -> Result<Rotated, SigningKeyFault> {
        let rows = self.store.signing_keys().list(PURPOSE).await?;
        let newest = newest(&rows).ok_or(SigningKeyFault::NoKeys)?;
        self.check_dates(&rows)?;
        if newest.activates_at > self.clock.now() && newest.algorithm == settings.algorithm.name() {
            return Ok(Rotated::Announced(newest.clone()));
        }
        let successor = self.succeed(&rows, settings).await?;
        Ok(Rotated::Made { successor, predecessor: newest.clone() })
    }

    /// Whether no key is dated later than it can be now. Behind one that is, no successor would sign for as long.
    pub(crate) fn check_dates(&self, rows: &[SigningKeyRow]) -> Result<(), SigningKeyFault> {
        let now = self.clock.now();
        match ahead(rows, now) {
            None => Ok(()),
            Some(row) => {
                Err(SigningKeyFault::Ahead { key_id: row.key_id.clone(), made_at: row.created_at, now })
            }
        }
    }

    /// Announces the successor of the newest of these rows.
    pub(crate) async fn succeed(
        &self,
        rows: &[SigningKeyRow],
        settings: &PassKeySettings,
    ) -> Result<SigningKeyRow, SigningKeyFault> {
        let now = self.clock.now();
        let newest = newest(rows).ok_or(SigningKeyFault::NoKeys)?;
        if is_full(rows, now) {
            return Err(SigningKeyFault::Full);
        }
        // Who cannot open the newest seals under another encryption key than the others do: nobody could use its key.
        self.check_opens(newest)?;
        // Never before the newest, or it would take its place back.
        let activates_at = now.plus_seconds(settings.publishing_seconds()).max(newest.activates_at);
        let successor = self.new_key(settings.algorithm, now, activates_at)?;
        let changes = [KeyChange::Newest(newest), KeyChange::Add(&successor)];
        self.store.signing_keys().change(&changes).await?;
        Ok(successor)
    }

    /// Revokes a key, the one that signs unless another is named. Where it signs, a new one does at once.
    ///
    /// One that took the place of a revoked key within the last [`RETRIED_WITHIN_SECONDS`] is revoked only by its name: who
    /// asks again has not seen the answer, and means the key before it.
    pub async fn revoke(
        &self,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Revoked, SigningKeyFault> {
        let rows = self.store.signing_keys().list(PURPOSE).await?;
        let now = self.clock.now();
        let states = states(&rows, now);
        let signing = states.iter().find(|state| state.standing == Standing::Signing);
        let signing = signing.ok_or(SigningKeyFault::NoKeys)?.row;
        if key_id.is_none()
            && let Some(before) = revoked_for(&rows, signing, now)
        {
            return Ok(before);
        }
        let key_id = key_id.unwrap_or(&signing.key_id);
        let revoked = rows.iter().find(|row| row.key_id == key_id);
        let revoked = revoked.ok_or_else(|| SigningKeyFault::Unknown(key_id.to_owned()))?;
        if revoked.revoked_at.is_some() {
            return Err(SigningKeyFault::RevokedBefore(key_id.to_owned()));
        }
        if revoked != signing {
            let changes = [KeyChange::Unrevoked(signing), KeyChange::Revoke(revoked, now)];
            self.store.signing_keys().change(&changes).await?;
            let (revoked, signing) = (revoked.clone(), signing.key_id.clone());
            return Ok(Revoked { revoked, at: now, successor: None, signing, was_before: false });
        }
        self.check_opens(signing)?;
        let successor = self.new_key(algorithm, now, now)?;
        let changes = [KeyChange::Revoke(revoked, now), KeyChange::Add(&successor)];
        self.store.signing_keys().change(&changes).await?;
        let signing = successor.key_id.clone();
        let revoked = revoked.clone();
        Ok(Revoked { revoked, at: now, successor: Some(successor), signing, was_before: false })
    }

    /// Seals all keys of all purposes under another encryption key, in one transaction. Each new seal is opened again before
    /// anything is written. Keys that are revoked and do not open, since they were given up, are left as they are.
    pub async fn rewrap(&self, new: &EncryptionKey) -> Result<Rewrapped, SigningKeyFault> {
        let rows = self.store.signing_keys().list_all().await?;
        let is_left = |row: &&SigningKeyRow| row.revoked_at.is_some() && self.check_opens(row).is_err();
        let (left, sealed): (Vec<_>, Vec<_>) = rows.iter().partition(is_left);
        if sealed.is_empty() {
            return Err(SigningKeyFault::NoKeys);
        }
        let mut seals = Vec::with_capacity(sealed.len());
        for row in &sealed {
            self.check_opens(row)?;
            if open(row, new).is_ok() {
                return Err(SigningKeyFault::SameKey);
            }
            let resealed =
                self.resealed(row, new).map_err(|fault| SigningKeyFault::Mint(fault.to_string()))?;
            check_opens(&resealed, new)?;
            seals.push(resealed.sealed);
        }
        let mut changes = vec![KeyChange::Count(rows.len())];
        changes.extend(sealed.iter().zip(&seals).map(|(row, seal)| KeyChange::Reseal(row, seal)));
        self.store.signing_keys().change(&changes).await?;
        let left = left.iter().map(|row| row.key_id.clone()).collect();
        Ok(Rewrapped { count: sealed.len(), left })
    }

    fn resealed(&self, row: &SigningKeyRow, new: &EncryptionKey) -> Result<SigningKeyRow, SealFault> {
        let private = self.encryption_key.open(&row.purpose, &row.key_id, &row.sealed)?;
        let sealed = new.seal(&row.purpose, &row.key_id, &private, self.rng)?;
        Ok(SigningKeyRow { sealed, ..row.clone() })
    }

    fn check_opens(&self, row: &SigningKeyRow) -> Result<(), SigningKeyFault> {
        check_opens(row, self.encryption_key)
    }

    pub(super) fn new_key(
        &self,
        algorithm: Algorithm,
        created_at: Timestamp,
        activates_at: Timestamp,
    ) -> Result<SigningKeyRow, SigningKeyFault> {
        let (key, private) =
            SigningKey::generate(algorithm).map_err(|fault| SigningKeyFault::Mint(fault.to_string()))?;
        let sealed = self
            .encryption_key
            .seal(PURPOSE, key.key_id(), &private, self.rng)
            .map_err(|fault| SigningKeyFault::Mint(fault.to_string()))?;
        Ok(SigningKeyRow {
            key_id: key.key_id().to_owned(),
            purpose: PURPOSE.to_owned(),
            algorithm: algorithm.name().to_owned(),
            sealed,
            public_jwk: key.public_jwk().to_string(),
            created_at,
            activates_at,
            revoked_at: None,
        })
    }
}

/// The revocation that made this key just now: both are dated by one moment.
fn revoked_for(rows: &[SigningKeyRow], signing: &SigningKeyRow, now: Timestamp) -> Option<Revoked> {
    let age_seconds = now.millis_since(signing.created_at).saturating_abs() / 1000;
    if age_seconds >= RETRIED_WITHIN_SECONDS {
        return None;
    }
    let revoked = rows.iter().find(|row| row.revoked_at == Some(signing.created_at))?.clone();
    let (at, successor) = (signing.created_at, Some(signing.clone()));
    Some(Revoked { revoked, at, successor, signing: signing.key_id.clone(), was_before: true })
}

fn check_opens(row: &SigningKeyRow, encryption_key: &EncryptionKey) -> Result<(), SigningKeyFault> {
    match open(row, encryption_key) {
        Ok(_) => Ok(()),
        Err(reason) => Err(SigningKeyFault::Unreadable { key_id: row.key_id.clone(), reason }),
    }
}
