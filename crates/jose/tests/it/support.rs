//! A signer of anything, by any algorithm, and the verifier that its tokens are shown to.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding};
use daypass_jose::jwk::{KeySet, VerifyingKey};
use daypass_jose::jwt::{Audience, Expectations, TokenFault, TokenType, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Algorithm, IssuerUrl, Object, Timestamp, base64url};

/// The present, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://ci.example";
pub(crate) const AUDIENCE: &str = "pass.example.com";
pub(crate) const MAX_LIFETIME: i64 = 3_600;
pub(crate) const MAX_AGE: i64 = 1_800;
pub(crate) const KEY_ID: &str = "k1";

/// The claims of a token that is taken, as JSON texts.
const CLAIMS: [(&str, &str); 8] = [
    ("iss", r#""https://ci.example""#),
    ("sub", r#""repo:octo-org/octo-repo""#),
    ("aud", r#""pass.example.com""#),
    ("iat", "1799999990"),
    ("nbf", "1799999990"),
    ("exp", "1800000290"),
    ("jti", r#""id-1""#),
    ("repository_id", r#""123456789""#),
];

pub(crate) enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) pair: Pair,
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let rsa = |encoding| Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()), encoding);
        let pair = match algorithm {
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_SHA512),
            Algorithm::ES256 => Pair::Ec(
                EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
                "P-256",
            ),
            Algorithm::ES384 => Pair::Ec(
                EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
                "P-384",
            ),
            Algorithm::EdDSA => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
        };
        Self { algorithm, pair }
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &rng, message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair, _) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The public key as a JWK text with these further members.
    pub(crate) fn jwk(&self, more: &str) -> String {
        match &self.pair {
            Pair::Rsa(pair, _) => format!(
                r#"{{"kty":"RSA","n":"{}","e":"{}"{more}}}"#,
                base64url::encode(pair.public_key().modulus().big_endian_without_leading_zero()),
                base64url::encode(pair.public_key().exponent().big_endian_without_leading_zero()),
            ),
            Pair::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (base64url::encode(x), base64url::encode(y));
                format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"{more}}}"#)
            }
            Pair::Ed(pair) => format!(
                r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"{more}}}"#,
                base64url::encode(pair.public_key().as_ref())
            ),
        }
    }

    pub(crate) fn key(&self) -> Arc<VerifyingKey> {
        let jwk = self.jwk(&format!(r#","kid":"{KEY_ID}","alg":"{}","use":"sig""#, self.algorithm));
        let set = KeySet::parse(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes(), &[self.algorithm]).unwrap();
        Arc::clone(set.find(Some(KEY_ID)).unwrap())
    }

    /// The private key as PKCS#8.
    pub(crate) fn rsa_pkcs8(&self) -> Vec<u8> {
        let Pair::Rsa(pair, _) = &self.pair else { panic!("not an RSA key") };
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// Signs whatever header and payload.
    pub(crate) fn token(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
        let signature = self.signature(input.as_bytes());
        format!("{input}.{}", base64url::encode(signature))
    }
}

/// A signer, and a verifier that trusts it.
pub(crate) struct Bench {
    pub(crate) signer: Signer,
    pub(crate) key: Arc<VerifyingKey>,
}

impl Bench {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let signer = Signer::new(algorithm);
        let key = signer.key();
        Self { signer, key }
    }

    /// The header of a token that is taken, with members changed (`None`: taken out) or added.
    pub(crate) fn header(&self, changes: &[(&str, Option<&str>)]) -> String {
        let algorithm = format!("\"{}\"", self.signer.algorithm);
        changed(&[("alg", &algorithm), ("kid", "\"k1\""), ("typ", "\"JWT\"")], changes)
    }

    /// A well-signed token, its header and claims changed.
    pub(crate) fn token(&self, header: &[(&str, Option<&str>)], claims: &[(&str, Option<&str>)]) -> String {
        self.signer.token(self.header(header), payload(claims))
    }

    pub(crate) fn verify(&self, token: &str) -> Result<VerifiedClaims, TokenFault> {
        self.verify_as(token, TokenType::IdToken, true, NOW)
    }

    pub(crate) fn verify_at(&self, token: &str, now: i64) -> Result<VerifiedClaims, TokenFault> {
        self.verify_as(token, TokenType::IdToken, true, now)
    }

    pub(crate) fn verify_as(
        &self,
        token: &str,
        token_type: TokenType,
        token_id_required: bool,
        now: i64,
    ) -> Result<VerifiedClaims, TokenFault> {
        let issuer = IssuerUrl::parse(ISSUER).unwrap();
        let audiences = [AUDIENCE.to_owned()];
        let expectations = Expectations {
            issuer: &issuer,
            audience: Audience::OneOf(&audiences),
            algorithms: &[self.signer.algorithm],
            max_lifetime_seconds: MAX_LIFETIME,
            max_age_seconds: MAX_AGE,
            token_id_required,
            token_type,
        };
        let now = Timestamp::from_seconds(now).unwrap();
        UnverifiedIdToken::parse(token)?.verify(&self.key, &expectations, now)
    }

    /// Why a token with these claims is refused.
    pub(crate) fn refusal(&self, claims: &[(&str, Option<&str>)]) -> Option<TokenFault> {
        self.verify(&self.token(&[], claims)).err()
    }
}

/// The claims of a token that is taken, with some changed (`None`: taken out) or added.
pub(crate) fn payload(changes: &[(&str, Option<&str>)]) -> String {
    changed(&CLAIMS, changes)
}

fn changed(base: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> String {
    let kept = base.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let added = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let members: Vec<String> =
        kept.copied().chain(added).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

pub(crate) fn object(text: &str) -> Object {
    Object::parse(text.as_bytes()).unwrap()
}

/// Why a text is not read as a token.
pub(crate) fn unreadable(text: &str) -> Option<TokenFault> {
    UnverifiedIdToken::parse(text).err()
}
