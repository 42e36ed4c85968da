//! One request while it is traced: its spans are kept until the last of them has ended, and go to the queue together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use daypass_jose::{Clock, Random, Timestamp};
use tokio::sync::mpsc;

use crate::attribute::Attribute;
use crate::caller::Caller;
use crate::id::{SpanId, TraceId};
use crate::statistics::{Counters, Drop as Why};
use crate::step::Kind;

/// Spans of one request; the flow has fewer, and what comes beyond is left out.
pub const MAX_SPANS: usize = 32;

/// The spans of a request that has ended.
pub(crate) struct Recorded {
    pub(crate) trace_id: TraceId,
    pub(crate) spans: Vec<PastSpan>,
}

/// A span that has ended.
pub(crate) struct PastSpan {
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Nanoseconds since the epoch.
    pub(crate) began: u64,
    /// Nanoseconds since the epoch.
    pub(crate) ended: u64,
    pub(crate) attributes: Vec<Attribute>,
    /// Why it failed, if it did.
    pub(crate) fault: Option<String>,
    /// The span from which the request came, by the word of somebody else.
    pub(crate) caller: Option<Caller>,
}

/// Where spans go that have ended.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) sender: mpsc::Sender<Recorded>,
    pub(crate) counters: Arc<Counters>,
}

/// A request that is traced. Dropped, it is handed to the queue, or left out and counted where there is no room.
pub(crate) struct Recording {
    trace_id: TraceId,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Random>,
    /// One moment on both clocks: spans are timed by the one that never goes back.
    began: (Timestamp, Duration),
    spans: Mutex<Vec<PastSpan>>,
    queue: Queue,
}

impl Recording {
    pub(crate) fn new(trace_id: TraceId, clock: Arc<dyn Clock>, rng: Arc<dyn Random>, queue: Queue) -> Self {
        let began = (clock.now(), clock.monotonic());
        Self { trace_id, clock, rng, began, spans: Mutex::default(), queue }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    pub(crate) fn span_id(&self) -> SpanId {
        SpanId::new(self.rng.as_ref())
    }

    pub(crate) fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Nanoseconds since the epoch of a moment on the clock that never goes back.
    pub(crate) fn unix_nanos(&self, moment: Duration) -> u64 {
        let (start, monotonic) = self.began;
        let start = u64::try_from(start.millis()).unwrap_or(0).saturating_mul(1_000_000);
        let nanos = |passed: Duration| u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        match moment.checked_sub(monotonic) {
            Some(later) => start.saturating_add(nanos(later)),
            None => start.saturating_sub(nanos(monotonic.saturating_sub(moment))),
        }
    }

    pub(crate) fn keep(&self, span: PastSpan) {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() < MAX_SPANS {
            spans.push(span);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let spans = std::mem::take(self.spans.get_mut().unwrap_or_else(PoisonError::into_inner));
        let count = spans.len();
        // Never waited for: whoever is slow is the collector, and nobody waits for it.
        if self.queue.sender.try_send(Recorded { trace_id: self.trace_id, spans }).is_err() {
            self.queue.counters.dropped(Why::QueueFull, count);
        }
    }
}
