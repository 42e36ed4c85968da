//! Reading a token without believing it: bounded, strict, and with nothing to see but where to look for its key.

use crate::algorithm::Algorithm;
use crate::json::{Json, Object};

use super::compact::CompactJws;
use super::fault::TokenFault;

/// Bytes of the longest token that is read.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token that was read and not verified. Its claims cannot be reached from here.
pub struct UnverifiedIdToken {
    pub(super) jws: CompactJws,
    pub(super) issuer: String,
    pub(super) claims: Object,
}

impl UnverifiedIdToken {
    /// Reads a compact JWS (RFC 7515 §7.1) with a JSON payload, strictly: see the module's tests for what is refused.
    pub fn parse(text: &str) -> Result<Self, TokenFault> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::TooLarge { size_bytes: text.len() });
        }
        refuse_envelope(text)?;
        let jws = CompactJws::read(text)?;
        let claims = Object::parse(&jws.payload)
            .map_err(|_| TokenFault::Malformed("the payload is not one JSON object"))?;
        let issuer = match claims.member("iss") {
            None => return Err(TokenFault::ClaimMissing("iss")),
            Some(Json::String(issuer)) => issuer.clone(),
            Some(_) => return Err(TokenFault::ClaimMalformed("iss")),
        };
        Ok(Self { jws, issuer, claims })
    }

    /// Which issuer it claims: good for looking up a registered one, and for nothing else.
    pub fn claimed_issuer(&self) -> &str {
        &self.issuer
    }

    /// Which of the issuer's keys it claims.
    pub fn claimed_key_id(&self) -> Option<&str> {
        self.jws.claimed_key_id()
    }

    /// Which algorithm it claims. The key's own counts, never this one.
    pub fn claimed_algorithm(&self) -> Algorithm {
        self.jws.header.algorithm
    }
}

/// A JSON object with a text in `value` is what GitHub's endpoint answers; tell it from a broken token.
fn refuse_envelope(text: &str) -> Result<(), TokenFault> {
    if !text.trim_start().starts_with('{') {
        return Ok(());
    }
    match Object::parse(text.trim().as_bytes()) {
        Ok(object) if object.member("value").and_then(Json::as_str).is_some() => Err(TokenFault::Envelope),
        _ => Err(TokenFault::Malformed("it is not a compact token")),
    }
}
