//! One delivery: what is sent, what becomes of it, and what an operator is told.

use std::time::Duration;

use daypass_fetch::{FetchFault, Fetcher};
use daypass_jose::Timestamp;
use daypass_store::StoreFault;
use tokio::time::MissedTickBehavior;

use super::batch::{self, Batch, MAX_BATCH_EXCHANGES, MAX_READ_BYTES};
use super::lease::{BEAT_INTERVAL, Lease, PATIENCE};
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
    /// The system does not come to an end with it.
    #[error("{0} is not written: its disk or network file system hangs")]
    Hangs(String),
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => ", and redirects are not followed: write the address that it leads to",
        400 | 403 | 422 => {
            ": it does not take the signature, or a filter before it does not like the content (names of branches, say, \
             which strangers choose)"
        }
        401 => ": it does not take the signature, or wants something else than one",
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
            Self::Fetch(_) | Self::Write(_) | Self::NotRead(_) | Self::Hangs(_) => None,
        }
    }

    /// Whether less of it may be taken: it is too large, or one exchange in it is not liked.
    fn is_of_content(&self) -> bool {
        matches!(self, Self::Status { status: 400 | 403 | 413 | 422, .. })
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
            // Nothing in it can be read.
            Self::Webhook(..) | Self::Lines(_) if batch.count == 0 => Ok(()),
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
        let next = self.store.audit_stream().next(&from, work.limit, MAX_READ_BYTES).await?;
        // Beside the tasks that answer requests: hundreds of records take milliseconds.
        let made = tokio::task::spawn_blocking(move || batch::of(from, next)).await;
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
            return Ok(self.failed(work, batch, &fault).await);
        }
        let now = self.clock.now();
        match self.store.audit_stream().advance(&self.holder, &batch.from, &batch.to, now).await {
            Ok(true) => {}
            Ok(false) => {
                work.lose();
                return Ok(Next::Later);
            }
            Err(fault) => {
                // It may have moved.
                work.lease = Lease::default();
                return Err(fault);
            }
        }
        self.tell_unreadable(&batch);
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

    /// What becomes of a batch that was not delivered. One that is too large, or not liked, is made smaller, at once.
    async fn failed(&self, work: &mut Work, batch: Batch, fault: &DeliveryFault) -> Next {
        self.sight.failed();
        if fault.is_of_content() && batch.count > 1 {
            work.limit = u32::try_from(batch.count / 2).unwrap_or(1);
            return Next::AtOnce;
        }
        let now = self.clock.monotonic();
        if work.backoff.failed(now, fault) {
            let to = self.sink.shown();
            let exchange = batch.last.as_str();
            if fault.is_of_content() {
                tracing::warn!(
                    exchange.id = exchange,
                    "the audit stream is not delivered to {to}: {fault}; it waits for exchange `{exchange}`, which it sends alone, \
                     again and again: see `an exchange that the receiver refuses` in docs/audit.md"
                );
            } else {
                tracing::warn!(
                    "the audit stream is not delivered to {to}: {fault}; {}, it is tried again and again",
                    if self.forgets {
                        "nothing is lost until twice `keep_exchanges`"
                    } else {
                        "nothing is lost"
                    }
                );
            }
        }
        if work.backoff.failing(now).is_some_and(|(time, _)| time >= PATIENCE) {
            self.stand_back(work).await;
        } else {
            work.is_refused = fault.is_of_content();
            work.pending = Some(batch);
        }
        Next::Later
    }

    /// What cannot be read is passed over with a word, when the cursor is behind it.
    fn tell_unreadable(&self, batch: &Batch) {
        for (exchange, fault) in &batch.unreadable {
            tracing::error!(
                exchange.id = exchange,
                "exchange `{exchange}` cannot be read, and the audit stream has passed over it: {fault}"
            );
            self.sight.unreadable();
        }
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
