//! An issuer as the settings register it: how its tokens are judged.

use daypass_jose::jwt::{Audience, Expectations, TokenType};
use daypass_jose::{Algorithm, IssuerUrl};

use crate::provider::{Profile, TokenReuse};

/// An issuer that this server trusts to say who its jobs are.
#[derive(Debug, Clone)]
pub struct RegisteredIssuer {
    /// The name that rules and records use.
    pub name: String,
    /// Its URL, byte for byte as in `iss`.
    pub url: IssuerUrl,
    /// What kind of CI system it is.
    pub profile: &'static Profile,
    /// For whom its tokens must be: exactly one of these, alone.
    pub audiences: Vec<String>,
    /// By which algorithms it signs.
    pub algorithms: Vec<Algorithm>,
    /// Whether it serves tenants who do not know each other.
    pub is_shared: bool,
    /// Whether one of its tokens can be exchanged more than once.
    pub token_reuse: TokenReuse,
}

impl RegisteredIssuer {
    /// An issuer with all that its profile says.
    pub fn new(name: &str, url: IssuerUrl, profile: &'static Profile, audiences: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            is_shared: Profile::is_shared_url(url.as_str()),
            url,
            profile,
            audiences,
            algorithms: profile.algorithms.clone(),
            token_reuse: profile.token_reuse,
        }
    }

    /// What a token of this issuer must be.
    pub fn expectations(&self) -> Expectations<'_> {
        Expectations {
            issuer: &self.url,
            audience: Audience::OneOf(&self.audiences),
            algorithms: &self.algorithms,
            max_lifetime_seconds: self.profile.max_lifetime_seconds,
            max_age_seconds: self.profile.max_age_seconds,
            token_id_required: self.profile.token_id_required,
            token_type: TokenType::IdToken,
        }
    }
}
