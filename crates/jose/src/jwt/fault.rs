//! Why a token is not taken: a closed list. It may speak of the caller's own token, never repeat it.

use crate::algorithm::Algorithm;
use crate::time::Timestamp;

/// The commonest slip: a variable that is cut off or holds something else.
pub(super) const TOO_FEW_PARTS: &str = "the token has fewer than three parts";

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than any token may be.
    #[error("the token has {size_bytes} bytes, more than 16384")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// The CI system's JSON answer, with the token inside.
    #[error("this is the CI system's whole JSON answer, with the token in its member `value`")]
    Envelope,
    /// Not three parts of base64url with strict JSON in them.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Another kind of token (RFC 8725 §3.11).
    #[error("the token is of another type than is taken here")]
    TypeRefused,
    /// `alg` is none of the issuer's, or not the key's.
    #[error("the token's algorithm is not one that its issuer is registered for")]
    AlgorithmRefused(Option<Algorithm>),
    /// The signature is not the key's over these bytes.
    #[error("the signature does not fit the token and its issuer's key")]
    SignatureInvalid,
    /// `iss` is not the issuer whose key verified it.
    #[error("the claim `iss` is not the issuer's")]
    IssuerMismatch,
    /// A required claim is missing.
    #[error("the claim `{0}` is missing")]
    ClaimMissing(&'static str),
    /// A claim has a wrong type or value.
    #[error("the claim `{0}` has a wrong type or value")]
    ClaimMalformed(&'static str),
    /// `aud` is another.
    #[error("the token was made for another audience: wanted {}, got {got}", listed(.wanted))]
    AudienceMismatch {
        /// What is taken here.
        wanted: Vec<String>,
        /// What the token has, escaped and shortened.
        got: String,
    },
    /// `aud` holds several.
    #[error("the token has {0} audiences")]
    AudienceSeveral(usize),
    /// `exp` is past.
    #[error("the token expired at {0}")]
    Expired(Timestamp),
    /// `nbf` or `iat` is in the future.
    #[error("the token is valid only from {0}")]
    NotYetValid(Timestamp),
    /// `exp` is too far from `iat`.
    #[error("the token is valid for {got_seconds} s; tokens of this issuer may be for {max_seconds} s")]
    LifetimeTooLong {
        /// `exp - iat`.
        got_seconds: i64,
        /// What is allowed.
        max_seconds: i64,
    },
    /// `iat` is too long ago.
    #[error("the token was issued {got_seconds} s ago; tokens of this issuer are taken for {max_seconds} s")]
    TooOld {
        /// Age.
        got_seconds: i64,
        /// What is allowed.
        max_seconds: i64,
    },
}

impl TokenFault {
    /// The stable code of this fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "token_too_large",
            Self::Envelope => "token_is_envelope",
            Self::Malformed(_) => "token_malformed",
            Self::TypeRefused => "token_type_refused",
            Self::AlgorithmRefused(_) => "algorithm_refused",
            Self::SignatureInvalid => "signature_invalid",
            Self::IssuerMismatch => "issuer_unknown",
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimMalformed(_) => "claim_malformed",
            Self::AudienceMismatch { .. } => "audience_mismatch",
            Self::AudienceSeveral(_) => "audience_several",
            Self::Expired(_) => "token_expired",
            Self::NotYetValid(_) => "token_not_yet_valid",
            Self::LifetimeTooLong { .. } => "token_lifetime_too_long",
            Self::TooOld { .. } => "token_too_old",
        }
    }

    /// What a person can do about it, where there is more to say than the code says.
    pub fn hint(&self) -> Option<&'static str> {
        if matches!(self, Self::Malformed(TOO_FEW_PARTS)) {
            return Some(
                "send the token whole: three parts with a dot between; is the variable set, and not cut?",
            );
        }
        matches!(self, Self::Envelope).then_some("take the token out of the answer: … | jq -r .value")
    }
}

fn listed(wanted: &[String]) -> String {
    let quoted: Vec<String> = wanted.iter().map(|one| format!("`{one}`")).collect();
    quoted.join(" or ")
}
