//! Reading a token without believing it: bounded, strict, and with nothing to see but where to look for its key.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Json, Object};

use super::fault::{TOO_FEW_PARTS, TokenFault};

/// Bytes of the longest token that is read.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Bytes of the longest header that is read.
const MAX_HEADER_BYTES: usize = 4 * 1024;
/// Bytes of the longest key id.
const MAX_KEY_ID_BYTES: usize = 256;

/// A token that was read and not verified. Its claims cannot be reached from here.
pub struct UnverifiedIdToken {
    pub(super) signing_input: String,
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) token_type: Option<String>,
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
        let (header, payload, signature) = split(text)?;
        let signing_input =
            text.get(..header.len().saturating_add(1).saturating_add(payload.len())).unwrap_or("");
        let header = Header::read(header)?;
        let payload =
            base64url::decode(payload).ok_or(TokenFault::Malformed("the payload is not base64url"))?;
        let claims = Object::parse(&payload)
            .map_err(|_| TokenFault::Malformed("the payload is not one JSON object"))?;
        let signature =
            base64url::decode(signature).ok_or(TokenFault::Malformed("the signature is not base64url"))?;
        let issuer = match claims.member("iss") {
            None => return Err(TokenFault::ClaimMissing("iss")),
            Some(Json::String(issuer)) => issuer.clone(),
            Some(_) => return Err(TokenFault::ClaimMalformed("iss")),
        };
        Ok(Self {
            signing_input: signing_input.to_owned(),
            signature,
            algorithm: header.algorithm,
            key_id: header.key_id,
            token_type: header.token_type,
            issuer,
            claims,
        })
    }

    /// Which issuer it claims: good for looking up a registered one, and for nothing else.
    pub fn claimed_issuer(&self) -> &str {
        &self.issuer
    }

    /// Which of the issuer's keys it claims.
    pub fn claimed_key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Which algorithm it claims. The key's own counts, never this one.
    pub fn claimed_algorithm(&self) -> Algorithm {
        self.algorithm
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

/// Exactly three parts; at most four are ever looked for, whatever the number of dots.
fn split(text: &str) -> Result<(&str, &str, &str), TokenFault> {
    let mut parts = text.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok((header, payload, signature)),
        (_, _, _, Some(_)) => Err(TokenFault::Malformed("the token has more than three parts")),
        _ => Err(TokenFault::Malformed(TOO_FEW_PARTS)),
    }
}

struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
    token_type: Option<String>,
}

impl Header {
    fn read(text: &str) -> Result<Self, TokenFault> {
        let bytes = base64url::decode(text).ok_or(TokenFault::Malformed("the header is not base64url"))?;
        if bytes.len() > MAX_HEADER_BYTES {
            return Err(TokenFault::Malformed("the header is too long"));
        }
        let header =
            Object::parse(&bytes).map_err(|_| TokenFault::Malformed("the header is not one JSON object"))?;
        refuse_extensions(&header)?;
        let algorithm = match header.member("alg") {
            Some(Json::String(name)) => {
                Algorithm::from_name(name).ok_or(TokenFault::AlgorithmRefused(None))?
            }
            _ => return Err(TokenFault::Malformed("the header names no algorithm")),
        };
        let token_type = match header.member("typ") {
            None => None,
            Some(Json::String(token_type)) => Some(token_type.clone()),
            Some(_) => return Err(TokenFault::TypeRefused),
        };
        Ok(Self { algorithm, key_id: key_id(&header)?, token_type })
    }
}

/// What would change how the token is to be read. No extension is understood here, so none may be critical
/// (RFC 7515 §4.1.11); an unencoded payload is not for tokens (RFC 7797 §7), nor is a nested or encrypted one.
fn refuse_extensions(header: &Object) -> Result<(), TokenFault> {
    for (name, fault) in [
        ("crit", "the header has critical extensions"),
        ("b64", "the header has the extension `b64`"),
        ("zip", "the token is compressed"),
        ("enc", "the token is encrypted"),
        ("cty", "the token holds another token"),
    ] {
        if header.member(name).is_some() {
            return Err(TokenFault::Malformed(fault));
        }
    }
    Ok(())
}

fn key_id(header: &Object) -> Result<Option<String>, TokenFault> {
    match header.member("kid") {
        None => Ok(None),
        Some(Json::String(key_id))
            if (1..=MAX_KEY_ID_BYTES).contains(&key_id.len()) && !key_id.contains(char::is_control) =>
        {
            Ok(Some(key_id.clone()))
        }
        Some(_) => Err(TokenFault::Malformed("the key id is not a text of 1 to 256 bytes")),
    }
}
