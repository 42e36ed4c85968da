//! Public keys of issuers: JSON Web Key sets (RFC 7517), parsed once into keys that verify.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Json, JsonFault, Object};

/// Keys in one set; a larger set is refused whole.
pub const MAX_KEYS: usize = 64;
/// Smallest RSA modulus that verifies, in bits (RFC 7518 §3.3).
pub const MIN_RSA_BITS: usize = 2048;
/// Largest RSA modulus that verifies, in bits: verifying beyond costs more than it protects.
pub const MAX_RSA_BITS: usize = 8192;

/// A key that verifies by exactly one algorithm.
pub struct VerifyingKey {
    key_id: Option<String>,
    algorithm: Algorithm,
    public: ParsedPublicKey,
}

/// The usable keys of one issuer.
pub struct KeySet {
    keys: Vec<Arc<VerifyingKey>>,
    skipped: Vec<SkippedKey>,
}

/// A key of a set that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its key id, if it has one.
    pub key_id: Option<String>,
    /// Why it is not used.
    pub reason: &'static str,
}

/// Why a whole set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    /// The document is not strict JSON.
    #[error("the key set is {0}")]
    Json(#[from] JsonFault),
    /// There is no array `keys` of objects.
    #[error("the key set has no array `keys` of objects")]
    NoKeys,
    /// More keys than [`MAX_KEYS`].
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
    /// A private key is published: whoever reads the set can sign.
    #[error("the key set publishes a private key")]
    PrivateKey,
    /// A symmetric key is published.
    #[error("the key set holds a symmetric key")]
    SymmetricKey,
    /// Two keys have one key id.
    #[error("two keys of the set have one key id")]
    DoubledKeyId,
}

impl VerifyingKey {
    /// The one algorithm by which it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its key id (RFC 7517 §4.5).
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 §5).
    ///
    /// A set with a private or symmetric key, or a doubled key id, is refused whole. A key that is weak, of an unknown
    /// type, or not for verifying is skipped and reported. A key without `alg` verifies by the first of `algorithms`
    /// (the issuer's, in order) that fits its type.
    pub fn parse(document: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeySetFault> {
        let document = Object::parse(document)?;
        let Some(Json::Array(entries)) = document.member("keys") else { return Err(KeySetFault::NoKeys) };
        if entries.len() > MAX_KEYS {
            return Err(KeySetFault::TooMany);
        }
        let mut set = Self { keys: Vec::new(), skipped: Vec::new() };
        let mut key_ids = BTreeSet::new();
        for entry in entries {
            let Json::Object(jwk) = entry else { return Err(KeySetFault::NoKeys) };
            refuse_secret(jwk)?;
            let key_id = jwk.member("kid").and_then(Json::as_str).map(ToOwned::to_owned);
            if key_id.as_ref().is_some_and(|key_id| !key_ids.insert(key_id.clone())) {
                return Err(KeySetFault::DoubledKeyId);
            }
            match read(jwk, algorithms) {
                Ok((algorithm, public)) => {
                    set.keys.push(Arc::new(VerifyingKey { key_id, algorithm, public }));
                }
                Err(reason) => set.skipped.push(SkippedKey { key_id, reason }),
            }
        }
        Ok(set)
    }

    /// The key of this id. Without an id, the only key of the set, those that are not used counted: which of several was
    /// meant is not guessed.
    pub fn find(&self, key_id: Option<&str>) -> Option<&Arc<VerifyingKey>> {
        match (key_id, self.keys.as_slice()) {
            (Some(key_id), keys) => keys.iter().find(|key| key.key_id() == Some(key_id)),
            (None, [only]) if self.skipped.is_empty() => Some(only),
            (None, _) => None,
        }
    }

    /// Number of usable keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is usable.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Usable keys, in the order of the set.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter().map(AsRef::as_ref)
    }

    /// Keys that are not used, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }
}

/// Members that only a private key has (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

fn refuse_secret(jwk: &Object) -> Result<(), KeySetFault> {
    if jwk.member("k").is_some() || jwk.member("kty").and_then(Json::as_str) == Some("oct") {
        return Err(KeySetFault::SymmetricKey);
    }
    if PRIVATE_MEMBERS.iter().any(|name| jwk.member(name).is_some()) {
        return Err(KeySetFault::PrivateKey);
    }
    Ok(())
}

