//! Minting what policy allowed: the terms, the claims of a pass (RFC 9068 §2.2), the spending of the token.

use std::sync::Arc;
use std::time::Duration;

use daypass_jose::ids::{CredentialId, ExchangeId};
use daypass_jose::jwt::{SigningKey, SpendKey};
use daypass_jose::time::LEEWAY_SECONDS;
use daypass_jose::{Json, Object, Timestamp};
use daypass_policy::{Allowance, PROJECT_ROLE, RegisteredIssuer, Run, TokenReuse, Workload, WorkloadFault};
use daypass_store::{CredentialRecord, Spend};

use crate::credential::{Pass, Terms, Unrecorded};
use crate::projects::Standing;
use crate::refusal::{Code, Refusal};
use crate::request::Asked;
use crate::service::App;
use crate::signing_keys::PassKeys;

/// The header `typ` of a pass (RFC 9068 §2.1).
const PASS_TYPE: &str = "at+jwt";

/// The kind of credential that a pass is.
pub(crate) const PASS_KIND: &str = "api";

/// How long beyond `exp` and the leeway a spent token is remembered, in seconds. It must outlive every moment at
/// which a verifier could still take the token, on every replica's clock, or the token can be replayed.
const SPENT_MARGIN_SECONDS: i64 = 300;

/// Characters of an unknown kind that are shown.
const MAX_SHOWN_CHARS: usize = 32;

/// Kinds of credential that a caller may name.
const CREDENTIAL_KINDS: [&str; 6] = ["api", "aws", "registry", "state", "github", "identity"];

/// A pass whose claims are settled.
pub(crate) struct UnsignedPass {
    key: Arc<SigningKey>,
    claims: Object,
    terms: Terms,
    expires_at: Timestamp,
}

/// Everything that a pass is made of.
pub(crate) struct Granted<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) standing: &'a Standing,
    pub(crate) allowance: Allowance,
    pub(crate) terms: Terms,
}

impl Terms {
    /// What the role grants, cut down to what was asked for. Nothing that is asked can widen it.
    pub(crate) fn narrowed(allowance: &Allowance, asked: &Asked) -> Result<Self, Refusal> {
        if let Some(unknown) =
            asked.credentials.iter().find(|kind| !CREDENTIAL_KINDS.contains(&kind.as_str()))
        {
            let shown: String = unknown.chars().take(MAX_SHOWN_CHARS).collect();
            return Err(Refusal::new(Code::RequestInvalid)
                .with_detail(format!("`{}` is no kind of credential", shown.escape_default()))
                .with_hint(format!("the kinds are {}", CREDENTIAL_KINDS.join(", "))));
        }
        let not_granted = |kind: &str| {
            Refusal::new(Code::CredentialNotGranted)
                .with_detail(format!("the role `{}` grants no `{kind}` credential", allowance.role()))
        };
        if let Some(other) = asked.credentials.iter().find(|kind| *kind != "api") {
            return Err(not_granted(other));
        }
        let grant = allowance.api().ok_or_else(|| not_granted("api"))?;
        if asked.audience.as_ref().is_some_and(|audience| *audience != grant.audience) {
            return Err(Refusal::new(Code::TargetInvalid));
        }
        let scopes = match &asked.scopes {
            None => grant.scopes.clone(),
            Some(scopes) if scopes.iter().all(|scope| grant.scopes.contains(scope)) => {
                // In the order of the grant and each once, however often it is asked for.
                grant.scopes.iter().filter(|scope| scopes.contains(scope)).cloned().collect()
            }
            Some(_) => return Err(Refusal::new(Code::ScopeInvalid)),
        };
        let ttl_seconds = match asked.ttl_seconds {
            None => grant.ttl_seconds,
            Some(seconds) if seconds > 0 => seconds.min(grant.max_ttl_seconds),
            Some(_) => {
                return Err(
                    Refusal::new(Code::RequestInvalid).with_detail("`ttl` is not a positive duration")
                );
            }
        };
        Ok(Self { audience: grant.audience.clone(), scopes, ttl_seconds })
    }
}

/// Draws up a pass. It is signed when the exchange is recorded, and not before.
pub(crate) fn mint(
    app: &App,
    granted: &Granted<'_>,
    exchange: ExchangeId,
    now: Timestamp,
) -> Result<Unrecorded<UnsignedPass>, Refusal> {
    let id = CredentialId::new(now, app.rng());
    let terms = &granted.terms;
    let expires_at = now.plus_seconds(terms.ttl_seconds);
    let mut claims = subject_claims(granted);
    claims.insert("iss", app.public_url().as_str());
    claims.insert("aud", terms.audience.as_str());
    claims.insert("iat", now.seconds());
    claims.insert("nbf", now.seconds());
    claims.insert("exp", expires_at.seconds());
    claims.insert("jti", id.to_string());
    claims.insert("scope", terms.scopes.join(" "));
    claims.insert("exchange", exchange.to_string());
    let key = app.pass_keys().signing(app.monotonic())?;
    let record = CredentialRecord {
        id,
        kind: PASS_KIND.to_owned(),
        audience: Some(terms.audience.clone()),
        scopes: terms.scopes.clone(),
        expires_at,
        key_id: Some(key.key_id().to_owned()),
    };
    Ok(Unrecorded::new(UnsignedPass { key, claims, terms: terms.clone(), expires_at }, record, exchange))
}

impl UnsignedPass {
    /// Signs it, unless its key was revoked while the record was written. Where that fails, the token is spent and nothing is
    /// given: the ledger says more than there is, never less.
    pub(crate) fn sign(self, keys: &PassKeys, now: Duration) -> Result<Pass, Refusal> {
        let Self { key, claims, terms, expires_at } = self;
        keys.check_usable(key.key_id(), now).map_err(after_the_record)?;
        let token = key.sign(PASS_TYPE, &claims).map_err(|fault| Refusal::internal(fault.to_string()))?;
        let Terms { audience, scopes, ttl_seconds: expires_in_seconds } = terms;
        Ok(Pass { token, audience, scopes, expires_at, expires_in_seconds })
    }
}

