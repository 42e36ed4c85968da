//! Keys whose encryption key is lost: given up by command alone, and revoked rather than removed, since it may be found
//! again.

use daypass_jose::{Algorithm, Timestamp};
use daypass_store::{KeyChange, SigningKeyRow};

use super::PURPOSE;
use super::change::{KeyKeeper, SigningKeyFault};
use super::opened::open;
use super::state::{Standing, states};
use crate::seal::EncryptionKey;

/// What is lost with an encryption key, and what is not.
#[derive(Debug)]
pub struct Lost {
    /// The keys that do not open. Those that are revoked are no loss.
    pub keys: Vec<SigningKeyRow>,
    /// The key that signs without them.
    pub signing: Option<SigningKeyRow>,
}

impl Lost {
    /// Of the keys of one purpose, where this encryption key is the only one, or where there is none.
    pub fn of(rows: &[SigningKeyRow], encryption_key: Option<&EncryptionKey>, now: Timestamp) -> Self {
        let opens = |row: &SigningKeyRow| {
            encryption_key.is_some_and(|encryption_key| open(row, encryption_key).is_ok())
        };
        let is_kept = |row: &SigningKeyRow| row.revoked_at.is_some() || opens(row);
        let (kept, keys): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(is_kept);
        let signing = states(&kept, now).into_iter().find(|state| state.standing == Standing::Signing);
        Self { keys, signing: signing.map(|state| state.row.clone()) }
    }
}

impl KeyKeeper<'_> {
    /// Revokes the keys of passes that do not open under the encryption key. Their rows stay, with their seals. Where none is
    /// left that signs, a new one does at once; it is given beside them.
    ///
    /// Each purpose is given up by itself: what is sealed for another one stays as it is.
    pub async fn give_up_unreadable(
        &self,
        algorithm: Algorithm,
    ) -> Result<(Vec<SigningKeyRow>, Option<SigningKeyRow>), SigningKeyFault> {
        let all = self.store.signing_keys().list_all().await?;
        let rows: Vec<_> = all.iter().filter(|row| row.purpose == PURPOSE).cloned().collect();
        if rows.is_empty() {
            return Err(SigningKeyFault::NoKeys);
        }
        let now = self.clock.now();
        let Lost { keys: lost, signing } = Lost::of(&rows, Some(self.encryption_key), now);
        if lost.is_empty() {
            return Err(SigningKeyFault::NothingLost);
        }
        let new = if signing.is_some() { None } else { Some(self.new_key(algorithm, now, now)?) };
        let mut changes = vec![KeyChange::Count(all.len())];
        changes.extend(signing.iter().map(KeyChange::Unrevoked));
        changes.extend(lost.iter().map(|row| KeyChange::Revoke(row, now)));
        changes.extend(new.iter().map(KeyChange::Add));
        self.store.signing_keys().change(&changes).await?;
        Ok((lost, new))
    }
}
