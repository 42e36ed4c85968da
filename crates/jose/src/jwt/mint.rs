//! Minting: keys that sign, and tokens that they signed.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::Object;
use crate::secret::Secret;

/// A private key with the one algorithm by which it signs.
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    public_jwk: Object,
    key_id: String,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// Why nothing was minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintFault {
    /// daypass does not sign by this algorithm.
    #[error("tokens are not signed with {0}")]
    Algorithm(Algorithm),
    /// The private key cannot be read.
    #[error("the private key is not one of its algorithm")]
    Key,
    /// The cryptographic library failed.
    #[error("the cryptographic library refused to sign")]
    Sign,
}

impl SigningKey {
    /// Makes a new key: ES256, EdDSA or RS256 (2048 bits). Gives the private key with it, as PKCS#8 in base64.
    pub fn generate(algorithm: Algorithm) -> Result<(Self, Secret), MintFault> {
        let pkcs8 = match algorithm {
            Algorithm::ES256 => EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1().map(|pkcs8| pkcs8.as_ref().to_vec())),
            Algorithm::EdDSA => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1().map(|pkcs8| pkcs8.as_ref().to_vec())),
            Algorithm::RS256 => RsaKeyPair::generate(KeySize::Rsa2048).and_then(|pair| {
                let der: Result<Pkcs8V1Der<'_>, _> = pair.as_der();
                der.map(|der| der.as_ref().to_vec())
            }),
            Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512
            | Algorithm::ES384 => return Err(MintFault::Algorithm(algorithm)),
        };
        let pkcs8 = Zeroizing::new(pkcs8.map_err(|_| MintFault::Sign)?);
        let private = Secret::new(STANDARD.encode(pkcs8.as_slice()));
        Ok((Self::from_pkcs8(algorithm, &private)?, private))
    }

    /// Reads a private key that [`Self::generate`] gave.
    pub fn from_pkcs8(algorithm: Algorithm, private: &Secret) -> Result<Self, MintFault> {
        let pkcs8 = Zeroizing::new(STANDARD.decode(private.reveal()).map_err(|_| MintFault::Key)?);
        let pair = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).map(Pair::Ec)
            }
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(&pkcs8).map(Pair::Ed),
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(&pkcs8).map(|pair| Pair::Rsa(Box::new(pair))),
            Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512
            | Algorithm::ES384 => return Err(MintFault::Algorithm(algorithm)),
        };
        let pair = pair.map_err(|_| MintFault::Key)?;
        let mut public_jwk = pair.required_members()?;
        let key_id = thumbprint(&public_jwk);
        public_jwk.insert("kid", key_id.as_str());
        public_jwk.insert("alg", algorithm.name());
        public_jwk.insert("use", "sig");
        Ok(Self { algorithm, pair, public_jwk, key_id })
    }

    /// The RFC 7638 thumbprint of its public key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// By which it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its public key (RFC 7517 §4).
    pub fn public_jwk(&self) -> &Object {
        &self.public_jwk
    }

    /// Signs claims as a compact JWS with `alg`, `kid` and this `typ` in its header.
    pub fn sign(&self, token_type: &str, claims: &Object) -> Result<Secret, MintFault> {
        let mut header = Object::default();
        header.insert("alg", self.algorithm.name());
        header.insert("kid", self.key_id.as_str());
        header.insert("typ", token_type);
        self.sign_with_header(&header, claims)
    }

    /// Signs claims under exactly this header.
    pub fn sign_with_header(&self, header: &Object, claims: &Object) -> Result<Secret, MintFault> {
        let mut token =
            format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
        let signature = self.pair.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url::encode(signature));
        Ok(Secret::new(token))
    }
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintFault> {
        let rng = SystemRandom::new();
        match self {
            Self::Ec(pair) => pair.sign(&rng, message).map(|signature| signature.as_ref().to_vec()),
            Self::Ed(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &rng, message, &mut signature).map(|()| signature)
            }
        }
        .map_err(|_| MintFault::Sign)
    }

    /// The members that make a key what it is, and no others (RFC 7638 §3.2).
    fn required_members(&self) -> Result<Object, MintFault> {
        let mut jwk = Object::default();
        match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref().strip_prefix(&[4]).ok_or(MintFault::Key)?;
                let (x, y) = point.split_at_checked(32).ok_or(MintFault::Key)?;
                jwk.insert("crv", "P-256");
                jwk.insert("kty", "EC");
                jwk.insert("x", base64url::encode(x));
                jwk.insert("y", base64url::encode(y));
            }
            Self::Ed(pair) => {
                jwk.insert("crv", "Ed25519");
                jwk.insert("kty", "OKP");
                jwk.insert("x", base64url::encode(pair.public_key().as_ref()));
            }
            Self::Rsa(pair) => {
                let public = pair.public_key();
                jwk.insert("e", base64url::encode(public.exponent().big_endian_without_leading_zero()));
                jwk.insert("kty", "RSA");
                jwk.insert("n", base64url::encode(public.modulus().big_endian_without_leading_zero()));
            }
        }
        Ok(jwk)
    }
}

/// RFC 7638 §3: SHA-256 over the required members, by name, without white space.
fn thumbprint(required_members: &Object) -> String {
    base64url::encode(digest(&SHA256, required_members.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        let jwk = Object::parse(
            br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}"#,
        )
        .unwrap();
        assert_eq!(thumbprint(&jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