fn read(jwk: &Object, algorithms: &[Algorithm]) -> Result<(Algorithm, ParsedPublicKey), &'static str> {
    check_purpose(jwk)?;
    let fitting = fitting(jwk)?;
    let algorithm = match jwk.member("alg") {
        None => algorithms.iter().copied().find(|algorithm| fitting.contains(algorithm)),
        Some(name) => {
            name.as_str().and_then(Algorithm::from_name).filter(|algorithm| fitting.contains(algorithm))
        }
    };
    let algorithm = algorithm.ok_or("its algorithm is unknown or does not fit its type")?;
    if !algorithms.contains(&algorithm) {
        return Err("its algorithm is not one of the issuer's");
    }
    let public = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA => point(jwk, algorithm)?,
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => rsa(jwk)?,
    };
    let public =
        ParsedPublicKey::new(primitive(algorithm), public).map_err(|_| "it is no valid public key")?;
    Ok((algorithm, public))
}

/// RFC 7517 §4.2 and §4.3: a key that says what it is for must say that it verifies; §4.5: a key id is a text.
fn check_purpose(jwk: &Object) -> Result<(), &'static str> {
    if jwk.member("kid").is_some_and(|key_id| key_id.as_str().is_none()) {
        return Err("its key id is not a text");
    }
    if jwk.member("use").is_some_and(|purpose| purpose.as_str() != Some("sig")) {
        return Err("it is not for signatures");
    }
    match jwk.member("key_ops") {
        None => Ok(()),
        Some(Json::Array(operations)) if operations.iter().any(|one| one.as_str() == Some("verify")) => {
            Ok(())
        }
        Some(_) => Err("it is not for verifying"),
    }
}

/// The algorithms that a key of this type and curve can verify.
fn fitting(jwk: &Object) -> Result<&'static [Algorithm], &'static str> {
    let text = |name| jwk.member(name).and_then(Json::as_str);
    match (text("kty"), text("crv")) {
        (Some("RSA"), _) => Ok(&[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ]),
        (Some("EC"), Some("P-256")) => Ok(&[Algorithm::ES256]),
        (Some("EC"), Some("P-384")) => Ok(&[Algorithm::ES384]),
        (Some("OKP"), Some("Ed25519")) => Ok(&[Algorithm::EdDSA]),
        (Some("EC" | "OKP"), _) => Err("its curve is not supported"),
        _ => Err("its type is not supported"),
    }
}

/// The primitive of each algorithm; RSA below 2048 bits verifies under none of them.
fn primitive(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &signature::ED25519,
    }
}

fn bytes(jwk: &Object, name: &str) -> Result<Vec<u8>, &'static str> {
    let text = jwk.member(name).and_then(Json::as_str).ok_or("a member of its type is missing")?;
    base64url::decode(text).ok_or("a member is not base64url")
}

/// An RSA key as `SubjectPublicKeyInfo` (RFC 7518 §6.3.1).
fn rsa(jwk: &Object) -> Result<Vec<u8>, &'static str> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let (Some(first), Some(last)) = (n.first(), n.last()) else { return Err("its modulus is empty") };
    let unused = usize::try_from(first.leading_zeros()).unwrap_or(8);
    let bits = n.len().saturating_mul(8).saturating_sub(unused);
    if *first == 0 || last & 1 == 0 {
        return Err("its modulus is no RSA modulus");
    }
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err("its modulus is shorter than 2048 or longer than 8192 bits");
    }
    if !is_usual_exponent(&e) {
        return Err("its exponent is not an odd number from 3 to 2^32");
    }
    let der: PublicKeyX509Der<'_> =
        RsaPublicKeyComponents { n, e }.as_der().map_err(|_| "it is no valid public key")?;
    Ok(der.as_ref().to_vec())
}

fn is_usual_exponent(e: &[u8]) -> bool {
    let value = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    e.len() <= 5
        && e.first().is_some_and(|first| *first != 0)
        && value & 1 == 1
        && (3..=1 << 32).contains(&value)
}

/// A point in the form that the primitive takes (RFC 7518 §6.2.1, RFC 8037 §2); it checks that it is on the curve.
fn point(jwk: &Object, algorithm: Algorithm) -> Result<Vec<u8>, &'static str> {
    let size = if algorithm == Algorithm::ES384 { 48 } else { 32 };
    let x = bytes(jwk, "x")?;
    if algorithm == Algorithm::EdDSA {
        return if x.len() == size { Ok(x) } else { Err("its coordinate has the wrong length") };
    }
    let y = bytes(jwk, "y")?;
    if x.len() != size || y.len() != size {
        return Err("a coordinate has the wrong length");
    }
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}