/// The exchange is on record as one that succeeded, so that a token that is good for one use has had it.
fn after_the_record(refusal: Refusal) -> Refusal {
    refusal
        .with_detail(
            "the key that was to sign the pass is not known to be valid any more; the token has been used",
        )
        .with_hint("fetch a fresh token, and exchange it after the time in Retry-After")
}

/// Who the pass is about. Every value comes from verified claims or from this server's own records.
fn subject_claims(granted: &Granted<'_>) -> Object {
    let Granted { workload, standing, allowance, .. } = granted;
    let (repository, run) = (workload.repository(), workload.run());
    let project_id = standing.onboarded.as_ref().map(|project| project.id.to_string());
    let mut claims = Object::default();
    claims.insert(
        "sub",
        match &project_id {
            Some(id) if allowance.role() == PROJECT_ROLE => format!("project:{id}"),
            _ => format!("role:{}", allowance.role()),
        },
    );
    claims.insert("client_id", format!("{}:{}", workload.issuer_name(), repository.external_id));
    claims.insert("role", allowance.role());
    claims.insert("account", account_claim(granted));
    claims.insert(
        "project",
        object([
            ("id", project_id.into()),
            ("provider", workload.provider().into()),
            ("external_id", repository.external_id.as_str().into()),
            ("path", repository.path.clone().into()),
        ]),
    );
    claims.insert("run", run_claim(run));
    claims
}

fn account_claim(granted: &Granted<'_>) -> Object {
    let repository = granted.workload.repository();
    let account = granted.standing.onboarded.as_ref().and_then(|project| project.account.as_ref());
    object([
        ("id", account.map(|account| account.id.to_string()).into()),
        ("provider", granted.workload.provider().into()),
        ("external_id", repository.owner_external_id.clone().into()),
        ("name", repository.owner_name.clone().into()),
        ("tenant", account.and_then(|account| account.tenant.clone()).into()),
    ])
}

fn run_claim(run: &Run) -> Object {
    object([
        ("id", run.id.clone().into()),
        ("attempt", run.attempt.clone().into()),
        ("job", run.job.clone().into()),
        ("workflow", run.workflow.clone().into()),
        ("event", run.event.clone().into()),
        ("ref", run.git_ref.clone().into()),
        ("sha", run.sha.clone().into()),
        ("environment", run.environment.clone().into()),
        ("pull_request", run.pull_request.and_then(|number| i64::try_from(number).ok()).into()),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Object {
    let mut object = Object::default();
    for (name, value) in members {
        object.insert(name, value);
    }
    object
}

/// How the token is spent by a success.
pub(crate) fn spend(issuer: &RegisteredIssuer, key: &SpendKey, expires_at: Timestamp) -> Spend {
    Spend {
        key: key.0,
        remember_until: expires_at.plus_seconds(LEEWAY_SECONDS.saturating_add(SPENT_MARGIN_SECONDS)),
        once: issuer.token_reuse == TokenReuse::Once,
    }
}

/// The token is verified, but not one of a CI job.
pub(crate) fn of_workload(fault: &WorkloadFault) -> Refusal {
    Refusal::new(Code::from_text(fault.code()).unwrap_or(Code::ClaimMalformed)).with_detail(fault.to_string())
}

#[cfg(test)]
mod tests {
    use daypass_jose::Algorithm;

    use super::*;
    use crate::signing_keys::tests::kit::Running;

    fn drawn_up(running: &Running) -> UnsignedPass {
        let key = running.keys.signing(running.monotonic()).unwrap();
        let terms = Terms { audience: String::new(), scopes: Vec::new(), ttl_seconds: 900 };
        UnsignedPass { key, claims: Object::default(), terms, expires_at: running.now() }
    }

    fn refused(running: &Running, pass: UnsignedPass) -> Option<(Code, String)> {
        let refusal = pass.sign(&running.keys, running.monotonic()).err()?;
        Some((refusal.code, refusal.detail))
    }

    #[tokio::test]
    async fn a_key_that_was_revoked_while_the_record_was_written_signs_no_more() {
        let running = Running::start().await;
        let (honest, late) = (drawn_up(&running), drawn_up(&running));
        assert_eq!(refused(&running, honest), None);
        running.keeper().revoke(None, Algorithm::ES256).await.unwrap();
        running.tend().await;
        let (code, detail) = refused(&running, late).unwrap();
        assert_eq!(code, Code::KeysUnavailable);
        assert!(detail.ends_with("the token has been used"), "{detail}");
        assert_eq!(refused(&running, drawn_up(&running)), None, "its successor signs");
    }

    #[tokio::test]
    async fn a_key_that_was_replaced_meanwhile_still_signs_and_one_that_was_not_seen_for_too_long_does_not() {
        let running = Running::start().await;
        let late = drawn_up(&running);
        let first = late.key.key_id().to_owned();
        running.keeper().rotate(&running.settings).await.unwrap();
        running.clock.advance(running.settings.publishing_seconds());
        running.tend().await;
        assert_ne!(drawn_up(&running).key.key_id(), first);
        assert_eq!(refused(&running, late), None, "its passes are taken");
        let late = drawn_up(&running);
        running.clock.advance(10);
        assert_eq!(refused(&running, late), None);
        let late = drawn_up(&running);
        running.clock.advance(1);
        assert_eq!(refused(&running, late).map(|(code, _)| code), Some(Code::KeysUnavailable));
    }
}
