//! What is looked at only when somebody asks: how things stand now.

use daypass_store::LedgerStatistics;
use daypass_traces::{DropReason, SpanStatistics};
use prometheus::{
    Encoder as _, Error, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::{Metrics, registered};
use crate::audit_stream::StreamSight;

/// How a server stands.
pub(crate) struct State<'a> {
    pub(crate) issuers: Vec<IssuerState<'a>>,
    pub(crate) ledger: LedgerStatistics,
    pub(crate) policy_version: &'a str,
    pub(crate) is_newer_policy_refused: bool,
    /// Whether a key signs, and it is known that it is not revoked.
    pub(crate) are_pass_keys_usable: bool,
    pub(crate) spans: SpanStatistics,
    /// Where there is a stream.
    pub(crate) audit_stream: Option<StreamSight>,
    /// Exchanges that this server has forgotten before a stream had delivered them.
    pub(crate) lost_exchanges: u64,
}

/// How the keys of one issuer stand.
pub(crate) struct IssuerState<'a> {
    pub(crate) name: &'a str,
    pub(crate) keys: usize,
    pub(crate) age_seconds: Option<u64>,
    pub(crate) is_failing: bool,
}

impl Metrics {
    /// All of it, as text for Prometheus.
    pub(crate) fn text(&self, state: &State<'_>) -> Result<String, Error> {
        let now = Registry::new();
        issuers(&now, &state.issuers)?;
        ledger(&now, &state.ledger)?;
        policy(&now, state)?;
        spans(&now, &state.spans)?;
        gauge(
            &now,
            "daypass_signing_keys_usable",
            "Whether a key signs passes, and is known not to be revoked.",
            i64::from(state.are_pass_keys_usable),
        )?;
        if let Some(stream) = &state.audit_stream {
            audit_stream(&now, stream)?;
        }
        lost(&now, state)?;
        info(&now, "daypass_build_info", "The version of this server.", env!("CARGO_PKG_VERSION"))?;
        let mut families = self.registry.gather();
        families.extend(now.gather());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        String::from_utf8(text).map_err(|fault| Error::Msg(fault.to_string()))
    }
}

fn issuers(now: &Registry, states: &[IssuerState<'_>]) -> Result<(), Error> {
    let vec = |name: &str, help: &str| registered(now, IntGaugeVec::new(Opts::new(name, help), &["issuer"])?);
    let keys = vec("daypass_issuer_keys", "Usable keys of an issuer that are held.")?;
    let age = vec(
        "daypass_issuer_keys_age_seconds",
        "Age of the key set of an issuer, where one is held that ages.",
    )?;
    let failing = vec(
        "daypass_issuer_keys_failing",
        "Whether the last attempt to fetch the keys of an issuer failed.",
    )?;
    for state in states {
        let labels = [state.name];
        keys.get_metric_with_label_values(&labels)?.set(whole(state.keys));
        if let Some(seconds) = state.age_seconds {
            age.get_metric_with_label_values(&labels)?.set(whole(seconds));
        }
        failing.get_metric_with_label_values(&labels)?.set(i64::from(state.is_failing));
    }
    Ok(())
}

fn ledger(now: &Registry, written: &LedgerStatistics) -> Result<(), Error> {
    for (name, help, value) in [
        ("daypass_ledger_commits_total", "Commits of the ledger.", written.commits),
        (
            "daypass_ledger_requests_total",
            "Requests that commits of the ledger took along.",
            written.requests,
        ),
        (
            "daypass_ledger_refusals_dropped_total",
            "Records of refusals that were lost since too many waited, or the store was away.",
            written.refusals_dropped,
        ),
    ] {
        registered(now, IntCounter::new(name, help)?)?.inc_by(value);
    }
    Ok(())
}

/// On every server: each forgets what is old, whichever delivers.
fn lost(now: &Registry, state: &State<'_>) -> Result<(), Error> {
    let unreadable = state.audit_stream.as_ref().map_or(0, |stream| stream.unreadable);
    let help = "Exchanges that no audit stream delivers: forgotten before, or passed over.";
    let lost = registered(now, IntCounter::new("daypass_audit_stream_lost_total", help)?)?;
    lost.inc_by(state.lost_exchanges.saturating_add(unreadable));
    Ok(())
}

fn spans(now: &Registry, spans: &SpanStatistics) -> Result<(), Error> {
    let exported = IntCounter::new("daypass_spans_exported_total", "Spans that the collector has taken.")?;
    registered(now, exported)?.inc_by(spans.exported);
    let help = "Spans that did not reach the collector, by why.";
    let opts = Opts::new("daypass_spans_dropped_total", help);
    let dropped = registered(now, IntCounterVec::new(opts, &["reason"])?)?;
    for reason in DropReason::ALL {
        dropped.get_metric_with_label_values(&[reason.name()])?.inc_by(spans.dropped(reason));
    }
    Ok(())
}

fn audit_stream(now: &Registry, stream: &StreamSight) -> Result<(), Error> {
    let deliveries = IntCounterVec::new(
        Opts::new(
            "daypass_audit_stream_deliveries_total",
            "Batches of the audit stream, by outcome of each try.",
        ),
        &["outcome"],
    )?;
    let deliveries = registered(now, deliveries)?;
    for (outcome, count) in [("success", stream.delivered), ("failure", stream.failed)] {
        deliveries.get_metric_with_label_values(&[outcome])?.inc_by(count);
    }
    let help = "Exchanges that the audit stream delivered.";
    let exchanges = registered(now, IntCounter::new("daypass_audit_stream_exchanges_total", help)?)?;
    exchanges.inc_by(stream.exchanges);
    for (name, help, value) in [
        (
            "daypass_audit_stream_lag_seconds",
            "Age of the oldest exchange that the audit stream has not delivered.",
            stream.lag_seconds,
        ),
        (
            "daypass_audit_stream_lag_exchanges",
            "Exchanges that the audit stream has not delivered, 10000 at most.",
            whole(stream.lag_exchanges),
        ),
        (
            "daypass_audit_stream_active",
            "Whether this server delivers the audit stream.",
            i64::from(stream.holds),
        ),
    ] {
        gauge(now, name, help, value)?;
    }
    let Some(at) = stream.delivered_at else { return Ok(()) };
    gauge(
        now,
        "daypass_audit_stream_last_success_timestamp_seconds",
        "When the audit stream delivered something last.",
        at.seconds(),
    )
}

fn policy(now: &Registry, state: &State<'_>) -> Result<(), Error> {
    info(now, "daypass_policy_info", "The version of the policy that is in force.", state.policy_version)?;
    gauge(
        now,
        "daypass_policy_newer_refused",
        "Whether the files hold a newer policy that is refused.",
        i64::from(state.is_newer_policy_refused),
    )
}

fn gauge(now: &Registry, name: &str, help: &str, value: i64) -> Result<(), Error> {
    registered(now, IntGauge::new(name, help)?)?.set(value);
    Ok(())
}

fn info(now: &Registry, name: &str, help: &str, version: &str) -> Result<(), Error> {
    let info = registered(now, IntGaugeVec::new(Opts::new(name, help), &["version"])?)?;
    info.get_metric_with_label_values(&[version])?.set(1);
    Ok(())
}

fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
