//! Keys out of their seals: kept in memory by key id, and arranged as the rows say at a moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use daypass_jose::jwk::{KeySet, KeySetFault, VerifyingKey};
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Json, Object, Timestamp};
use daypass_store::SigningKeyRow;

use super::PASS_ALGORITHMS;
use super::state::{KeyState, Standing, states};
use crate::seal::EncryptionKey;

/// Keys that were opened. A key that is in here needs its seal no more: it can be sealed anew under another encryption key
/// while this server runs.
#[derive(Default)]
pub(super) struct Opened(BTreeMap<String, Arc<SigningKey>>);

/// A set at a moment.
pub(super) struct Arranged {
    pub(super) signing: Option<Arc<SigningKey>>,
    pub(super) verifying: KeySet,
    pub(super) published: String,
    pub(super) algorithms: Vec<Algorithm>,
    /// Keys that would be published, and why this server cannot use them.
    pub(super) unreadable: BTreeMap<String, String>,
}

impl Opened {
    /// Opens what was not opened yet, forgets what has no row, and arranges what is published.
    pub(super) fn arrange(
        &mut self,
        rows: &[SigningKeyRow],
        encryption_key: &EncryptionKey,
        now: Timestamp,
    ) -> Result<Arranged, KeySetFault> {
        self.0.retain(|key_id, _| rows.iter().any(|row| row.key_id == *key_id));
        let mut states = states(rows, now);
        states.retain(|state| state.standing.is_published());
        // The one that signs first: some verifiers try keys in the order of the set.
        states.sort_by_key(|state| state.standing != Standing::Signing);
        let (mut keys, mut signing, mut unreadable) = (Vec::new(), None, BTreeMap::new());
        for KeyState { row, standing, .. } in states {
            match self.key(row, encryption_key) {
                Ok(key) => {
                    if standing == Standing::Signing {
                        signing = Some(Arc::clone(&key));
                    }
                    keys.push(key);
                }
                Err(fault) => {
                    unreadable.insert(row.key_id.clone(), fault);
                }
            }
        }
        let published = key_set(&keys);
        let verifying = KeySet::parse(published.as_bytes(), &PASS_ALGORITHMS)?;
        let mut algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm()).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        Ok(Arranged { signing, verifying, published, algorithms, unreadable })
    }

    fn key(
        &mut self,
        row: &SigningKeyRow,
        encryption_key: &EncryptionKey,
    ) -> Result<Arc<SigningKey>, String> {
        if let Some(key) = self.0.get(&row.key_id) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(open(row, encryption_key)?);
        self.0.insert(row.key_id.clone(), Arc::clone(&key));
        Ok(key)
    }
}

impl Arranged {
    pub(super) fn find(&self, key_id: &str) -> Option<&Arc<VerifyingKey>> {
        self.verifying.find(Some(key_id))
    }

    pub(super) fn signing_id(&self) -> Option<&str> {
        self.signing.as_ref().map(|key| key.key_id())
    }
}

/// The key of a row, if it is sealed under this encryption key.
pub(super) fn open(row: &SigningKeyRow, encryption_key: &EncryptionKey) -> Result<SigningKey, String> {
    let private = encryption_key
        .open(&row.purpose, &row.key_id, &row.sealed)
        .map_err(|fault| format!("it is {fault}"))?;
    let algorithm = Algorithm::from_name(&row.algorithm)
        .ok_or_else(|| format!("its algorithm `{}` is unknown", row.algorithm))?;
    let key = SigningKey::from_pkcs8(algorithm, &private).map_err(|fault| fault.to_string())?;
    if key.key_id() == row.key_id { Ok(key) } else { Err("it is another key than its id says".to_owned()) }
}

/// What is published comes out of the sealed keys, never out of a column beside them: whoever can write to the
/// database must not be able to add a key of his own.
fn key_set(keys: &[Arc<SigningKey>]) -> String {
    let mut set = Object::default();
    let keys: Vec<Json> = keys.iter().map(|key| Json::Object(key.public_jwk().clone())).collect();
    set.insert("keys", keys);
    set.to_string()
}
