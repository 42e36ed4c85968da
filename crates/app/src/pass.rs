//! Checking passes of this server's own (RFC 9068 §4).

use daypass_jose::jwt::{Audience, Expectations, TokenFault, TokenType, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Json, Object, Secret, Timestamp};
use daypass_policy::MAX_TTL_SECONDS;

use crate::refusal::{Code, Refusal};
use crate::service::App;
use crate::signing_keys::PASS_ALGORITHMS;

/// A pass whose signature, issuer, audience and times were checked.
pub struct VerifiedPass {
    claims: VerifiedClaims,
}

impl VerifiedPass {
    /// Verifies a pass. Without an audience, one for any audience is taken: only an endpoint that gives nothing
    /// but the pass's own content may ask so.
    pub async fn verify(
        app: &App,
        token: &Secret,
        audience: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let unverified = UnverifiedIdToken::parse(token.reveal()).map_err(|fault| of_pass(&fault))?;
        if unverified.claimed_issuer() != app.public_url().as_str() {
            return Err(not_ours(app, unverified.claimed_issuer()));
        }
        let key = app.verifying_key(unverified.claimed_key_id()).await?;
        let audiences: Vec<String> = audience.into_iter().map(ToOwned::to_owned).collect();
        let expectations = Expectations {
            issuer: app.public_url().issuer(),
            audience: if audiences.is_empty() { Audience::AnyOne } else { Audience::OneOf(&audiences) },
            algorithms: &PASS_ALGORITHMS,
            max_lifetime_seconds: MAX_TTL_SECONDS,
            max_age_seconds: MAX_TTL_SECONDS,
            token_id_required: true,
            token_type: TokenType::AccessToken,
        };
        let claims = unverified.verify(&key, &expectations, now).map_err(|fault| of_pass(&fault))?;
        Ok(Self { claims })
    }

    /// Its claims.
    pub fn claims(&self) -> &VerifiedClaims {
        &self.claims
    }

    /// A member of one of its objects, as text: `field("project", "id")`.
    pub fn field(&self, object: &str, member: &str) -> Option<&str> {
        self.object(object).and_then(|object| object.member(member)).and_then(Json::as_str)
    }

    /// One of its objects: `account`, `project` or `run`.
    pub fn object(&self, name: &str) -> Option<&Object> {
        match self.claims.claim(name) {
            Some(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Whether it carries a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        let scopes = self.claims.claim("scope").and_then(Json::as_str).unwrap_or("");
        scopes.split(' ').any(|held| held == scope)
    }
}

/// An identity token where a pass belongs is the commonest slip; say so.
fn not_ours(app: &App, claimed_issuer: &str) -> Refusal {
    let refusal = Refusal::new(Code::PassInvalid);
    if app.issuer(claimed_issuer).is_some() {
        return refusal.with_detail("this is the CI system's identity token, not a pass").with_hint(format!(
            "exchange it first: curl -H \"Authorization: Bearer $TOKEN\" {}",
            app.public_url().join("/v1.0/auth/jwt")
        ));
    }
    refusal
}

fn of_pass(fault: &TokenFault) -> Refusal {
    let code = match Code::from_text(fault.code()) {
        Some(Code::TokenExpired) => Code::PassExpired,
        Some(Code::AudienceMismatch) => Code::PassForAnother,
        Some(Code::TokenTooLarge) => Code::TokenTooLarge,
        _ => Code::PassInvalid,
    };
    Refusal::new(code).with_internal(fault.to_string())
}
