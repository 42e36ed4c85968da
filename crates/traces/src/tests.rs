//! Which requests are traced, what their spans come to, and that none of them is lost without being counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound};
use daypass_jose::ids::RequestId;
use daypass_jose::{Clock, Random, Timestamp};
use tokio::sync::mpsc;

use crate::recording::{Queue, Recorded, Recording};
use crate::statistics::Counters;
use crate::{
    ALL_PER_MILLION, Attribute, Coded, Fetch, MAX_SPANS, MAX_WAITING, Root, SecretHeaders, Span, Step,
    TraceSettings, Traces,
};

/// Counts up: a second a look.
#[derive(Default)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// `SplitMix64`: numbers that are spread evenly.
#[derive(Default)]
struct Spread(AtomicU64);

impl Random for Spread {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = mixed ^ (mixed >> 31);
        bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, random)| *byte = random);
    }
}

struct Refused;

impl Coded for Refused {
    fn code(&self) -> &'static str {
        "refused"
    }
}

fn root() -> Root {
    let request_id = RequestId::new(Timestamp::from_millis(0), &Spread::default());
    let (route, path) = ("/x".to_owned(), "/x".to_owned());
    Root { method: "GET", route, path, scheme: "https", request_id, caller: None }
}

/// To an address of this machine at which nobody is.
fn traces(sampled_per_million: u32) -> Traces {
    let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
    let settings = TraceSettings {
        url: "http://127.0.0.1:1/v1/traces".to_owned(),
        endpoint: Endpoint::new(rules),
        headers: SecretHeaders::default(),
        sampled_per_million,
        service_name: "daypass".to_owned(),
    };
    let fetcher = Fetcher::new(&Outbound::default()).unwrap();
    Traces::new(settings, fetcher, Arc::new(Ticks::default()), Arc::new(Spread::default()))
}

/// The spans of a request that `work` goes through.
fn recorded(work: impl FnOnce(Span)) -> Recorded {
    let (sender, mut waiting) = mpsc::channel(1);
    let queue = Queue { sender, counters: Arc::<Counters>::default() };
    let rng = Arc::new(Spread::default());
    let trace_id = crate::TraceId::new(rng.as_ref());
    let recording = Arc::new(Recording::new(trace_id, Arc::new(Ticks::default()), rng, queue));
    let span = Span::top(&recording, "top".to_owned(), None);
    drop(recording);
    work(span);
    waiting.try_recv().unwrap()
}

#[test]
fn a_request_is_kept_until_its_last_span_has_ended() {
    let recorded = recorded(|top| {
        let exchange = top.inside().step(Step::Exchange);
        assert_eq!(exchange.inside().step(Step::Parse).ends(Ok::<_, Refused>(7)).ok(), Some(7));
        let failed: Result<(), Refused> = exchange.inside().step(Step::Decide).ends(Err(Refused));
        assert!(exchange.ends(failed).is_err());
        top.answers(403);
    });
    let told: Vec<_> =
        recorded.spans.iter().map(|span| (span.name.as_str(), span.fault.as_deref())).collect();
    let wanted =
        [("parse token", None), ("decide", Some("refused")), ("exchange", Some("refused")), ("top", None)];
    assert_eq!(told, wanted);
    let [parse, decide, exchange, top] = &recorded.spans[..] else { panic!("four") };
    assert_eq!(
        (parse.parent, decide.parent, exchange.parent),
        (Some(exchange.id), Some(exchange.id), Some(top.id))
    );
    assert_eq!(top.parent, None);
    // The moment of the recording is second 0 of the clock.
    assert_eq!((top.began, top.ended), (1_001_000_000_000, 1_008_000_000_000));
    assert_eq!((parse.began, parse.ended), (1_003_000_000_000, 1_004_000_000_000));
}

#[test]
fn a_fault_of_the_server_is_a_failure_of_the_request_and_one_of_the_client_is_none() {
    for (status, fault) in [(200, None), (403, None), (500, Some("500")), (503, Some("503"))] {
        let recorded = recorded(|top| top.answers(status));
        assert_eq!(recorded.spans[0].fault.as_deref(), fault);
        assert!(recorded.spans[0].attributes.contains(&Attribute::Status(status)));
    }
}

#[test]
fn a_request_whose_client_has_hung_up_is_told_as_such() {
    let recorded = recorded(|top| {
        let _exchange = top.inside().step(Step::Exchange);
    });
    assert!(recorded.spans.iter().all(|span| span.fault.as_deref() == Some("cancelled")));
    assert_eq!(recorded.spans.len(), 2);
}

#[test]
fn a_fetch_is_kept_with_its_own_times() {
    let recorded = recorded(|top| {
        let (began, ended) = (Duration::from_secs(100), Duration::from_secs(105));
        top.inside().fetched(Fetch { began, ended, host: "ci.example".to_owned(), fault: Some("away") });
        top.answers(503);
    });
    let fetch = &recorded.spans[0];
    assert_eq!((fetch.began, fetch.ended), (1_100_000_000_000, 1_105_000_000_000));
    assert_eq!(fetch.fault.as_deref(), Some("away"));
}

#[test]
fn a_request_has_so_many_spans_and_no_more() {
    let recorded = recorded(|top| {
        let place = top.inside();
        for _ in 0..MAX_SPANS * 2 {
            place.step(Step::Parse).ends(Ok::<_, Refused>(())).unwrap_or(());
        }
        drop(place);
        top.answers(200);
    });
    assert_eq!(recorded.spans.len(), MAX_SPANS);
}

#[test]
fn where_nothing_is_traced_nothing_is_made() {
    let off = Traces::default();
    let mut span = off.begin(|| unreachable!("nobody asks"));
    span.say(|| unreachable!("nobody listens"));
    assert_eq!(span.inside().id(), None);
    let step = span.inside().step(Step::Exchange);
    assert!(step.ends(Err::<(), _>(Refused)).is_err());
    assert!(!off.is_on());
    assert_eq!(off.statistics(), crate::SpanStatistics::default());
}

#[tokio::test]
async fn as_many_requests_are_traced_as_the_ratio_says() {
    for (ratio, least, most) in [(0, 0, 0), (ALL_PER_MILLION / 4, 450, 550), (ALL_PER_MILLION, 2_000, 2_000)]
    {
        let traces = traces(ratio);
        let sampled = (0..2_000).filter(|_| traces.begin(root).inside().id().is_some()).count();
        assert!((least..=most).contains(&sampled), "{sampled} of {ratio}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_dropped_and_what_reaches_nobody_is_counted_too() {
    let traces = traces(ALL_PER_MILLION);
    for _ in 0..MAX_WAITING + 5 {
        traces.begin(root).answers(200);
    }
    assert_eq!(traces.statistics().queue_full, 5);
    traces.flush().await;
    let told = traces.statistics();
    let waited = u64::try_from(MAX_WAITING).unwrap();
    assert_eq!((told.exported, told.unreachable + told.ended), (0, waited));
}
