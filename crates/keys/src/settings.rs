//! Where the keys of one registered issuer come from.

use daypass_fetch::Endpoint;
use daypass_jose::jwk::KeySet;
use daypass_jose::{Algorithm, IssuerUrl};

use crate::fault::KeySetRefused;

/// Where the keys of one registered issuer come from.
pub struct IssuerKeySettings {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// The algorithms by which its tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// From where its keys come.
    pub source: KeySource,
    /// Hosts other than the issuer's own on which `jwks_uri` may be, as `host`, or `host:port` where the port is not
    /// 443. They are reached over TLS alone, under the rules of the issuer's endpoint.
    pub jwks_hosts: Vec<String>,
    /// Whether its keys change under one and the same key id, so that a bad signature may mean a new key.
    pub key_id_survives_rotation: bool,
}

/// From where the keys of an issuer come.
pub enum KeySource {
    /// From its discovery document (OpenID Connect Discovery §4), reached under these rules.
    Discovery(Endpoint),
    /// From this JWK set, once: the content of `jwks_file`.
    Fixed(Vec<u8>),
}

/// Whether a JWK set can be used for an issuer with these algorithms: it is read, and at least one key is usable.
pub fn check_key_set(document: &[u8], algorithms: &[Algorithm]) -> Result<(), KeySetRefused> {
    parse(document, algorithms).map(|_| ())
}

/// Reads a set in which at least one key is usable. The one reading for files and for what issuers publish.
pub(crate) fn parse(document: &[u8], algorithms: &[Algorithm]) -> Result<KeySet, KeySetRefused> {
    let set = KeySet::parse(document, algorithms)?;
    if set.is_empty() { Err(KeySetRefused::NoUsableKey) } else { Ok(set) }
}
