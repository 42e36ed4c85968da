//! One delivery: what is sent, what becomes of it, and what an operator is told.

use std::time::Duration;

use daypass_fetch::{FetchFault, Fetcher};
use daypass_jose::Timestamp;
use daypass_store::StoreFault;
use tokio::time::MissedTickBehavior;

use super::batch::{self, Batch, MAX_BATCH_EXCHANGES};
use super::lease::{BEAT_INTERVAL, Lease};
use super::lines::{Lines, Output};
use super::webhook::Webhook;
use super::{AuditStream, Destination, Next, Work};

/// By how many exchanges a batch may be larger than the last, up to the bound.
const GROWTH: u32 = 10;

/// Where batches go.
pub(super) enum Sink {
    Webhook(Box<Webhook>, Fetcher),
    Lines(Lines),
}

/// Why a batch was not delivered. Safe to show: no text of the receiver is in it, and nothing of the URL but its host.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryFault {
    /// The webhook answered with another status than 200 to 299.
    #[error("the webhook answers {status}{}", hint(*.status))]
    Status {
        status: u16,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    #[error("the webhook: {0}")]
    Fetch(#[from] FetchFault),
    /// The system does not write.
    #[error("{0}")]
    Write(String),
    /// Whoever reads the other end does not.
    #[error("nobody reads {0}")]
    NotRead(String),
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => ", and redirects are not followed: write the address that it leads to",
        401 | 403 => ": it does not take the signature, or wants something else than one",
        410 => ": it says that it is gone for good, and is asked again all the same: change the setting",
        413 => ": one exchange is too large for it",
        _ => "",
    }
}

impl DeliveryFault {
    /// When the receiver wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Fetch(_) | Self::Write(_) | Self::NotRead(_) => None,
        }
    }

    fn is_too_large(&self) -> bool {
        matches!(self, Self::Status { status: 413, .. })
    }
}

impl Sink {
    pub(super) fn new(destination: Destination, fetcher: Fetcher) -> Self {
        match destination {
            Destination::Webhook(webhook) => Self::Webhook(webhook, fetcher),
            Destination::File(path) => Self::Lines(Lines::new(Output::File(path))),
            Destination::Stdout => Self::Lines(Lines::new(Output::Stdout)),
        }
    }

    /// What may be shown of it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Webhook(webhook, _) => webhook.shown().to_owned(),
            Self::Lines(lines) => lines.shown(),
        }
    }

    async fn deliver(&self, batch: &Batch, now: Timestamp) -> Result<(), DeliveryFault> {
        match self {
            Self::Webhook(webhook, fetcher) => webhook.deliver(fetcher, batch, now).await,
            Self::Lines(lines) => lines.deliver(batch).await,
        }
    }
}

impl AuditStream {
    /// The next batch; `None` where nothing waits.
    pub(super) async fn read(&self, work: &mut Work) -> Result<Option<Batch>, StoreFault> {
        let Lease::Held { place, .. } = &mut work.lease else { return Ok(None) };
        *place = self.anchored(place).await?;
        let from = place.clone();
        let next = self.store.audit_stream().next(&from, work.limit).await?;
        // Beside the tasks that answer requests: hundreds of records take milliseconds.
        let limit = work.limit;
        let made = tokio::task::spawn_blocking(move || batch::of(from, next, limit)).await;
        made.map_err(|fault| StoreFault::Unavailable(fault.to_string()))
    }

    /// Delivers a batch and moves the cursor behind it; keeps it where it was not delivered.
    pub(super) async fn deliver(&self, work: &mut Work, batch: Batch) -> Result<Next, StoreFault> {
        let delivered = {
            let delivery = self.sink.deliver(&batch, self.clock.now());
            tokio::select! {
                delivered = delivery => delivered,
                () = self.beat_until_lost() => {
                    work.lose();
                    return Ok(Next::Later);
                }
            }
        };
        if let Err(fault) = delivered {
            return Ok(self.failed(work, batch, &fault));
        }
        let now = self.clock.now();
        if !self.store.audit_stream().advance(&self.holder, &batch.from, &batch.to, now).await? {
            work.lose();
            return Ok(Next::Later);
        }
        let beat_at = self.clock.monotonic();
        work.lease = Lease::Held { place: batch.to, beat_at };
        // Slowly: what was too large once is so again.
        work.limit = work.limit.saturating_add(GROWTH).min(MAX_BATCH_EXCHANGES);
        if let Some(tries) = work.backoff.succeeded() {
            tracing::info!(tries, "the audit stream is delivered again");
        }
        self.sight.delivered(batch.count, now);
        Ok(if batch.is_last { Next::Later } else { Next::AtOnce })
    }

    /// What becomes of a batch that was not delivered. One that is too large is made smaller, at once.
    fn failed(&self, work: &mut Work, batch: Batch, fault: &DeliveryFault) -> Next {
        self.sight.failed();
        if fault.is_too_large() && batch.count > 1 {
            work.limit = u32::try_from(batch.count / 2).unwrap_or(1);
            return Next::AtOnce;
        }
        work.pending = Some(batch);
        if work.backoff.failed(self.clock.monotonic(), fault) {
            tracing::warn!(
                "the audit stream is not delivered to {}: {fault}; nothing is lost, it is tried again and again",
                self.sink.shown()
            );
        }
        Next::Later
    }

    /// Shows that this server lives, while a receiver takes its time; returns when another one delivers. A store that does
    /// not answer is noticed when the cursor is moved.
    async fn beat_until_lost(&self) {
        let mut beats = tokio::time::interval(BEAT_INTERVAL);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
        loop {
            beats.tick().await;
            if matches!(self.store.audit_stream().beat(&self.holder).await, Ok(false)) {
                return;
            }
        }
    }
}
