//! The audit stream: every exchange of the ledger as a line of JSON, sent on to a webhook, a file or standard output.
//!
//! At least once, in the order of commits, and never in the way of an exchange: it reads what is recorded already, behind a
//! cursor that the ledger keeps (`docs/decisions/0011-audit-stream.md`). One server of a store delivers at a time.

mod backoff;
mod batch;
mod delivery;
mod file;
mod lease;
mod lines;
mod secret;
mod sight;
#[cfg(test)]
mod tests;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daypass_fetch::Fetcher;
use daypass_jose::{Clock, Random};
use daypass_store::{Store, StoreFault, StreamStart};
use tokio::sync::Mutex;

use backoff::{Backoff, Reminder};
use batch::Batch;
use delivery::Sink;
use lease::Lease;

pub use batch::{MAX_BATCH_BYTES, MAX_BATCH_EXCHANGES, MAX_READ_BYTES};
pub use lease::{BEAT_INTERVAL, PATIENCE, TAKEOVER};
pub use secret::{SecretMalformed, WebhookSecret};
pub use sight::StreamSight;
pub use webhook::{DELIVERY_DEADLINE, MAX_ANSWER_BYTES, Webhook};

/// From one look at the ledger to the next, where nothing waits.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long the end of the server waits for what is recorded to be delivered.
pub const FLUSH_DEADLINE: Duration = Duration::from_secs(5);
/// How old an exchange is that cannot be read yet, before an operator is told.
const HELD_UP_LAG_SECONDS: i64 = 60;
/// From one look at the lag to the next.
const LAG_INTERVAL: Duration = Duration::from_secs(10);

/// What the settings say of the stream.
pub struct StreamSettings {
    /// Where it goes.
    pub destination: Destination,
    /// Where it begins the first time.
    pub start: StreamStart,
}

/// Where the stream goes.
pub enum Destination {
    /// Signed batches by POST.
    Webhook(Box<Webhook>),
    /// Appended to a file.
    File(PathBuf),
    /// The standard output of the server.
    Stdout,
}

/// The stream of one server.
pub struct AuditStream {
    store: Store,
    clock: Arc<dyn Clock>,
    start: StreamStart,
    /// Whether old exchanges are forgotten, those too that were not delivered.
    forgets: bool,
    /// By which it comes back later than others.
    jitter: Duration,
    sink: Sink,
    /// The name under which this server delivers.
    holder: String,
    sight: sight::Sight,
    is_ending: AtomicBool,
    work: Mutex<Work>,
}

/// How far the work is.
struct Work {
    lease: Lease,
    /// What was not delivered at the last try: the next one sends the same.
    pending: Option<Batch>,
    /// Whether it is one exchange, which the receiver refuses.
    is_refused: bool,
    backoff: Backoff,
    /// Exchanges of a batch at most: fewer after the receiver said that one is too large.
    limit: u32,
    lag_looked_at: Option<Duration>,
    /// Until when others may try.
    stands_back_until: Duration,
    /// Looks at the lag in a row at which something was old and nothing could be read.
    held_up: u32,
    /// Whether the last look behind the cursor found nothing.
    found_nothing: bool,
    held_up_told: Reminder,
    store_told: Option<Reminder>,
}

/// Whether there is something to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    AtOnce,
    Later,
}

impl AuditStream {
    /// Nothing is delivered until [`Self::tick`]. `forgets` says whether old exchanges are, those too that were not delivered.
    pub fn new(
        settings: StreamSettings,
        forgets: bool,
        store: Store,
        fetcher: Fetcher,
        (clock, rng): (Arc<dyn Clock>, &dyn Random),
    ) -> Self {
        let mut name = [0_u8; 12];
        rng.fill(&mut name);
        Self {
            store,
            clock,
            start: settings.start,
            forgets,
            jitter: Duration::from_millis(u64::from(name[0]).saturating_mul(16)),
            sink: Sink::new(settings.destination, fetcher),
            holder: daypass_jose::base64url::encode(name),
            sight: sight::Sight::default(),
            is_ending: AtomicBool::new(false),
            work: Mutex::new(Work {
                lease: Lease::default(),
                pending: None,
                is_refused: false,
                backoff: Backoff::default(),
                limit: MAX_BATCH_EXCHANGES,
                lag_looked_at: None,
                stands_back_until: Duration::ZERO,
                held_up: 0,
                found_nothing: false,
                held_up_told: Reminder::default(),
                store_told: None,
            }),
        }
    }

