//! The main flow: an identity token goes in, a credential or a refusal comes out, and both are recorded.

mod pause;
mod verify;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_jose::jwt::{UnverifiedIdToken, VerifiedClaims};
use daypass_policy::{Allowance, Ask, Decision, Policy, RegisteredIssuer, Workload, decide};
use daypass_store::Spend;
use daypass_traces::{Attribute, Span, Step, Trace};

use crate::credential::Terms;
use crate::issue::{self, Granted};
use crate::metrics::Ended;
use crate::projects::Standing;
use crate::record::Draft;
use crate::refusal::{Code, Refusal};
use crate::request::{Issued, Outcome, Refused, Request};
use crate::service::App;
use pause::Evenly;
use verify::verify;

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
    let mut span = request.origin.trace.step(Step::Exchange);
    let mut evenly = Evenly::default();
    let answer = walk(app, request, (&mut draft, &mut evenly), now, &span.inside()).await;
    let ended = Ended {
        face: request.origin.face,
        issuer: draft.issuer(),
        outcome: answer.as_ref().map_err(|refusal| refusal.code.as_str()),
        took: app.monotonic().saturating_sub(started),
    };
    app.metrics().exchanged(&ended);
    describe(&mut span, &ended, exchange_id);
    match span.ends(answer) {
        Ok(outcome) => {
            let trace_id = request.origin.trace.id().map(tracing::field::display);
            tracing::info!(exchange.id = %exchange_id, face = request.origin.face, role = request.asked.role(), dry_run = request.asked.dry_run, trace_id, "allowed");
            if let Outcome::DryRun(terms) = &outcome {
                draft.rehearse(app, terms);
            }
            Ok(Issued { exchange_id, role: request.asked.role().to_owned(), outcome })
        }
        Err(refusal) => {
            draft.refuse(app, &refusal);
            // Behind all that depends on what was asked for.
            evenly.wait(&refusal).await;
            Err(Refused { exchange_id, refusal })
        }
    }
}

/// The story itself; each step demands what only the step before it can give.
async fn walk(
    app: &App,
    request: &Request,
    (draft, evenly): (&mut Draft<'_>, &mut Evenly),
    now: Timestamp,
    trace: &Trace,
) -> Result<Outcome, Refusal> {
    let (token, issuer) = trace.step(Step::Parse).ends(parse(app, request))?;
    draft.claims_issuer(issuer);
    let (claims, key) = verify(app, issuer, token, now, trace).await?;
    draft.verified_by(key);
    let _turn = trace.step(Step::Turn).ends(app.turn().await)?;
    let (spend_key, expires_at) = (claims.spend_key(), claims.expires_at());
    let workload = trace.step(Step::Workload).ends(read(app, claims, issuer))?;
    let standing = Standing::of(&workload, app.store());
    let standing =
        trace.step(Step::Standing).ends(standing.await.map_err(|fault| Refusal::of_store(&fault)))?;
    evenly.begin();
    let span = trace.step(Step::Decide);
    let policy = app.policy().snapshot();
    let ask = Ask { role: request.asked.role(), standing: standing.of };
    let decision = decide(&workload, &ask, &policy);
    draft.decided(&workload, &standing, &decision, &policy);
    let allowance = allowed(decision, ask.role, &policy, span)?;
    let terms = trace.step(Step::Narrow).ends(Terms::narrowed(&allowance, &request.asked))?;
    let spend = issue::spend(issuer, &spend_key, expires_at);
    if request.asked.dry_run {
        let unspent = trace.step(Step::Unspent).ends(unspent(app, &spend).await);
        return unspent.map(|()| Outcome::DryRun(terms));
    }
    let granted = Granted { workload: &workload, standing: &standing, allowance, terms };
    let pass = trace.step(Step::Mint).ends(issue::mint(app, &granted, draft.id(), now))?;
    let recorded = draft.record(app, &pass, spend, trace.step(Step::Record)).await?;
    let pass = pass.recorded(&recorded)?;
    let pass = trace.step(Step::Sign).ends(pass.sign(app.pass_keys(), app.monotonic()))?;
    app.metrics().minted(issue::PASS_KIND);
    Ok(Outcome::Pass(pass))
}

/// Reads as much of the token as names a registered issuer.
fn parse<'a>(app: &'a App, request: &Request) -> Result<(UnverifiedIdToken, &'a RegisteredIssuer), Refusal> {
    let token =
        UnverifiedIdToken::parse(request.token.reveal()).map_err(|fault| Refusal::of_token(&fault))?;
    let claimed = token.claimed_issuer();
    let issuer = app.issuer(claimed).ok_or_else(|| unknown_issuer(app, claimed))?;
    Ok((token, issuer))
}

/// Reads the claims through the profile of their issuer, and counts those that it does not know.
fn read(app: &App, claims: VerifiedClaims, issuer: &RegisteredIssuer) -> Result<Workload, Refusal> {
    let workload = Workload::from_claims(claims, issuer).map_err(|fault| issue::of_workload(&fault))?;
    app.metrics().unaccounted(workload.issuer_name(), workload.unaccounted_claims());
    Ok(workload)
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

/// A role that no policy knows is a stranger's own words, which no span says.
fn allowed(decision: Decision, role: &str, policy: &Policy, mut span: Span) -> Result<Allowance, Refusal> {
    span.say(|| Attribute::Policy(policy.version().to_owned()));
    if policy.role(role).is_some() {
        span.say(|| Attribute::Role(role.to_owned()));
    }
    span.ends(match decision {
        Decision::Allow(allowance) => Ok(allowance),
        Decision::Deny(denial) => Err(Refusal::of_denial(&denial, role)),
    })
}

fn describe(span: &mut Span, ended: &Ended<'_>, exchange_id: ExchangeId) {
    span.say(|| Attribute::Exchange(exchange_id));
    span.say(|| Attribute::Face(ended.face));
    if let Some(issuer) = ended.issuer {
        span.say(|| Attribute::Issuer(issuer.to_owned()));
    }
    span.say(|| Attribute::Outcome(ended.outcome_name()));
}
