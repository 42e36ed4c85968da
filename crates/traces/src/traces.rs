//! The tracing of one server: which requests are traced, and the queue of what has ended.

use std::sync::Arc;

use daypass_fetch::Fetcher;
use daypass_jose::ids::RequestId;
use daypass_jose::{Clock, Random};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::attribute::Attribute;
use crate::caller::Caller;
use crate::collector::Collector;
use crate::exporter::{Exporter, FLUSH_DEADLINE, MAX_WAITING};
use crate::id::TraceId;
use crate::otlp::Resource;
use crate::recording::{Queue, Recording};
use crate::settings::{ALL_PER_MILLION, TraceSettings};
use crate::span::Span;
use crate::statistics::{Counters, SpanStatistics};

/// The tracing of one server; off unless the settings say where spans go.
#[derive(Default)]
pub struct Traces(Option<On>);

struct On {
    sampled_per_million: u32,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Random>,
    queue: Queue,
    /// Held by the job that exports, for as long as it runs.
    exporter: Mutex<Exporter>,
}

/// A request to this server.
pub struct Root {
    /// Its method, as the semantic conventions of OpenTelemetry write it.
    pub method: &'static str,
    /// The route that it matches, as the table of routes writes it.
    pub route: String,
    /// Its path.
    pub path: String,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Under which the answer names it.
    pub request_id: RequestId,
    /// The span from which it comes, by the word of a proxy that is trusted.
    pub caller: Option<Caller>,
}

impl Traces {
    /// To the collector of these settings.
    pub fn new(
        settings: TraceSettings,
        fetcher: Fetcher,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Random>,
    ) -> Self {
        let (sender, waiting) = mpsc::channel(MAX_WAITING);
        let counters = Arc::<Counters>::default();
        let sampled_per_million = settings.sampled_per_million;
        let resource = Resource::new(&settings.service_name, rng.as_ref());
        let collector = Collector::new(settings, fetcher);
        let exporter = Exporter::new(waiting, collector, resource, Arc::clone(&counters));
        let queue = Queue { sender, counters };
        Self(Some(On { sampled_per_million, clock, rng, queue, exporter: Mutex::new(exporter) }))
    }

    /// Whether spans go anywhere.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The span of a request, at the top of a new trace; an empty one where the request is not traced. Which ones are is chosen
    /// here, by chance alone.
    pub fn begin(&self, root: impl FnOnce() -> Root) -> Span {
        let Some(on) = &self.0 else { return Span::default() };
        let trace_id = TraceId::new(on.rng.as_ref());
        let chance = trace_id.chance().checked_rem(u64::from(ALL_PER_MILLION));
        if chance.is_none_or(|chance| chance >= u64::from(on.sampled_per_million)) {
            return Span::default();
        }
        let Root { method, route, path, scheme, request_id, caller } = root();
        let (clock, rng) = (Arc::clone(&on.clock), Arc::clone(&on.rng));
        let recording = Arc::new(Recording::new(trace_id, clock, rng, on.queue.clone()));
        let mut span = Span::top(&recording, format!("{method} {route}"), caller);
        for attribute in [
            Attribute::Method(method),
            Attribute::Route(route),
            Attribute::Path(path),
            Attribute::Scheme(scheme),
            Attribute::Request(request_id),
        ] {
            span.say(|| attribute);
        }
        span
    }

    /// Sends spans to the collector, until dropped. Where there is none, it does nothing, and never returns.
    pub async fn export(&self) {
        match &self.0 {
            Some(on) => on.exporter.lock().await.run().await,
            None => std::future::pending().await,
        }
    }

    /// Sends what waits, for at most [`FLUSH_DEADLINE`], once nothing exports any more.
    pub async fn flush(&self) {
        let Some(on) = &self.0 else { return };
        if let Ok(mut exporter) = timeout(FLUSH_DEADLINE, on.exporter.lock()).await {
            exporter.flush().await;
        }
    }

    /// What became of spans so far.
    pub fn statistics(&self) -> SpanStatistics {
        self.0.as_ref().map(|on| on.queue.counters.statistics()).unwrap_or_default()
    }
}
