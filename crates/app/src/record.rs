//! The record of one exchange while it is being made: what the operator will read of it, and nothing secret.

use std::sync::Arc;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_policy::{Decision, Policy, RegisteredIssuer, Trace, Workload};
use daypass_store::{ExchangeRecord, LedgerFault, Outcome, Recorded, Spend};
use daypass_traces::{Attribute, Span};
use serde::Serialize;

use crate::credential::{Terms, Unrecorded};
use crate::issue::UnsignedPass;
use crate::projects::Standing;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::service::App;

/// Characters of a role name that are recorded; what is longer names no role.
const MAX_ROLE_CHARS: usize = 128;

/// The owner under which everything unverified is sampled.
const NOBODY: &str = "";

/// How a decision came about, and by which key its claims were verified.
#[derive(Serialize)]
struct Explanation<'a> {
    #[serde(flatten)]
    trace: &'a Trace,
    key: Option<&'a KeyUsed>,
}

/// The key that verified a token: one that was withdrawn at the issuer is taken for as long as it is held.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct KeyUsed {
    /// Its id, where it has one.
    pub(crate) id: Option<String>,
    /// How long ago the set was fetched that it is of; `None` where it is from a file.
    pub(crate) age_seconds: Option<u64>,
}

/// A record in the making.
pub(crate) struct Draft<'a> {
    record: Arc<ExchangeRecord>,
    request: &'a Request,
    key: Option<KeyUsed>,
    /// The owner under whom a refusal is sampled.
    owner: String,
    /// Whether a role or a project names the owner; then every refusal is a row.
    is_named: bool,
    /// Whether the ledger has the exchange already: as the refusal that the loser of a race becomes, or as a success whose
    /// pass could not be signed.
    is_written: bool,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(id: ExchangeId, now: Timestamp, request: &'a Request) -> Self {
        let role = request.asked.role();
        let is_name = role.chars().count() <= MAX_ROLE_CHARS && !role.contains(char::is_control);
        let record = ExchangeRecord {
            role: is_name.then(|| role.to_owned()),
            request_id: Some(request.origin.request_id),
            ..ExchangeRecord::new(id, now, request.origin.face, &request.origin.source)
        };
        Self {
            record: Arc::new(record),
            request,
            key: None,
            owner: NOBODY.to_owned(),
            is_named: false,
            is_written: false,
        }
    }

    pub(crate) fn id(&self) -> ExchangeId {
        self.record.id
    }

    /// The name of the registered issuer that the token claims, if that is known yet.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.record.issuer.as_deref()
    }

    /// Notes which registered issuer the token claims. Until it is verified, nothing else of it is worth a record.
    pub(crate) fn claims_issuer(&mut self, issuer: &RegisteredIssuer) {
        Arc::make_mut(&mut self.record).issuer = Some(issuer.name.clone());
    }

    /// Notes by which key the token was verified.
    pub(crate) fn verified_by(&mut self, key: KeyUsed) {
        self.key = Some(key);
    }

    /// Notes who asked and what policy said.
    pub(crate) fn decided(
        &mut self,
        workload: &Workload,
        standing: &Standing,
        decision: &Decision,
        policy: &Policy,
    ) {
        let (repository, run) = (workload.repository(), workload.run());
        let owner = repository.owner_external_id.as_deref().unwrap_or(&repository.external_id);
        self.owner = format!("{}:{owner}", workload.issuer_name());
        self.is_named = standing.onboarded.is_some() || policy.names_owner(workload.issuer_name(), owner);
        let record = Arc::make_mut(&mut self.record);
        record.issuer = Some(workload.issuer_name().to_owned());
        record.repository_id = Some(repository.external_id.clone());
        record.repository.clone_from(&repository.path);
        record.owner_id.clone_from(&repository.owner_external_id);
        record.owner.clone_from(&repository.owner_name);
        record.run_id.clone_from(&run.id);
        record.job.clone_from(&run.job);
        record.event.clone_from(&run.event);
        record.git_ref.clone_from(&run.git_ref);
        record.project_id = standing.onboarded.as_ref().map(|project| project.id);
        record.policy_version = Some(policy.version().to_owned());
        record.claims = serde_json::to_string(&workload.recordable_claims(decision.tested_claims())).ok();
        let explanation = Explanation { trace: decision.trace(), key: self.key.as_ref() };
        record.trace = serde_json::to_string(&explanation).ok();
    }

    /// Makes the exchange and the spending of its token durable. Nothing is given before this returned.
    pub(crate) async fn record(
        &mut self,
        app: &App,
        pass: &Unrecorded<UnsignedPass>,
        spend: Spend,
        mut span: Span,
    ) -> Result<Recorded, Refusal> {
        let record = Arc::make_mut(&mut self.record);
        record.outcome = Outcome::Success;
        record.credentials = vec![pass.record().clone()];
        let asked_at = app.monotonic();
        let answer = app.store().ledger().record(Arc::clone(&self.record), Some(spend)).await;
        app.metrics().ledger_waited(app.monotonic().saturating_sub(asked_at));
        self.is_written = matches!(answer, Ok(_) | Err(LedgerFault::AlreadySpent { .. }));
        if let Ok(recorded) = &answer {
            span.say(|| Attribute::BatchSize(recorded.batch_size()));
        }
        span.ends(answer.map_err(|fault| Refusal::of_ledger(&fault)))
    }

    /// Hands a dry run that would have given something to the ledger. Nothing waits for it: nothing has been given.
    pub(crate) fn rehearse(self, app: &App, terms: &Terms) {
        let mut record = Arc::unwrap_or_clone(self.record);
        record.outcome = Outcome::DryRun;
        let (audience, scopes) = (&terms.audience, terms.scopes.join(" "));
        record.detail = Some(format!("would give a pass for {audience} with {scopes}"));
        app.store().ledger().refuse(record);
    }

    /// Logs the refusal, and hands it to the ledger unless a stranger has had his share.
    pub(crate) fn refuse(self, app: &App, refusal: &Refusal) {
        tracing::info!(
            exchange.id = %self.record.id,
            face = self.request.origin.face,
            source = %self.request.origin.source,
            issuer = self.record.issuer.as_deref(),
            repository = self.record.repository.as_deref(),
            role = self.record.role.as_deref(),
            code = %refusal.code,
            internal = refusal.internal.as_deref(),
            trace_id = self.request.origin.trace.id().map(tracing::field::display),
            "refused"
        );
        if self.is_written || !(self.is_named || app.sampler().takes(&self.owner, self.record.at)) {
            return;
        }
        let is_dry_run = self.request.asked.dry_run;
        let mut record = Arc::unwrap_or_clone(self.record);
        record.outcome = if is_dry_run { Outcome::DryRun } else { Outcome::Refused };
        record.credentials.clear();
        record.code = Some(refusal.code.as_str().to_owned());
        record.detail = refusal.internal.clone().or_else(|| Some(refusal.detail.clone()));
        app.store().ledger().refuse(record);
    }
}
