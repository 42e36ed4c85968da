//! The compact serialisation of a signed text (RFC 7515 §7.1): its parts, its header, and whose signature it carries.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Json, Object};
use crate::jwk::VerifyingKey;

use super::fault::{TOO_FEW_PARTS, TokenFault};

/// Bytes of the longest header that is read.
const MAX_HEADER_BYTES: usize = 4 * 1024;
/// Bytes of the longest key id.
const MAX_KEY_ID_BYTES: usize = 256;

/// A compact JWS that was read and not verified. Its payload is any bytes.
pub(crate) struct CompactJws {
    pub(super) signing_input: String,
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    signature: Vec<u8>,
}

impl CompactJws {
    pub(crate) fn read(text: &str) -> Result<Self, TokenFault> {
        let (header, payload, signature) = split(text)?;
        let signing_input =
            text.get(..header.len().saturating_add(1).saturating_add(payload.len())).unwrap_or("").to_owned();
        let header = Header::read(header)?;
        let payload =
            base64url::decode(payload).ok_or(TokenFault::Malformed("the payload is not base64url"))?;
        let signature =
            base64url::decode(signature).ok_or(TokenFault::Malformed("the signature is not base64url"))?;
        Ok(Self { signing_input, header, payload, signature })
    }

    /// Which key it claims.
    pub(crate) fn claimed_key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// Whether this key signed it, by the key's algorithm, which is one of these and the one that the header names.
    pub(crate) fn check_signature(
        &self,
        key: &VerifyingKey,
        algorithms: &[Algorithm],
    ) -> Result<(), TokenFault> {
        if !algorithms.contains(&key.algorithm()) || self.header.algorithm != key.algorithm() {
            return Err(TokenFault::AlgorithmRefused(Some(self.header.algorithm)));
        }
        if key.verifies(self.signing_input.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(TokenFault::SignatureInvalid)
        }
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

pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) token_type: Option<String>,
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
