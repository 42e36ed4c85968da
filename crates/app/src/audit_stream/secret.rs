//! The secret of the webhook, as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_jose::Secret;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Fewer can be guessed, more are not taken by others (Standard Webhooks 1.0.0, “Signature scheme”).
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs what a webhook is sent. Has no `Debug`.
pub struct WebhookSecret(hmac::Key);

/// What is wrong with the text of a secret; nothing of it is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretMalformed {
    /// It begins otherwise.
    #[error("it does not begin with `whsec_`")]
    NoPrefix,
    /// The rest is not base64.
    #[error("what follows `whsec_` is not base64")]
    NoBase64,
    /// It has another size.
    #[error("it has {0} bytes, where 24 to 64 are wanted")]
    Size(usize),
}

impl WebhookSecret {
    /// Reads a secret; white space around it is no part of it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &Secret) -> Result<Self, SecretMalformed> {
        let encoded = text.reveal().trim().strip_prefix(PREFIX).ok_or(SecretMalformed::NoPrefix)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SecretMalformed::NoBase64)?);
        if !SIZES.contains(&bytes.len()) {
            return Err(SecretMalformed::Size(bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `webhook-signature` for a message.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<WebhookSecret, SecretMalformed> {
        WebhookSecret::parse(&Secret::new(text.to_owned()))
    }

    /// Worked out with Python's `hmac` of its standard library.
    #[test]
    fn a_message_is_signed_as_others_verify_it() {
        let Ok(secret) = parsed(" whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n") else {
            panic!("it is a secret")
        };
        let signature = secret.sign("msg_1", "1674087231", b"{\"a\":1}\n");
        assert_eq!(signature, "v1,CAwUL83xqQap/XJCJWQ6YWvfh95iuFuOkMzBllaTaQ4=");
        assert_ne!(secret.sign("msg_2", "1674087231", b"{\"a\":1}\n"), signature);
    }

    #[test]
    fn a_secret_that_is_none_or_can_be_guessed_is_refused_without_being_shown() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![b'x'; bytes]));
        for (text, fault) in [
            ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned(), SecretMalformed::NoPrefix),
            (String::new(), SecretMalformed::NoPrefix),
            ("whsec_hunter2!".to_owned(), SecretMalformed::NoBase64),
            (of(23), SecretMalformed::Size(23)),
            (of(65), SecretMalformed::Size(65)),
        ] {
            assert_eq!(parsed(&text).err(), Some(fault));
            assert!(!fault.to_string().contains("hunter2"));
        }
        assert!(parsed(&of(24)).is_ok() && parsed(&of(64)).is_ok());
    }
}
