//! What a verified token says. Only verification makes one.

use aws_lc_rs::digest::{Context, SHA256};

use crate::issuer::IssuerUrl;
use crate::json::{Json, Object};
use crate::time::Timestamp;

/// The claims of a token whose signature, issuer, audience and times were checked.
#[derive(Debug)]
pub struct VerifiedClaims {
    pub(super) issuer: IssuerUrl,
    pub(super) audience: String,
    pub(super) subject: String,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) token_id: Option<String>,
    pub(super) spend_key: SpendKey,
    pub(super) claims: Object,
}

impl VerifiedClaims {
    /// Who signed it.
    pub fn issuer(&self) -> &IssuerUrl {
        &self.issuer
    }

    /// The one audience.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// `sub`
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `iat`
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `exp`
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// `jti`
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// Under what its use is remembered.
    pub fn spend_key(&self) -> SpendKey {
        self.spend_key
    }

    /// All claims.
    pub fn claims(&self) -> &Object {
        &self.claims
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.member(name)
    }
}

/// The name under which a token's use is remembered: SHA-256 over the length-prefixed issuer and `jti`, or over the
/// signing input. Never over the signature: an ECDSA signature can be altered by anybody and stays valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpendKey(pub [u8; 32]);

impl SpendKey {
    pub(super) fn of_token_id(issuer: &IssuerUrl, token_id: &str) -> Self {
        Self::of(b"jti", issuer, token_id)
    }

    pub(super) fn of_signing_input(issuer: &IssuerUrl, signing_input: &str) -> Self {
        Self::of(b"jws", issuer, signing_input)
    }

    fn of(kind: &[u8], issuer: &IssuerUrl, rest: &str) -> Self {
        let mut context = Context::new(&SHA256);
        for field in [kind, issuer.as_str().as_bytes(), rest.as_bytes()] {
            context.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(field);
        }
        let mut key = [0_u8; 32];
        key.copy_from_slice(context.finish().as_ref());
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_and_id_cannot_be_shifted_into_each_other() {
        let issuer = |text| IssuerUrl::parse(text).unwrap();
        let key = SpendKey::of_token_id(&issuer("https://a.example"), "1");
        assert_eq!(key, SpendKey::of_token_id(&issuer("https://a.example"), "1"));
        assert_ne!(key, SpendKey::of_token_id(&issuer("https://a.exampl"), "e1"));
        assert_ne!(key, SpendKey::of_token_id(&issuer("https://b.example"), "1"));
        assert_ne!(key, SpendKey::of_signing_input(&issuer("https://a.example"), "1"));
    }
}
