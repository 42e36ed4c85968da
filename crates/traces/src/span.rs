//! Spans that are open, and the place in a trace at which the next one begins.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attribute::Attribute;
use crate::caller::Caller;
use crate::id::{SpanId, TraceId};
use crate::recording::{PastSpan, Recording};
use crate::step::{Kind, Step};

/// What is said of a span that was left before it came to an end: the client has hung up, say.
const CANCELLED: &str = "cancelled";

/// The place in a trace at which the next span begins. Where nothing is traced it is a `None`, and so is every span below it.
#[derive(Clone, Default)]
pub struct Trace(Option<Place>);

#[derive(Clone)]
struct Place {
    recording: Arc<Recording>,
    parent: SpanId,
}

/// A span that is open; it ends when it is dropped.
#[must_use = "a span ends when it is dropped"]
#[derive(Default)]
pub struct Span(Option<Open>);

pub(crate) struct Open {
    recording: Arc<Recording>,
    id: SpanId,
    parent: Option<SpanId>,
    name: String,
    kind: Kind,
    began: Duration,
    attributes: Vec<Attribute>,
    fault: Option<Cow<'static, str>>,
    caller: Option<Caller>,
}

/// A fetch that is over when it is told of, by the clock that never goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// From where: a host.
    pub host: String,
    /// Why it was for nothing, if it was: a code of a closed list.
    pub fault: Option<&'static str>,
}

/// A failure with a code of a closed list, which is all that a span says of it.
pub trait Coded {
    /// The code.
    fn code(&self) -> &'static str;
}

impl Trace {
    /// Begins a step.
    pub fn step(&self, step: Step) -> Span {
        Span(self.0.as_ref().map(|place| {
            Open::new(&place.recording, Some(place.parent), step.name().to_owned(), step.kind())
        }))
    }

    /// Keeps a fetch that is over.
    pub fn fetched(&self, fetch: Fetch) {
        let mut span = self.step(Step::FetchKeys);
        let Some(open) = &mut span.0 else { return };
        open.began = fetch.began;
        open.attributes.push(Attribute::Server(fetch.host));
        open.fault = fetch.fault.map(Cow::Borrowed);
        span.end_at(Some(fetch.ended));
    }

    /// Its id, where the request is traced: under it people find the spans.
    pub fn id(&self) -> Option<TraceId> {
        self.0.as_ref().map(|place| place.recording.trace_id())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.id()).finish()
    }
}

impl Span {
    /// The span at the top of a trace.
    pub(crate) fn top(recording: &Arc<Recording>, name: String, caller: Option<Caller>) -> Self {
        let mut open = Open::new(recording, None, name, Kind::Server);
        open.caller = caller;
        Self(Some(open))
    }

    /// The place below it.
    pub fn inside(&self) -> Trace {
        let place = |open: &Open| Place { recording: Arc::clone(&open.recording), parent: open.id };
        Trace(self.0.as_ref().map(place))
    }

    /// Says something. What it says is made only where somebody listens.
    pub fn say(&mut self, attribute: impl FnOnce() -> Attribute) {
        if let Some(open) = &mut self.0 {
            open.attributes.push(attribute());
        }
    }

    /// Ends a step with what came out of it: a failure is told by its code. A method of the span, so that in
    /// `trace.step(step).ends(work().await)` the span begins before the work does.
    pub fn ends<T, E: Coded>(mut self, outcome: Result<T, E>) -> Result<T, E> {
        self.fails_with(outcome.as_ref().err().map(Coded::code));
        outcome
    }

    /// Ends a step that cannot fail.
    pub fn ends_well<T>(mut self, outcome: T) -> T {
        self.fails_with(None);
        outcome
    }

    /// Ends the span of a request. A server's fault is a failure; what a client has done wrong is none (semantic conventions
    /// of OpenTelemetry, HTTP server spans).
    pub fn answers(mut self, status: u16) {
        self.say(|| Attribute::Status(status));
        let Some(open) = &mut self.0 else { return };
        open.fault = (status >= 500).then(|| Cow::Owned(status.to_string()));
        self.end_at(None);
    }

    fn fails_with(&mut self, code: Option<&'static str>) {
        let Some(open) = &mut self.0 else { return };
        open.fault = code.map(Cow::Borrowed);
        self.end_at(None);
    }

    fn end_at(&mut self, moment: Option<Duration>) {
        if let Some(open) = self.0.take() {
            open.end(moment);
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(open) = &mut self.0 {
            open.fault = Some(Cow::Borrowed(CANCELLED));
        }
        self.end_at(None);
    }
}

impl Open {
    fn new(recording: &Arc<Recording>, parent: Option<SpanId>, name: String, kind: Kind) -> Self {
        let recording = Arc::clone(recording);
        let (id, began) = (recording.span_id(), recording.monotonic());
        let (attributes, fault, caller) = Default::default();
        Self { recording, id, parent, name, kind, began, attributes, fault, caller }
    }

    /// At this moment, or now.
    fn end(self, moment: Option<Duration>) {
        let Self { recording, id, parent, name, kind, began, mut attributes, fault, caller } = self;
        let ended = moment.unwrap_or_else(|| recording.monotonic());
        attributes.extend(fault.clone().map(Attribute::Error));
        let fault = fault.map(Cow::into_owned);
        let (began, ended) = (recording.unix_nanos(began), recording.unix_nanos(ended));
        recording.keep(PastSpan { id, parent, name, kind, began, ended, attributes, fault, caller });
    }
}
