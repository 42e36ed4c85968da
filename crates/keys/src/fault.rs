//! Why there is no key.

use daypass_fetch::FetchFault;
use daypass_jose::json::JsonFault;
use daypass_jose::jwk::KeySetFault;

/// Why there is no key for a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The issuer is not registered.
    #[error("the issuer is not registered")]
    UnknownIssuer,
    /// The issuer has no key of this id, as far as was to be found out.
    #[error("the issuer has no key of this id")]
    UnknownKey,
    /// The token names no key, and the issuer has several.
    #[error("the token names no key, and its issuer has several")]
    AmbiguousKey,
    /// Whether there is such a key cannot be found out now.
    #[error("the issuer's keys cannot be fetched now: {reason}")]
    Unavailable {
        /// When to try again; at least 1.
        retry_after_seconds: u32,
        /// Why, for the operator. Holds nothing that the issuer sent.
        reason: String,
    },
}

/// Why a JWK set is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetRefused {
    /// It is refused whole.
    #[error("{0}")]
    Set(#[from] KeySetFault),
    /// Nothing in it verifies by the issuer's algorithms.
    #[error("the key set has no key that is usable for this issuer")]
    NoUsableKey,
}

/// Why the keys of an issuer could not be fetched. The texts hold nothing that the issuer sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchKeysFault {
    /// One of the two documents was not got.
    #[error("{document}: {fault}")]
    Fetch {
        /// Which.
        document: &'static str,
        /// Why.
        fault: FetchFault,
    },
    /// The answer is not 200. Redirects are not followed.
    #[error("{document}: the answer is HTTP {status}")]
    Status {
        /// Which document.
        document: &'static str,
        /// The status.
        status: u16,
    },
    /// The two documents together took longer than [`FETCH_DEADLINE`](crate::FETCH_DEADLINE).
    #[error("the two documents were not here within {0:?}")]
    Deadline(std::time::Duration),
    /// The discovery document is not strict JSON.
    #[error("the discovery document is {0}")]
    Json(#[from] JsonFault),
    /// The discovery document is of another issuer (OpenID Connect Discovery §4.3).
    #[error("the discovery document names another issuer, or none")]
    IssuerDiffers,
    /// The discovery document says nothing of keys.
    #[error("the discovery document has no `jwks_uri`")]
    NoJwksUri,
    /// The keys are somewhere else than at the issuer, and the settings do not name that host.
    #[error("`jwks_uri` is on another scheme, host or port than the issuer's")]
    JwksElsewhere,
    /// The key set is not used.
    #[error("{0}")]
    KeySet(#[from] KeySetRefused),
    /// As many requests wait for this issuer as may.
    #[error("too many requests wait for this issuer")]
    TooManyWait,
    /// The task that fetched ended without an outcome.
    #[error("the fetch was given up")]
    GivenUp,
}
