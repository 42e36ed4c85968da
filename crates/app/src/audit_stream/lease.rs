//! Who delivers: one server of a store at a time. No clocks are compared: the holder counts, and another server takes over
//! when it has seen the count stand still for a while.
//!
//! Two that both take themselves for the holder harm nothing: the cursor moves only for the one that it names.

use std::time::Duration;

use daypass_store::{StoreFault, StreamCursor, StreamPlace};

use super::{AuditStream, Work};

/// How often the holder counts.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(2);
/// For how long the count stands still before another server takes over.
pub const TAKEOVER: Duration = Duration::from_secs(10);
/// For how long every delivery of a server fails before it lets another one try. It is back after [`TAKEOVER`] and up to 4 s,
/// by which servers that all fail do not meet.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How far back the stream goes where the exchange that it had come to is gone: further than the clocks of servers differ.
const REWIND_SECONDS: i64 = 3_600;

/// What is known of the holder.
pub(super) enum Lease {
    /// It is another server, or not known yet; when the count was seen first.
    Elsewhere(Option<(StreamCursor, Duration)>),
    /// It is this one.
    Held {
        /// How far it has come.
        place: StreamPlace,
        /// When it was last shown to live.
        beat_at: Duration,
    },
}

impl Default for Lease {
    fn default() -> Self {
        Self::Elsewhere(None)
    }
}

impl Work {
    /// Another server delivers now.
    pub(super) fn lose(&mut self) {
        if matches!(self.lease, Lease::Held { .. }) {
            tracing::info!("another server delivers the audit stream now");
            self.lease = Lease::default();
        }
        self.pending = None;
    }
}

impl AuditStream {
    /// Whether this server delivers: goes on to, or takes over where it may.
    pub(super) async fn hold(&self, work: &mut Work) -> Result<bool, StoreFault> {
        let now = self.clock.monotonic();
        let is_held = match &mut work.lease {
            Lease::Held { beat_at, .. } if now.saturating_sub(*beat_at) < BEAT_INTERVAL => true,
            Lease::Held { beat_at, .. } => {
                let is_held = self.store.audit_stream().beat(&self.holder).await?;
                *beat_at = now;
                is_held
            }
            Lease::Elsewhere(_) if now < work.stands_back_until => false,
            Lease::Elsewhere(seen) => {
                let seen = seen.take();
                work.lease = self.try_to_take(seen, now).await?;
                if matches!(work.lease, Lease::Held { .. }) && work.backoff.failing(now).is_none() {
                    tracing::info!("this server delivers the audit stream, to {}", self.sink.shown());
                }
                matches!(work.lease, Lease::Held { .. })
            }
        };
        if !is_held {
            work.lose();
        }
        self.sight.holds(is_held);
        Ok(is_held)
    }

    /// Lets another server try, when this one fails for long: its receiver, disk or way may be better. What it waits for is
    /// read anew when it comes back.
    pub(super) async fn stand_back(&self, work: &mut Work) {
        let now = self.clock.monotonic();
        work.lease = Lease::default();
        work.pending = None;
        let next_try = work.backoff.failing(now).map_or(now, |(_, until)| until);
        work.stands_back_until = next_try.max(now.saturating_add(TAKEOVER).saturating_add(self.jitter));
        self.sight.holds(false);
        // Where it cannot be said, others see it by the count.
        if let Err(fault) = self.store.audit_stream().release(&self.holder).await {
            tracing::debug!("the audit stream is not handed over: {fault}");
        }
    }

    async fn try_to_take(
        &self,
        seen: Option<(StreamCursor, Duration)>,
        now: Duration,
    ) -> Result<Lease, StoreFault> {
        let stream = self.store.audit_stream();
        let Some(cursor) = stream.cursor().await? else {
            stream.begin(self.start).await?;
            return Ok(Lease::default());
        };
        let since = match seen {
            Some((seen, since)) if (&seen.holder, seen.beat) == (&cursor.holder, cursor.beat) => since,
            Some(_) | None => now,
        };
        let is_free = cursor.holder.is_empty() || cursor.holder == self.holder;
        let stands_still = now.saturating_sub(since) >= TAKEOVER;
        if !(is_free || stands_still) || !stream.take(&cursor, &self.holder).await? {
            return Ok(Lease::Elsewhere(Some((cursor, since))));
        }
        self.sight.took(cursor.delivered_at);
        Ok(Lease::Held { place: cursor.place, beat_at: now })
    }

    /// Where to go on. Where the exchange that the stream had come to is gone, further back, with a word.
    pub(super) async fn anchored(&self, place: &StreamPlace) -> Result<StreamPlace, StoreFault> {
        let stream = self.store.audit_stream();
        if stream.is_anchored(place).await? {
            return Ok(place.clone());
        }
        let back = stream.rewound(place, REWIND_SECONDS).await?;
        if stream.advance(&self.holder, place, &back, self.clock.now()).await? {
            tracing::warn!(
                "the exchange to which the audit stream had come is not where it was in the ledger: it goes on from an hour \
                 before, so that some come again; where exchanges were forgotten without a stream in the settings, they are lost to it"
            );
            return Ok(back);
        }
        Ok(place.clone())
    }
}
