//! From an unverified token to its claims: the issuer's key, and the verification with it.

use std::sync::Arc;

use daypass_jose::Timestamp;
use daypass_jose::jwk::VerifyingKey;
use daypass_jose::jwt::{TokenFault, UnverifiedIdToken, VerifiedClaims};
use daypass_policy::RegisteredIssuer;
use daypass_traces::{Attribute, Fetch, Span, Step, Trace};

use crate::record::KeyUsed;
use crate::refusal::{Code, Refusal};
use crate::service::App;

/// Fetches the issuer's key, verifies the token with it, and refuses the emulator's tokens where they have no place.
pub(super) async fn verify(
    app: &App,
    issuer: &RegisteredIssuer,
    token: UnverifiedIdToken,
    now: Timestamp,
    trace: &Trace,
) -> Result<(VerifiedClaims, KeyUsed), Refusal> {
    let key = issuer_key(app, issuer, &token, trace.step(Step::IssuerKey)).await?;
    let age_seconds = app.issuer_keys().age_seconds(&issuer.url);
    let claims = trace.step(Step::Verify).ends(verify_with(app, issuer, token, &key, now))?;
    Ok((claims, KeyUsed { id: key.key_id().map(ToOwned::to_owned), age_seconds }))
}

/// The key by which the token must be signed, and what was fetched for it.
async fn issuer_key(
    app: &App,
    issuer: &RegisteredIssuer,
    token: &UnverifiedIdToken,
    mut span: Span,
) -> Result<Arc<VerifyingKey>, Refusal> {
    let mut waits = Vec::new();
    let keys = app.issuer_keys();
    let key = keys.key_and_waits(&issuer.url, token.claimed_key_id(), &mut waits).await;
    span.say(|| Attribute::KeysFetched(!waits.is_empty()));
    for wait in waits {
        let fault = wait.has_failed.then_some(Code::IssuerUnavailable.as_str());
        let host = issuer.url.host().to_owned();
        span.inside().fetched(Fetch { began: wait.began, ended: wait.ended, host, fault });
    }
    span.ends(key.map_err(|fault| Refusal::of_key(&fault)))
}

/// Verifies the token with this key, and tells the keys of a signature that is bad.
fn verify_with(
    app: &App,
    issuer: &RegisteredIssuer,
    token: UnverifiedIdToken,
    key: &VerifyingKey,
    now: Timestamp,
) -> Result<VerifiedClaims, Refusal> {
    let claims = token.verify(key, &issuer.expectations(), now).map_err(|fault| {
        if matches!(fault, TokenFault::SignatureInvalid) {
            app.issuer_keys().report_bad_signature(&issuer.url);
        }
        Refusal::of_token(&fault)
    })?;
    if claims.claim("daypass_emulated").is_some() && !app.takes_emulated_tokens() {
        return Err(Refusal::new(Code::TokenEmulated));
    }
    Ok(claims)
}
