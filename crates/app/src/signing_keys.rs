//! The keys that sign passes: made at first start, stored sealed, published as a JWK set (RFC 7517 §5).

use std::sync::Arc;

use daypass_jose::jwk::{KeySet, VerifyingKey};
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Clock, Json, Object, Random};
use daypass_store::{SigningKeyRow, Store};

use crate::seal::EncryptionKey;
use crate::start_fault::StartFault;

/// What these keys are for, in the store and as the purpose under which they are sealed.
pub const PURPOSE: &str = "pass";

/// Algorithms that a key for passes may have.
pub const PASS_ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];

/// The set that signs and verifies passes.
pub struct PassKeys {
    current: SigningKey,
    verifying: KeySet,
    published: String,
}

impl PassKeys {
    /// Opens the stored keys; makes the first where there is none. Two servers that start at once share one.
    pub(crate) async fn load(
        store: &Store,
        encryption_key: &EncryptionKey,
        algorithm: Algorithm,
        (clock, rng): (&dyn Clock, &dyn Random),
    ) -> Result<Self, StartFault> {
        let mut rows = store.signing_keys().list(PURPOSE).await?;
        if rows.is_empty() {
            let row = first_key(encryption_key, algorithm, clock, rng)?;
            store.signing_keys().insert_first(row).await?;
            rows = store.signing_keys().list(PURPOSE).await?;
        }
        Self::open(&rows, encryption_key)
    }

    fn open(rows: &[SigningKeyRow], encryption_key: &EncryptionKey) -> Result<Self, StartFault> {
        let keys: Vec<SigningKey> =
            rows.iter().map(|row| open_one(row, encryption_key)).collect::<Result<_, _>>()?;
        let published = key_set(&keys);
        let verifying = KeySet::parse(published.as_bytes(), &PASS_ALGORITHMS)
            .map_err(|fault| StartFault::SigningKey(fault.to_string()))?;
        let newest = rows.iter().zip(keys).max_by_key(|(row, _)| (row.activates_at, row.created_at));
        let (_, current) =
            newest.ok_or_else(|| StartFault::SigningKey("the store has no signing key".to_owned()))?;
        Ok(Self { current, verifying, published })
    }

    /// The key that signs now.
    pub(crate) fn current(&self) -> &SigningKey {
        &self.current
    }

    /// The key of this id, whether it still signs or not.
    pub(crate) fn find(&self, key_id: Option<&str>) -> Option<&Arc<VerifyingKey>> {
        key_id.and_then(|key_id| self.verifying.find(Some(key_id)))
    }

    /// The JWK set that verifies passes, as JSON text.
    pub fn published(&self) -> &str {
        &self.published
    }

    /// The algorithms of the published keys.
    pub fn algorithm(&self) -> Algorithm {
        self.current.algorithm()
    }
}

fn first_key(
    encryption_key: &EncryptionKey,
    algorithm: Algorithm,
    clock: &dyn Clock,
    rng: &dyn Random,
) -> Result<SigningKeyRow, StartFault> {
    let (key, private) =
        SigningKey::generate(algorithm).map_err(|fault| StartFault::SigningKey(fault.to_string()))?;
    let sealed = encryption_key
        .seal(PURPOSE, key.key_id(), &private, rng)
        .map_err(|fault| StartFault::SigningKey(fault.to_string()))?;
    let now = clock.now();
    Ok(SigningKeyRow {
        key_id: key.key_id().to_owned(),
        purpose: PURPOSE.to_owned(),
        algorithm: algorithm.name().to_owned(),
        sealed,
        public_jwk: key.public_jwk().to_string(),
        created_at: now,
        activates_at: now,
        retires_at: None,
    })
}

fn open_one(row: &SigningKeyRow, encryption_key: &EncryptionKey) -> Result<SigningKey, StartFault> {
    let refuse = |fault: String| StartFault::SigningKey(format!("signing key `{}`: {fault}", row.key_id));
    let private =
        encryption_key.open(PURPOSE, &row.key_id, &row.sealed).map_err(|fault| refuse(fault.to_string()))?;
    let algorithm = Algorithm::from_name(&row.algorithm)
        .ok_or_else(|| refuse(format!("unknown algorithm `{}`", row.algorithm)))?;
    SigningKey::from_pkcs8(algorithm, &private).map_err(|fault| refuse(fault.to_string()))
}

/// What is published comes out of the sealed keys, never out of a column beside them: whoever can write to the
/// database must not be able to add a key of his own.
fn key_set(keys: &[SigningKey]) -> String {
    let mut set = Object::default();
    let keys: Vec<Json> = keys.iter().map(|key| Json::Object(key.public_jwk().clone())).collect();
    set.insert("keys", keys);
    set.to_string()
}
