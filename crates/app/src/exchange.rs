//! The main flow: an identity token goes in, a credential or a refusal comes out, and both are recorded.

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_jose::jwt::{TokenFault, UnverifiedIdToken, VerifiedClaims};
use daypass_policy::{Allowance, Ask, Decision, RegisteredIssuer, Workload, decide};
use daypass_store::Spend;

use crate::credential::Terms;
use crate::issue::{self, Granted};
use crate::metrics::Ended;
use crate::projects::Standing;
use crate::record::Draft;
use crate::refusal::{Code, Refusal};
use crate::request::{Issued, Outcome, Refused, Request};
use crate::service::App;

/// Characters of an unknown issuer that are recorded.
const MAX_SHOWN_CHARS: usize = 255;

/// Every code that an exchange can end with. One that names an audience or scopes can also end with [`Code::TargetInvalid`] or
/// [`Code::ScopeInvalid`], one that names credentials or a lifetime with [`Code::RequestInvalid`].
pub const REFUSALS: &[Code] = &[
    Code::TokenIsEnvelope,
    Code::TokenMalformed,
    Code::TokenTooLarge,
    Code::TokenTypeRefused,
    Code::AlgorithmRefused,
    Code::IssuerUnknown,
    Code::KeyUnknown,
    Code::SignatureInvalid,
    Code::ClaimMissing,
    Code::ClaimMalformed,
    Code::AudienceMismatch,
    Code::AudienceSeveral,
    Code::TokenExpired,
    Code::TokenNotYetValid,
    Code::TokenLifetimeTooLong,
    Code::TokenTooOld,
    Code::TokenAlreadyUsed,
    Code::TokenEmulated,
    Code::NotAllowed,
    Code::CredentialNotGranted,
    Code::ProjectUnavailable,
    Code::IssuerUnavailable,
    Code::StoreUnavailable,
    Code::KeysUnavailable,
    Code::Overloaded,
    Code::InternalError,
];

/// Exchanges an identity token for what its job may have, and records the attempt.
pub async fn exchange(app: &App, request: &Request) -> Result<Issued, Refused> {
    let (now, started) = (app.now(), app.monotonic());
    let mut draft = Draft::new(ExchangeId::new(now, app.rng()), now, request);
    let exchange_id = draft.id();
    let answer = walk(app, request, &mut draft, now).await;
    app.metrics().exchanged(&Ended {
        face: request.origin.face,
        issuer: draft.issuer(),
        outcome: answer.as_ref().map_err(|refusal| refusal.code.as_str()),
        took: app.monotonic().saturating_sub(started),
    });
    match answer {
        Ok(outcome) => {
            tracing::info!(exchange.id = %exchange_id, face = request.origin.face, role = request.asked.role(), dry_run = request.asked.dry_run, "allowed");
            Ok(Issued { exchange_id, role: request.asked.role().to_owned(), outcome })
        }
        Err(refusal) => {
            draft.refuse(app, &refusal);
            Err(Refused { exchange_id, refusal })
        }
    }
}

/// The story itself; each step demands what only the step before it can give.
async fn walk(
    app: &App,
    request: &Request,
    draft: &mut Draft<'_>,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let token =
        UnverifiedIdToken::parse(request.token.reveal()).map_err(|fault| Refusal::of_token(&fault))?;
    let claimed = token.claimed_issuer();
    let issuer = app.issuer(claimed).ok_or_else(|| unknown_issuer(app, claimed))?;
    draft.claims_issuer(issuer);
    let claims = verify(app, issuer, token, now).await?;
    let _turn = app.turn().await?;
    let (spend_key, expires_at) = (claims.spend_key(), claims.expires_at());
    let workload = Workload::from_claims(claims, issuer).map_err(|fault| issue::of_workload(&fault))?;
    app.metrics().unaccounted(workload.issuer_name(), workload.unaccounted_claims());
    let standing = Standing::of(&workload, app.store()).await.map_err(|fault| Refusal::of_store(&fault))?;
    let policy = app.policy().snapshot();
    let ask = Ask { role: request.asked.role(), standing: standing.of };
    let decision = decide(&workload, &ask, &policy);
    draft.decided(&workload, &standing, &decision, &policy);
    let allowance = allowed(decision, request.asked.role())?;
    let terms = Terms::narrowed(&allowance, &request.asked)?;
    let spend = issue::spend(issuer, &spend_key, expires_at);
    if request.asked.dry_run {
        return unspent(app, &spend).await.map(|()| Outcome::DryRun(terms));
    }
    let pass = issue::mint(
        app,
        &Granted { workload: &workload, standing: &standing, allowance, terms },
        draft.id(),
        now,
    )?;
    let recorded = draft.record(app, &pass, spend).await?;
    let pass = pass.recorded(&recorded)?.sign(app.pass_keys(), app.monotonic())?;
    app.metrics().minted(issue::PASS_KIND);
    Ok(Outcome::Pass(pass))
}

/// Whoever found a used token learns nothing by it, not even what it would have given.
async fn unspent(app: &App, spend: &Spend) -> Result<(), Refusal> {
    match app.store().ledger().spent(spend).await {
        Ok(None) => Ok(()),
        Ok(Some(fault)) => Err(Refusal::of_ledger(&fault)),
        Err(fault) => Err(Refusal::of_store(&fault)),
    }
}

/// The commonest slip of all is an issuer that is registered in another spelling: the operator sees both. To nobody is
/// anything given for the claimed one, and no socket is opened.
fn unknown_issuer(app: &App, claimed: &str) -> Refusal {
    if claimed == app.public_url().as_str() {
        return Refusal::new(Code::TokenTypeRefused)
            .with_detail("this is a pass of this server, not a CI system's identity token")
            .with_hint("a pass is not exchanged again: send it to the API that it was made for");
    }
    let shown: String = claimed.chars().take(MAX_SHOWN_CHARS).collect();
    let registered: Vec<&str> = app.issuers().iter().map(|issuer| issuer.url.as_str()).collect();
    let registered = registered.join(", ");
    Refusal::new(Code::IssuerUnknown)
        .with_internal(format!("claimed, not verified: {shown:?}; registered: {registered}"))
}

/// Fetches the issuer's key, verifies the token with it, and refuses the emulator's tokens where they have no place.
async fn verify(
    app: &App,
    issuer: &RegisteredIssuer,
    token: UnverifiedIdToken,
    now: Timestamp,
) -> Result<VerifiedClaims, Refusal> {
    let key = app
        .issuer_keys()
        .key(&issuer.url, token.claimed_key_id())
        .await
        .map_err(|fault| Refusal::of_key(&fault))?;
    let claims = token.verify(&key, &issuer.expectations(), now).map_err(|fault| {
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

fn allowed(decision: Decision, role: &str) -> Result<Allowance, Refusal> {
    match decision {
        Decision::Allow(allowance) => Ok(allowance),
        Decision::Deny(denial) => Err(Refusal::of_denial(&denial, role)),
    }
}