    /// How it stands.
    pub fn sight(&self) -> StreamSight {
        self.sight.look()
    }

    /// Does what is to be done now; gives how long to wait for the next time. It may be dropped at any moment: what was
    /// delivered, and is not known to be, is delivered again.
    pub async fn tick(&self) -> Duration {
        let mut work = self.work.lock().await;
        if self.is_ending.load(Ordering::Relaxed) {
            return POLL_INTERVAL;
        }
        let next = self.step(&mut work).await;
        let looked = self.look_at_lag(&mut work).await;
        let next = next.and_then(|next| looked.map(|()| next));
        self.tell_store(&mut work, next.as_ref().err());
        match next {
            Ok(Next::AtOnce) => Duration::ZERO,
            Ok(Next::Later) | Err(_) => POLL_INTERVAL,
        }
    }

    /// Finishes what is being delivered and delivers what else is recorded, within [`FLUSH_DEADLINE`]. For the end of the
    /// server: nothing is begun by [`Self::tick`] any more.
    pub async fn flush(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
        let rest = async {
            let mut work = self.work.lock().await;
            let is_held = matches!(work.lease, Lease::Held { .. });
            while is_held && matches!(self.step(&mut work).await, Ok(Next::AtOnce)) {}
        };
        if tokio::time::timeout(FLUSH_DEADLINE, rest).await.is_err() {
            tracing::warn!("the audit stream is not delivered to its end; the next start goes on with it");
        }
    }

    /// Lets another server deliver at once, when [`Self::tick`] is gone.
    pub async fn release(&self) {
        let work = self.work.lock().await;
        if matches!(work.lease, Lease::Held { .. })
            && let Err(fault) = self.store.audit_stream().release(&self.holder).await
        {
            tracing::warn!("the audit stream is not handed over: {fault}");
        }
    }

    async fn step(&self, work: &mut Work) -> Result<Next, StoreFault> {
        if !self.hold(work).await? || work.backoff.is_waiting(self.clock.monotonic()) {
            return Ok(Next::Later);
        }
        if std::mem::take(&mut work.is_refused) {
            // An operator may have set the cursor behind it.
            work.lease = Lease::default();
            work.pending = None;
            if !self.hold(work).await? {
                return Ok(Next::Later);
            }
        }
        if work.pending.is_none() {
            work.pending = self.read(work).await?;
            work.found_nothing = work.pending.is_none();
        }
        let Some(batch) = work.pending.take() else {
            return Ok(Next::Later);
        };
        self.deliver(work, batch).await
    }

    /// The lag is seen by every server, so that it shows also when the one that delivers is gone.
    async fn look_at_lag(&self, work: &mut Work) -> Result<(), StoreFault> {
        let now = self.clock.monotonic();
        if work.lag_looked_at.is_some_and(|at| now.saturating_sub(at) < LAG_INTERVAL) {
            return Ok(());
        }
        work.lag_looked_at = Some(now);
        let lag = self.store.audit_stream().lag().await?;
        self.sight.lag(&lag, self.clock.as_ref());
        self.tell_held_up(work, now);
        Ok(())
    }

    /// Says that nothing can be read of what is there, where that stays so from one look to the next.
    fn tell_held_up(&self, work: &mut Work, now: Duration) {
        let sight = self.sight.look();
        let is_old = sight.lag_exchanges > 0 && sight.lag_seconds >= HELD_UP_LAG_SECONDS;
        let is_idle = sight.holds && work.found_nothing;
        if !(is_old && is_idle) {
            work.held_up = 0;
            work.held_up_told = Reminder::default();
            return;
        }
        work.held_up = work.held_up.saturating_add(1);
        if work.held_up > 1 && work.held_up_told.is_due(now, "") {
            tracing::warn!(
                lag_seconds = sight.lag_seconds,
                "the audit stream is held up: a transaction that has written is open on the database server, in whatever database; \
                 `pg_stat_activity` shows it (or `pg_prepared_xacts`)"
            );
        }
    }

    /// Says that the store cannot be read, with reminders, and that it can. Who delivers goes on to: it sees by the count
    /// where another has taken over.
    fn tell_store(&self, work: &mut Work, fault: Option<&StoreFault>) {
        if let Some(fault) = fault {
            let told = work.store_told.get_or_insert_default();
            if told.is_due(self.clock.monotonic(), &fault.to_string()) {
                tracing::warn!("the audit stream waits for the store: {fault}");
            }
        } else if work.store_told.take().is_some() {
            tracing::info!("the store of the audit stream is back");
        }
    }
}
