//! The server below HTTP: its parts, made once at start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daypass_fetch::{Fetcher, Resolve};
use daypass_jose::jwk::VerifyingKey;
use daypass_jose::{Clock, Random, Timestamp};
use daypass_keys::IssuerKeys;
use daypass_policy::{Finding, RegisteredIssuer};
use daypass_store::{Store, StoreFault};
use daypass_traces::Traces;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::audit_stream::AuditStream;
use crate::config::{Config, PublicUrl};
use crate::metrics::{IssuerState, Metrics, State};
use crate::policy_source::LivePolicy;
use crate::readiness::Readiness;
use crate::refusal::{Code, Refusal};
use crate::sampling::Sampler;
use crate::signing_keys::PassKeys;
use crate::start_fault::StartFault;

/// Verified exchanges that are worked on at once; more wait, and after [`EXCHANGE_WAIT`] are told to come back.
pub const MAX_EXCHANGES: usize = 512;
/// How long an exchange waits for its turn.
pub const EXCHANGE_WAIT: Duration = Duration::from_secs(2);

/// All that the use cases work with.
pub struct App {
    public_url: PublicUrl,
    loopback_only: bool,
    issuers: Vec<RegisteredIssuer>,
    issuer_keys: IssuerKeys,
    pass_keys: PassKeys,
    policy: LivePolicy,
    store: Store,
    project_audience: String,
    keep_exchanges_seconds: Option<i64>,
    sampler: Sampler,
    audit_stream: Option<Arc<AuditStream>>,
    /// Forgotten before the stream of the ledger had delivered them.
    lost_exchanges: AtomicU64,
    metrics: Metrics,
    traces: Arc<Traces>,
    turns: Semaphore,
    readiness: Arc<Readiness>,
    clock: Arc<dyn Clock>,
    started: (Timestamp, Duration),
    rng: Arc<dyn Random>,
}

/// What the outside hands in: the store and the sources of time, randomness and addresses.
pub struct Parts {
    /// The open store.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub rng: Arc<dyn Random>,
    /// Gives the addresses of names.
    pub resolver: Arc<dyn Resolve>,
}

impl App {
    /// Starts the server below HTTP: compiles the policy, opens or makes the signing keys. Gives the policy's
    /// warnings beside it.
    pub async fn start(config: Config, parts: Parts) -> Result<(Self, Vec<Finding>), StartFault> {
        let Parts { store, clock, rng, resolver } = parts;
        let project_audience = config.policy_context.projects.audience.clone();
        let (policy, warnings) = LivePolicy::load(config.policy_dir, config.policy_context)?;
        let pass_keys =
            PassKeys::load(&store, config.encryption_key, config.pass_keys, (clock.as_ref(), rng.as_ref()))
                .await?;
        let fetcher = Fetcher::with_resolver(&config.outbound, resolver)?;
        let (issuers, key_settings) =
            config.issuers.into_iter().map(|issuer| (issuer.registered, issuer.keys)).unzip();
        let traces = match config.traces {
            Some(settings) => Traces::new(settings, fetcher.clone(), Arc::clone(&clock), Arc::clone(&rng)),
            None => Traces::default(),
        };
        let traces = Arc::new(traces);
        let forgets = config.keep_exchanges_seconds.is_some();
        let stream = config.audit_stream.map(|settings| {
            let outside = (Arc::clone(&clock), rng.as_ref());
            Arc::new(AuditStream::new(settings, forgets, store.clone(), fetcher.clone(), outside))
        });
        let app = Self {
            public_url: config.public_url,
            loopback_only: config.loopback_only,
            issuers,
            issuer_keys: IssuerKeys::new(key_settings, fetcher, Arc::clone(&clock)),
            pass_keys,
            policy,
            store,
            project_audience,
            keep_exchanges_seconds: config.keep_exchanges_seconds,
            sampler: Sampler::default(),
            audit_stream: stream,
            lost_exchanges: AtomicU64::new(0),
            metrics: Metrics::new().map_err(|fault| StartFault::Metrics(fault.to_string()))?,
            traces,
            turns: Semaphore::new(MAX_EXCHANGES),
            readiness: Arc::default(),
            started: (clock.now(), clock.monotonic()),
            clock,
            rng,
        };
        Ok((app, warnings))
    }

    /// The address of this server.
    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// The registered issuer of exactly this URL.
    pub fn issuer(&self, claimed: &str) -> Option<&RegisteredIssuer> {
        self.issuers.iter().find(|issuer| issuer.url.as_str() == claimed)
    }

    /// Every registered issuer.
    pub fn issuers(&self) -> &[RegisteredIssuer] {
        &self.issuers
    }

    /// Key sets of the issuers.
    pub fn issuer_keys(&self) -> &IssuerKeys {
        &self.issuer_keys
    }

