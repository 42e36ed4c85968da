//! Signing keys, sealed: the store never sees one in the clear.

use daypass_jose::Timestamp;

use crate::engine::Engine;
use crate::fault::StoreFault;
use crate::value::{Row, Value};

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its RFC 7638 thumbprint.
    pub key_id: String,
    /// What it signs.
    pub purpose: String,
    /// By which algorithm.
    pub algorithm: String,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// The public key, as the text of a JWK.
    pub public_jwk: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub activates_at: Timestamp,
    /// From when nothing that it signed is taken any more, whatever its age.
    pub revoked_at: Option<Timestamp>,
}

/// One step of a change. A row that is named must still be as it was read, its seal included: nobody may go on with a key
/// that another has revoked or sealed anew.
#[derive(Debug, Clone, Copy)]
pub enum KeyChange<'a> {
    /// There are so many keys, those of all purposes counted.
    Count(usize),
    /// This is the key of its purpose that signs last, those that are revoked apart.
    Newest(&'a SigningKeyRow),
    /// This one is not revoked.
    Unrevoked(&'a SigningKeyRow),
    /// Adds it.
    Add(&'a SigningKeyRow),
    /// Revokes it.
    Revoke(&'a SigningKeyRow, Timestamp),
    /// Puts another seal in the place of its seal.
    Reseal(&'a SigningKeyRow, &'a [u8]),
    /// Takes it out.
    Remove(&'a SigningKeyRow),
}

/// The table of signing keys.
pub struct SigningKeys<'a> {
    pub(crate) engine: &'a Engine,
}

impl SigningKeys<'_> {
    /// Writes the first key of its purpose; gives whether it was the first. Of two servers that start at once one
    /// wins, and both read the winner's.
    pub async fn insert_first(&self, key: &SigningKeyRow) -> Result<bool, StoreFault> {
        Ok(!self.engine.write(INSERT_FIRST, values(key)).await?.is_empty())
    }

    /// All keys of a purpose, the oldest first.
    pub async fn list(&self, purpose: &str) -> Result<Vec<SigningKeyRow>, StoreFault> {
        self.engine.read(LIST, vec![purpose.into()]).await?.into_iter().map(from_row).collect()
    }

    /// All keys of all purposes, the oldest first.
    pub async fn list_all(&self) -> Result<Vec<SigningKeyRow>, StoreFault> {
        self.engine.read(LIST_ALL, Vec::new()).await?.into_iter().map(from_row).collect()
    }

    /// Makes all of these changes, or none.
    ///
    /// # Errors
    /// [`StoreFault::Overtaken`] where a key is no longer as it was read.
    pub async fn change(&self, changes: &[KeyChange<'_>]) -> Result<(), StoreFault> {
        self.engine.write_all(changes.iter().map(statement).collect()).await
    }
}

fn statement(change: &KeyChange<'_>) -> (&'static str, Vec<Value<'static>>) {
    match *change {
        KeyChange::Count(count) => (COUNT, vec![i64::try_from(count).unwrap_or(i64::MAX).into()]),
        KeyChange::Newest(key) => (NEWEST, as_read(key)),
        KeyChange::Unrevoked(key) => (UNREVOKED, as_read(key)),
        KeyChange::Add(key) => (INSERT, values(key)),
        KeyChange::Revoke(key, at) => (REVOKE, with(key, at.millis())),
        KeyChange::Reseal(key, sealed) => (RESEAL, with(key, sealed.to_vec())),
        KeyChange::Remove(key) => (REMOVE, as_read(key)),
    }
}

fn as_read(key: &SigningKeyRow) -> Vec<Value<'static>> {
    vec![key.key_id.clone().into(), key.sealed.clone().into()]
}

fn with(key: &SigningKeyRow, value: impl Into<Value<'static>>) -> Vec<Value<'static>> {
    let mut values = as_read(key);
    values.push(value.into());
    values
}

fn values(key: &SigningKeyRow) -> Vec<Value<'static>> {
    vec![
        key.key_id.clone().into(),
        key.purpose.clone().into(),
        key.algorithm.clone().into(),
        key.sealed.clone().into(),
        key.public_jwk.clone().into(),
        key.created_at.millis().into(),
        key.activates_at.millis().into(),
        key.revoked_at.map(Timestamp::millis).into(),
    ]
}

pub(crate) fn from_row(mut row: Row) -> Result<SigningKeyRow, StoreFault> {
    Ok(SigningKeyRow {
        key_id: row.text()?,
        purpose: row.text()?,
        algorithm: row.text()?,
        sealed: row.bytes()?,
        public_jwk: row.text()?,
        created_at: Timestamp::from_millis(row.integer()?),
        activates_at: Timestamp::from_millis(row.integer()?),
        revoked_at: row.optional_integer()?.map(Timestamp::from_millis),
    })
}

macro_rules! columns {
    () => {
        "key_id, purpose, algorithm, sealed, public_jwk, created_at, activates_at, revoked_at"
    };
}

const INSERT_FIRST: &str = concat!(
    "INSERT INTO signing_keys (",
    columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE purpose = $2) \
     RETURNING key_id"
);
const LIST: &str =
    concat!("SELECT ", columns!(), " FROM signing_keys WHERE purpose = $1 ORDER BY created_at, key_id");
pub(crate) const LIST_ALL: &str =
    concat!("SELECT ", columns!(), " FROM signing_keys ORDER BY created_at, key_id");

const COUNT: &str = "SELECT value FROM meta WHERE name = 'ping' AND (SELECT COUNT(*) FROM signing_keys) = $1";
/// The order is that of `daypass_app::signing_keys`: the last to begin, and of several the last by creation and key id.
const NEWEST: &str = "SELECT key_id FROM signing_keys AS this WHERE key_id = $1 AND sealed = $2 AND key_id = \
     (SELECT key_id FROM signing_keys WHERE purpose = this.purpose AND revoked_at IS NULL \
     ORDER BY activates_at DESC, created_at DESC, key_id DESC LIMIT 1)";
const UNREVOKED: &str =
    "SELECT key_id FROM signing_keys WHERE key_id = $1 AND sealed = $2 AND revoked_at IS NULL";
const INSERT: &str = concat!(
    "INSERT INTO signing_keys (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING key_id"
);
const REVOKE: &str = "UPDATE signing_keys SET revoked_at = $3 WHERE key_id = $1 AND sealed = $2 AND revoked_at IS NULL \
     RETURNING key_id";
const RESEAL: &str = "UPDATE signing_keys SET sealed = $3 WHERE key_id = $1 AND sealed = $2 RETURNING key_id";
const REMOVE: &str = "DELETE FROM signing_keys WHERE key_id = $1 AND sealed = $2 RETURNING key_id";
