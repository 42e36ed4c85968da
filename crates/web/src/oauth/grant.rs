//! The grants of the token endpoint: under which an identity token is exchanged.

use daypass_app::{Code, Refusal};

/// A grant: where the identity token stands, and how a no is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// OAuth 2.0 Token Exchange (RFC 8693 §2.1).
    TokenExchange,
    /// A JWT as authorization grant (RFC 7523 §2.1).
    JwtBearer,
}

impl Grant {
    /// All that there are.
    pub(crate) const ALL: [Self; 2] = [Self::TokenExchange, Self::JwtBearer];

    /// Its `grant_type`.
    pub(crate) const fn grant_type(self) -> &'static str {
        match self {
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        }
    }

    /// The grant of this `grant_type`.
    pub(super) fn from_type(text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|grant| grant.grant_type() == text);
        found.ok_or_else(|| Refusal::new(Code::GrantTypeUnsupported))
    }
}
