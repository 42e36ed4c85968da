//! What is counted and timed while the server works, in the words of Prometheus.
//!
//! No label holds what a caller has chosen: issuers are those of the settings, codes and faces closed lists, and of claims that
//! no profile knows only so many names are told apart.

mod scrape;
#[cfg(test)]
mod tests;
mod unaccounted;

pub(crate) use scrape::{IssuerState, State};

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    exponential_buckets,
};

use crate::request::Outcome;
use unaccounted::UnaccountedClaims;

/// The media type of [`Metrics`] as text (Prometheus, text-based format).
pub const TEXT_FORMAT: &str = prometheus::TEXT_FORMAT;

/// How an exchange ended that gave nothing.
const REFUSED: &str = "refused";

/// Counters and histograms of one server.
pub struct Metrics {
    registry: Registry,
    exchanges: IntCounterVec,
    exchange_seconds: HistogramVec,
    minted: IntCounterVec,
    requests: IntCounterVec,
    request_seconds: Histogram,
    ledger_seconds: Histogram,
    unaccounted: UnaccountedClaims,
}

/// An exchange that has ended.
pub(crate) struct Ended<'a> {
    pub(crate) face: &'static str,
    /// The name of the registered issuer that the token claims, if it does.
    pub(crate) issuer: Option<&'a str>,
    pub(crate) outcome: Result<&'a Outcome, &'static str>,
    pub(crate) took: Duration,
}

impl Ended<'_> {
    /// How it ended, as metrics and spans write it.
    pub(crate) fn outcome_name(&self) -> &'static str {
        match self.outcome {
            Ok(Outcome::Pass(_)) => "success",
            Ok(Outcome::DryRun(_)) => "dry_run",
            Err(_) => REFUSED,
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        // 0.25 ms to 8 s: the deadlines of fetching keys and of the ledger lie within.
        let buckets = exponential_buckets(0.000_25, 2.0, 16)?;
        let histogram = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(buckets.clone());
        let metrics = Self {
            exchanges: registered(
                &registry,
                IntCounterVec::new(
                    Opts::new("daypass_exchanges_total", "Exchanges that were asked for, by how they ended."),
                    &["face", "issuer", "outcome", "code"],
                )?,
            )?,
            exchange_seconds: registered(
                &registry,
                HistogramVec::new(
                    histogram(
                        "daypass_exchange_duration_seconds",
                        "From the request to its answer, the wait for keys and for the ledger included.",
                    ),
                    &["face", "outcome"],
                )?,
            )?,
            minted: registered(
                &registry,
                IntCounterVec::new(
                    Opts::new("daypass_credentials_minted_total", "Credentials that were given, by kind."),
                    &["kind"],
                )?,
            )?,
            requests: registered(
                &registry,
                IntCounterVec::new(
                    Opts::new("daypass_http_requests_total", "Answers, by route and status."),
                    &["route", "status"],
                )?,
            )?,
            request_seconds: registered(
                &registry,
                Histogram::with_opts(histogram(
                    "daypass_http_request_duration_seconds",
                    "From the head of a request to the head of its answer.",
                ))?,
            )?,
            ledger_seconds: registered(
                &registry,
                Histogram::with_opts(histogram(
                    "daypass_ledger_wait_seconds",
                    "How long a success waited until its record was durable.",
                ))?,
            )?,
            unaccounted: UnaccountedClaims::new(&registry)?,
            registry,
        };
        Ok(metrics)
    }

    pub(crate) fn exchanged(&self, ended: &Ended<'_>) {
        let issuer = ended.issuer.unwrap_or_default();
        let (outcome, code) = (ended.outcome_name(), ended.outcome.err().unwrap_or_default());
        count(&self.exchanges, &[ended.face, issuer, outcome, code]);
        if let Ok(seconds) = self.exchange_seconds.get_metric_with_label_values(&[ended.face, outcome]) {
            seconds.observe(ended.took.as_secs_f64());
        }
    }

    pub(crate) fn minted(&self, kind: &str) {
        count(&self.minted, &[kind]);
    }

    pub(crate) fn ledger_waited(&self, wait: Duration) {
        self.ledger_seconds.observe(wait.as_secs_f64());
    }

    /// Counts the claims of a token that the profile of its issuer does not know.
    pub(crate) fn unaccounted<'a>(&self, issuer: &str, claims: impl Iterator<Item = &'a str>) {
        claims.for_each(|claim| self.unaccounted.count(issuer, claim));
    }

    /// Counts an answer. `route` is the path as the table of routes writes it; empty where there is none.
    pub fn answered(&self, route: &str, status: &str, took: Duration) {
        count(&self.requests, &[route, status]);
        self.request_seconds.observe(took.as_secs_f64());
    }
}

/// A number of labels that is wrong is a slip that the tests find; it must not cost an exchange.
fn count(counters: &IntCounterVec, labels: &[&str]) {
    if let Ok(counter) = counters.get_metric_with_label_values(labels) {
        IntCounter::inc(&counter);
    }
}

fn registered<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> Result<M, Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
