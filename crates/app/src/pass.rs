//! Checking passes of this server's own (RFC 9068 §4), and what their holders may do with them.

use daypass_jose::ids::{CredentialId, ExchangeId};
use daypass_jose::jwt::{Audience, Expectations, TokenFault, TokenType, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Json, Object, Secret, Timestamp};
use daypass_policy::MAX_TTL_SECONDS;
use daypass_store::{Revocation, StoreFault};

use crate::refusal::{Code, Refusal};
use crate::revocation::Subjects;
use crate::service::App;
use crate::signing_keys::PASS_ALGORITHMS;

/// The scope by which a service asks about the passes that it is shown.
pub const INTROSPECT_SCOPE: &str = "introspect";

/// Every code that verifying a pass can end with, where no audience is wanted.
pub const REFUSALS: &[Code] = &[
    Code::TokenTooLarge,
    Code::PassInvalid,
    Code::PassExpired,
    Code::PassRevoked,
    Code::StoreUnavailable,
    Code::KeysUnavailable,
];

/// A pass whose signature, issuer, audience and times were checked. Whether it was revoked was not: it opens nothing yet.
pub struct SignedPass {
    claims: VerifiedClaims,
    subjects: Subjects,
}

/// A pass that may be used: signed by this server, for who takes it, in its time and not revoked.
pub struct VerifiedPass {
    claims: VerifiedClaims,
    subjects: Subjects,
}

impl SignedPass {
    /// Verifies all of a pass but whether it was revoked. Without an audience, one for any audience is taken: only an
    /// endpoint that gives nothing but the pass's own content may ask so.
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
        let subjects = Subjects::of(&claims).ok_or_else(|| {
            Refusal::new(Code::PassInvalid).with_internal("it does not say what a revocation could name")
        })?;
        Ok(Self { claims, subjects })
    }

    /// Looks up whether it was revoked. What cannot be looked up is not taken for a no.
    pub async fn unrevoked(self, app: &App) -> Result<VerifiedPass, Refusal> {
        match self.revocation(app).await? {
            None => Ok(VerifiedPass { claims: self.claims, subjects: self.subjects }),
            Some(revocation) => Err(Refusal::new(Code::PassRevoked)
                .with_internal(format!("by `{}` at {}", revocation.subject, revocation.at))),
        }
    }

    /// Revokes it: who holds it needs no other right. One that is revoked already stays so, and costs no write.
    pub async fn revoke(self, app: &App, now: Timestamp) -> Result<RevokedPass, Refusal> {
        let revocation = if let Some(revocation) = self.revocation(app).await? {
            revocation
        } else {
            let until = (self.claims.expires_at(), now);
            self.subjects.revoke_itself(app.store(), until).await.map_err(|fault| unknown(&fault))?
        };
        let revoked = RevokedPass {
            credential: self.subjects.credential(),
            exchange: self.subjects.exchange(),
            at: revocation.at,
        };
        tracing::info!(credential.id = %revoked.credential, exchange.id = %revoked.exchange, "a pass was revoked by its holder");
        Ok(revoked)
    }

    async fn revocation(&self, app: &App) -> Result<Option<Revocation>, Refusal> {
        let found = self.subjects.revoked(app.store(), self.claims.issued_at()).await;
        found.map_err(|fault| unknown(&fault))
    }
}

/// A pass that opens nothing any more.
pub struct RevokedPass {
    /// Its `jti`.
    pub credential: CredentialId,
    /// The exchange that it came from.
    pub exchange: ExchangeId,
    /// When it was revoked.
    pub at: Timestamp,
}

/// What a holder of one pass may learn of another token: all of it, or nothing.
///
/// # Errors
/// Whether the token is valid cannot be told now.
pub async fn introspect(
    app: &App,
    asking: &VerifiedPass,
    token: &Secret,
    now: Timestamp,
) -> Result<Option<VerifiedPass>, Refusal> {
    let asked = match VerifiedPass::verify(app, token, None, now).await {
        Ok(asked) => asked,
        Err(refusal) if refusal.is_of_token() => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    let is_itself = asked.subjects.credential() == asking.subjects.credential();
    let is_its_own_service =
        asking.has_scope(INTROSPECT_SCOPE) && asked.claims.audience() == asking.claims.audience();
    Ok((is_itself || is_its_own_service).then_some(asked))
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
        SignedPass::verify(app, token, audience, now).await?.unrevoked(app).await
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

/// Nothing is taken for unrevoked because nobody could be asked.
fn unknown(fault: &StoreFault) -> Refusal {
    Refusal::of_store(fault).with_detail("whether the pass is revoked cannot be told now")
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
