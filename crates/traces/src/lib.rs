//! Spans of requests, and their way to a collector by OTLP.
//!
//! What a span may say is a closed list: [`Step`] and [`Attribute`]. Nothing else of a request gets here, so that no token, key
//! or header can. Without settings there is no [`Traces`] that is on, and a [`Trace`] and a [`Span`] are nothing but a `None`.

mod attribute;
mod caller;
mod collector;
mod exporter;
mod headers;
mod id;
mod otlp;
mod recording;
mod settings;
mod span;
mod statistics;
mod step;
#[cfg(test)]
mod tests;
mod traces;

pub use attribute::Attribute;
pub use caller::Caller;
pub use collector::{EXPORT_DEADLINE, MAX_RETRY_PAUSE};
pub use exporter::{ATTEMPTS, BATCH_DELAY, FLUSH_DEADLINE, MAX_BATCH, MAX_WAITING};
pub use headers::{HeadersFault, MAX_HEADERS, SecretHeaders};
pub use id::TraceId;
pub use recording::MAX_SPANS;
pub use settings::{ALL_PER_MILLION, TraceSettings};
pub use span::{Coded, Fetch, Span, Trace};
pub use statistics::{Drop as DropReason, SpanStatistics};
pub use step::Step;
pub use traces::{Root, Traces};
