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
    /// From when it is published no more.
    pub retires_at: Option<Timestamp>,
}

/// The table of signing keys.
pub struct SigningKeys<'a> {
    pub(crate) engine: &'a Engine,
}

impl SigningKeys<'_> {
    /// Writes the first key of its purpose; gives whether it was the first. Of two servers that start at once one
    /// wins, and both read the winner's.
    pub async fn insert_first(&self, key: SigningKeyRow) -> Result<bool, StoreFault> {
        let values: Vec<Value> = vec![
            key.key_id.into(),
            key.purpose.into(),
            key.algorithm.into(),
            key.sealed.into(),
            key.public_jwk.into(),
            key.created_at.millis().into(),
            key.activates_at.millis().into(),
            key.retires_at.map(Timestamp::millis).into(),
        ];
        Ok(!self.engine.write(INSERT_FIRST, values).await?.is_empty())
    }

    /// All keys of a purpose, the oldest first.
    pub async fn list(&self, purpose: &str) -> Result<Vec<SigningKeyRow>, StoreFault> {
        self.engine.read(LIST, vec![purpose.into()]).await?.into_iter().map(from_row).collect()
    }
}

fn from_row(mut row: Row) -> Result<SigningKeyRow, StoreFault> {
    Ok(SigningKeyRow {
        key_id: row.text()?,
        purpose: row.text()?,
        algorithm: row.text()?,
        sealed: row.bytes()?,
        public_jwk: row.text()?,
        created_at: Timestamp::from_millis(row.integer()?),
        activates_at: Timestamp::from_millis(row.integer()?),
        retires_at: row.optional_integer()?.map(Timestamp::from_millis),
    })
}

const INSERT_FIRST: &str = "INSERT INTO signing_keys \
     (key_id, purpose, algorithm, sealed, public_jwk, created_at, activates_at, retires_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE purpose = $2) \
     RETURNING key_id";
const LIST: &str = "SELECT key_id, purpose, algorithm, sealed, public_jwk, created_at, activates_at, retires_at \
     FROM signing_keys WHERE purpose = $1 ORDER BY created_at, key_id";
