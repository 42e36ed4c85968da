//! Keys that sign anything, also what no honest signer would: the attacks need both.

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::{Value, json};

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair with its key id and the algorithm that it is published for.
pub(crate) struct TestKey {
    pub(crate) kid: String,
    pub(crate) algorithm: &'static str,
    pair: Pair,
}

impl TestKey {
    pub(crate) fn new(kid: &str, algorithm: &'static str) -> Self {
        let pair = match algorithm {
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            "ES256K" => {
                Pair::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap())
            }
            "ES384" => Pair::Ec(EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self { kid: kid.to_owned(), algorithm, pair }
    }

    /// Signs by the named algorithm of this key's family.
    pub(crate) fn sign_as(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) if algorithm == "ES384 over SHA3" => {
                let private: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
                let other = &signature::ECDSA_P384_SHA3_384_FIXED_SIGNING;
                let public = pair.public_key().as_ref();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(other, private.as_ref(), public);
                pair.unwrap().sign(&rng, message).unwrap().as_ref().to_vec()
            }
            Pair::Ec(pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let encoding: &'static dyn signature::RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &rng, message, &mut out).unwrap();
                out
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as(self.algorithm, message)
    }

    /// A compact JWS over exactly these header and payload bytes.
    pub(crate) fn token(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", base64url(header), base64url(payload));
        let signature = self.sign(input.as_bytes());
        format!("{input}.{}", base64url(signature))
    }

    /// The header of an honest token.
    pub(crate) fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.algorithm, "x5t": "5CjfQKnLHA5sm3kTy4D1hLPlkuM", "kid": self.kid})
    }

    /// An honest token.
    pub(crate) fn honest(&self, payload: &Value) -> String {
        self.token(self.header().to_string(), payload.to_string())
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = rsa_public(pair);
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let half = (point.len() - 1) / 2;
                let curve = if half == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": base64url(&point[1..=half]), "y": base64url(&point[half + 1..])})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
        };
        jwk["kid"] = self.kid.clone().into();
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: Result<PublicKeyX509Der<'_>, _> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
            Pair::Ed(pair) => return pair.public_key().as_ref().to_vec(),
        };
        der.unwrap().as_ref().to_vec()
    }

    /// The public key of an RSA key as PKCS#1.
    pub(crate) fn pkcs1(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(_) | Pair::Ed(_) => Vec::new(),
        }
    }

    /// What the private RSA key makes of these bytes, whatever they are: no library signs them.
    pub(crate) fn private_power(&self, message: &[u8]) -> Vec<u8> {
        let Pair::Rsa(pair) = &self.pair else { panic!("not an RSA key") };
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // PKCS#8 is SEQUENCE { version, algorithm, OCTET STRING }; within, SEQUENCE { version, n, e, d, … }.
        let (_, content) = element(der.as_ref());
        let (rest, _version) = element(content);
        let (rest, _algorithm) = element(rest);
        let (_, content) = element(element(rest).1);
        let (rest, _version) = element(content);
        let (rest, modulus) = element(rest);
        let (rest, _public) = element(rest);
        let (modulus, private) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(element(rest).1));
        let power = BigUint::from_bytes_be(message).modpow(&private, &modulus).to_bytes_be();
        [vec![0; 256 - power.len()], power].concat()
    }

    /// The modulus of an RSA key.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => rsa_public(pair).0,
            Pair::Ec(_) | Pair::Ed(_) => Vec::new(),
        }
    }
}

/// Modulus and exponent out of a PKCS#1 `RSAPublicKey`: SEQUENCE { INTEGER n, INTEGER e }.
fn rsa_public(pair: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    let der = pair.public_key().as_ref();
    let (_, body) = element(der);
    let (rest, n) = element(body);
    let (_, e) = element(rest);
    (without_sign(n), without_sign(e))
}

/// What follows the first DER element, and its content.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match der[1] {
        short @ 0..=127 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 127);
            (der[2..2 + count].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (&der[start + length..], &der[start..start + length])
}

fn without_sign(integer: &[u8]) -> Vec<u8> {
    integer.strip_prefix(&[0]).unwrap_or(integer).to_vec()
}
