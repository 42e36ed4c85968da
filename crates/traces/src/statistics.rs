//! What became of spans.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why spans did not reach the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// Too many waited.
    QueueFull,
    /// The collector could not be reached, or not in time.
    Unreachable,
    /// The collector answered with another status than 200.
    Refused,
    /// The collector took the request and said that it does not take all of its spans.
    Rejected,
    /// The server ended before.
    Ended,
}

impl Drop {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::QueueFull, Self::Unreachable, Self::Refused, Self::Rejected, Self::Ended];

    /// Its name, as metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
        }
    }
}

/// What became of spans since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanStatistics {
    /// Spans that the collector has taken.
    pub exported: u64,
    /// Spans that were dropped since too many waited.
    pub queue_full: u64,
    /// Spans that were dropped since the collector was not reached.
    pub unreachable: u64,
    /// Spans that the collector refused by its status.
    pub refused: u64,
    /// Spans that the collector did not take out of a request that it took.
    pub rejected: u64,
    /// Spans that the end of the server has overtaken.
    pub ended: u64,
}

impl SpanStatistics {
    /// The spans that were dropped for this reason.
    pub const fn dropped(&self, why: Drop) -> u64 {
        match why {
            Drop::QueueFull => self.queue_full,
            Drop::Unreachable => self.unreachable,
            Drop::Refused => self.refused,
            Drop::Rejected => self.rejected,
            Drop::Ended => self.ended,
        }
    }
}

#[derive(Default)]
pub(crate) struct Counters {
    exported: AtomicU64,
    queue_full: AtomicU64,
    unreachable: AtomicU64,
    refused: AtomicU64,
    rejected: AtomicU64,
    ended: AtomicU64,
}

impl Counters {
    pub(crate) fn exported(&self, spans: usize) {
        add(&self.exported, spans);
    }

    pub(crate) fn dropped(&self, why: Drop, spans: usize) {
        let counter = match why {
            Drop::QueueFull => &self.queue_full,
            Drop::Unreachable => &self.unreachable,
            Drop::Refused => &self.refused,
            Drop::Rejected => &self.rejected,
            Drop::Ended => &self.ended,
        };
        add(counter, spans);
    }

    pub(crate) fn statistics(&self) -> SpanStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SpanStatistics {
            exported: read(&self.exported),
            queue_full: read(&self.queue_full),
            unreachable: read(&self.unreachable),
            refused: read(&self.refused),
            rejected: read(&self.rejected),
            ended: read(&self.ended),
        }
    }
}

fn add(counter: &AtomicU64, spans: usize) {
    counter.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
}
