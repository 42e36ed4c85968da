//! What a scrape shows of what happened.

use super::*;
use crate::audit_stream::StreamSight;
use crate::credential::Terms;

fn state() -> State<'static> {
    State {
        issuers: vec![
            IssuerState { name: "github", keys: 4, age_seconds: Some(7), is_failing: false },
            IssuerState { name: "pinned", keys: 0, age_seconds: None, is_failing: true },
        ],
        ledger: daypass_store::LedgerStatistics { commits: 2, requests: 9, refusals_dropped: 1 },
        policy_version: "abc",
        is_newer_policy_refused: true,
        are_pass_keys_usable: true,
        spans: daypass_traces::SpanStatistics { exported: 12, refused: 5, ..Default::default() },
        audit_stream: Some(StreamSight {
            holds: true,
            lag_seconds: 12,
            lag_exchanges: 34,
            delivered: 5,
            failed: 6,
            exchanges: 56,
            unreadable: 3,
            delivered_at: Some(daypass_jose::Timestamp::from_millis(8_000)),
        }),
        lost_exchanges: 4,
    }
}

#[test]
fn a_scrape_shows_what_was_counted_and_how_things_stand() {
    let metrics = Metrics::new().unwrap();
    let took = Duration::from_millis(3);
    let dry_run = Outcome::DryRun(Terms { audience: String::new(), scopes: Vec::new(), ttl_seconds: 1 });
    for (issuer, outcome) in [
        (Some("github"), Ok(&dry_run)),
        (Some("github"), Err("not_allowed")),
        (Some("github"), Err("not_allowed")),
        (None, Err("issuer_unknown")),
    ] {
        metrics.exchanged(&Ended { face: "seed", issuer, outcome, took });
    }
    metrics.minted("api");
    metrics.ledger_waited(took);
    metrics.answered("/v1.0/config", "401", took);
    let text = metrics.text(&state()).unwrap();
    for line in [
        "daypass_exchanges_total{code=\"\",face=\"seed\",issuer=\"github\",outcome=\"dry_run\"} 1",
        "daypass_exchanges_total{code=\"not_allowed\",face=\"seed\",issuer=\"github\",outcome=\"refused\"} 2",
        "daypass_exchanges_total{code=\"issuer_unknown\",face=\"seed\",issuer=\"\",outcome=\"refused\"} 1",
        "daypass_exchange_duration_seconds_count{face=\"seed\",outcome=\"refused\"} 3",
        "daypass_exchange_duration_seconds_bucket{face=\"seed\",outcome=\"refused\",le=\"0.002\"} 0",
        "daypass_exchange_duration_seconds_bucket{face=\"seed\",outcome=\"refused\",le=\"0.004\"} 3",
        "daypass_credentials_minted_total{kind=\"api\"} 1",
        "daypass_ledger_wait_seconds_count 1",
        "daypass_http_requests_total{route=\"/v1.0/config\",status=\"401\"} 1",
        "daypass_issuer_keys{issuer=\"github\"} 4",
        "daypass_issuer_keys_age_seconds{issuer=\"github\"} 7",
        "daypass_issuer_keys_failing{issuer=\"github\"} 0",
        "daypass_issuer_keys_failing{issuer=\"pinned\"} 1",
        "daypass_ledger_commits_total 2",
        "daypass_ledger_requests_total 9",
        "daypass_ledger_refusals_dropped_total 1",
        "daypass_policy_info{version=\"abc\"} 1",
        "daypass_policy_newer_refused 1",
        "daypass_signing_keys_usable 1",
        "daypass_spans_exported_total 12",
        "daypass_spans_dropped_total{reason=\"refused\"} 5",
        "daypass_spans_dropped_total{reason=\"queue_full\"} 0",
        "daypass_audit_stream_active 1",
        "daypass_audit_stream_lag_seconds 12",
        "daypass_audit_stream_lag_exchanges 34",
        "daypass_audit_stream_deliveries_total{outcome=\"success\"} 5",
        "daypass_audit_stream_deliveries_total{outcome=\"failure\"} 6",
        "daypass_audit_stream_exchanges_total 56",
        "daypass_audit_stream_lost_total 7",
        "daypass_audit_stream_last_success_timestamp_seconds 8",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
    assert!(!text.contains("age_seconds{issuer=\"pinned\"}"), "{text}");
}

#[test]
fn every_metric_is_documented() {
    let documented = include_str!("../../../../docs/metrics.md");
    let metrics = Metrics::new().unwrap();
    let took = Duration::from_millis(1);
    metrics.exchanged(&Ended { face: "seed", issuer: None, outcome: Err("token_malformed"), took });
    metrics.minted("api");
    metrics.answered("", "404", took);
    metrics.unaccounted("github", ["new"].into_iter());
    let text = metrics.text(&state()).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 26, "{names:?}");
    for name in names {
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/metrics.md");
    }
}