    /// Keys of the passes.
    pub fn pass_keys(&self) -> &PassKeys {
        &self.pass_keys
    }

    /// Looks at the keys of passes in the store, and rotates them when it is time.
    pub async fn tend_pass_keys(&self) {
        let outside = (self.clock.as_ref(), self.rng.as_ref());
        self.pass_keys.tend(&self.store, outside, self.time_without_jumps()).await;
    }

    /// The key of this id that verifies passes.
    pub(crate) async fn verifying_key(&self, key_id: Option<&str>) -> Result<Arc<VerifyingKey>, Refusal> {
        self.pass_keys.verifying(key_id, &self.store, self.clock.as_ref()).await
    }

    /// The policy in force.
    pub fn policy(&self) -> &LivePolicy {
        &self.policy
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether the store takes a write that becomes durable, asked at most once in [`crate::READINESS_KEPT`].
    ///
    /// # Errors
    /// What the store said.
    pub async fn store_answers(&self) -> Result<(), StoreFault> {
        Arc::clone(&self.readiness).ask(self.store.clone(), Arc::clone(&self.clock)).await
    }

    /// What sends exchanges on, where the settings say so.
    pub fn audit_stream(&self) -> Option<&Arc<AuditStream>> {
        self.audit_stream.as_ref()
    }

    /// Counts exchanges that were forgotten before the stream had delivered them.
    pub(crate) fn count_lost(&self, exchanges: u64) {
        self.lost_exchanges.fetch_add(exchanges, Ordering::Relaxed);
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Spans of requests, where the settings want them.
    pub fn traces(&self) -> &Arc<Traces> {
        &self.traces
    }

    /// Everything that is counted and how the server stands, as text for Prometheus in [`crate::metrics::TEXT_FORMAT`].
    ///
    /// # Errors
    /// It cannot be written as text, by a slip of this program.
    pub fn scrape(&self) -> Result<String, String> {
        let policy = self.policy.snapshot();
        let keys = self.issuer_keys.states();
        let issuers = keys.iter().filter_map(|keys| {
            let issuer = self.issuers.iter().find(|issuer| issuer.url == keys.issuer)?;
            Some(IssuerState {
                name: &issuer.name,
                keys: keys.keys,
                age_seconds: keys.age_seconds,
                is_failing: keys.last_fault.is_some(),
            })
        });
        let state = State {
            issuers: issuers.collect(),
            ledger: self.store.ledger().statistics(),
            policy_version: policy.version(),
            is_newer_policy_refused: self.policy.is_newer_refused(),
            are_pass_keys_usable: self.pass_keys.are_usable(self.monotonic()),
            spans: self.traces.statistics(),
            audit_stream: self.audit_stream.as_ref().map(|stream| stream.sight()),
            lost_exchanges: self.lost_exchanges.load(Ordering::Relaxed),
        };
        self.metrics.text(&state).map_err(|fault| fault.to_string())
    }

    /// The audience of passes for onboarded projects.
    pub fn project_audience(&self) -> &str {
        &self.project_audience
    }

    /// Tells the time; a request asks once.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time without what the clock was set forward since the start. What forgets goes by it: forgotten early, a
    /// spent token could be used again as soon as the clock is set back, and a signing key be missed by all other servers.
    pub fn time_without_jumps(&self) -> Timestamp {
        self.now().min(self.time_by_what_passed())
    }

    /// How far the clock was set forward since the start; nothing where it was set back.
    pub fn set_forward(&self) -> Duration {
        let millis = self.now().millis_since(self.time_by_what_passed());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The time at the start, and what has passed since.
    fn time_by_what_passed(&self) -> Timestamp {
        let (start, monotonic) = self.started;
        let passed = self.clock.monotonic().saturating_sub(monotonic);
        start.plus_seconds(i64::try_from(passed.as_secs()).unwrap_or(i64::MAX))
    }

    /// For how many seconds exchanges are kept; `None` where they are kept for ever.
    pub fn keep_exchanges_seconds(&self) -> Option<i64> {
        self.keep_exchanges_seconds
    }

    /// From when exchanges are kept; `None` where they are kept for ever.
    pub fn keeps_exchanges_from(&self) -> Option<Timestamp> {
        let kept = self.keep_exchanges_seconds?;
        Some(self.time_without_jumps().plus_seconds(kept.saturating_neg()))
    }

    /// Time on the clock that never goes back.
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Gives randomness.
    pub fn rng(&self) -> &dyn Random {
        self.rng.as_ref()
    }

    /// A place among the exchanges that are worked on. It is asked for after the token is verified: whoever waits for an
    /// issuer, or brings a forgery, must keep nobody else waiting.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        match tokio::time::timeout(EXCHANGE_WAIT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Refusal::new(Code::Overloaded)),
        }
    }

    pub(crate) fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    pub(crate) fn takes_emulated_tokens(&self) -> bool {
        self.loopback_only
    }
}
