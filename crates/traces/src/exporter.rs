//! From the queue to the collector, a batch at a time. Nobody waits for it: where it is slow, the queue fills, and what comes
//! then is left out and counted.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::collector::{Collector, Untaken};
use crate::otlp::{self, Resource};
use crate::recording::Recorded;
use crate::statistics::{Counters, Drop as Why};

/// Requests whose spans wait; those of more are dropped. Of a success they take about 5 KiB.
pub const MAX_WAITING: usize = 2_048;
/// Requests whose spans are sent together.
pub const MAX_BATCH: usize = 512;
/// For how long a batch is gathered that is not full.
pub const BATCH_DELAY: Duration = Duration::from_secs(1);
/// How often a batch is sent at most, where the collector is away or says that it may be sent again.
pub const ATTEMPTS: usize = 3;
/// How long what waits may take to leave when the server ends.
pub const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// Between attempts, where the collector asks for no longer.
const PAUSES: [Duration; ATTEMPTS.saturating_sub(1)] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The way to the collector.
pub(crate) struct Exporter {
    waiting: mpsc::Receiver<Recorded>,
    /// What is being sent: it stays here until that has ended, so that who stops it between loses nothing.
    batch: Vec<Recorded>,
    collector: Collector,
    resource: Resource,
    counters: Arc<Counters>,
    /// Whether the last batch was not taken, which is told once.
    is_failing: bool,
}

impl Exporter {
    pub(crate) fn new(
        waiting: mpsc::Receiver<Recorded>,
        collector: Collector,
        resource: Resource,
        counters: Arc<Counters>,
    ) -> Self {
        Self { waiting, batch: Vec::new(), collector, resource, counters, is_failing: false }
    }

    /// Sends what comes, until dropped.
    pub(crate) async fn run(&mut self) {
        loop {
            self.gather().await;
            let body = self.body();
            let outcome = self.insist(&body).await;
            self.settle(&outcome);
        }
    }

    /// Sends what waits, each batch once, and drops what has not left in time.
    pub(crate) async fn flush(&mut self) {
        // What has not left is counted below.
        drop(timeout(FLUSH_DEADLINE, self.send_rest()).await);
        while self.take() {}
        self.counters.dropped(Why::Ended, self.spans());
        self.batch.clear();
    }

    async fn send_rest(&mut self) {
        loop {
            while self.batch.len() < MAX_BATCH && self.take() {}
            if self.batch.is_empty() {
                return;
            }
            let outcome = self.collector.send(self.body()).await;
            self.settle(&outcome);
        }
    }

    /// Takes one of those that wait; whether there was one.
    fn take(&mut self) -> bool {
        let taken = self.waiting.try_recv().ok();
        let is_some = taken.is_some();
        self.batch.extend(taken);
        is_some
    }

    /// Waits for the first, and then for a moment for others.
    async fn gather(&mut self) {
        if self.batch.is_empty() {
            match self.waiting.recv().await {
                Some(first) => self.batch.push(first),
                // INVARIANT: the other end lives as long as this one does.
                None => return pending().await,
            }
        }
        let fill = async {
            while self.batch.len() < MAX_BATCH {
                let Some(next) = self.waiting.recv().await else { break };
                self.batch.push(next);
            }
        };
        // That the batch is not full is no fault.
        drop(timeout(BATCH_DELAY, fill).await);
    }

    /// Sends the batch, again where that may help.
    async fn insist(&mut self, body: &Bytes) -> Result<usize, Untaken> {
        for pause in PAUSES {
            match self.collector.send(body.clone()).await {
                Err(untaken) if untaken.is_transient() => {
                    self.tell(&untaken);
                    let pause = untaken.retry_after().map_or(pause, |asked| asked.max(pause));
                    drop(timeout(pause, pending::<()>()).await);
                }
                outcome => return outcome,
            }
        }
        self.collector.send(body.clone()).await
    }

    /// Counts what became of the batch, and has done with it.
    fn settle(&mut self, outcome: &Result<usize, Untaken>) {
        let spans = self.spans();
        self.batch.clear();
        match outcome {
            Ok(rejected) => {
                let rejected = spans.min(*rejected);
                self.counters.exported(spans.saturating_sub(rejected));
                self.counters.dropped(Why::Rejected, rejected);
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector takes spans again");
                }
            }
            Err(untaken) => {
                self.counters.dropped(untaken.why(), spans);
                self.tell(untaken);
            }
        }
    }

    fn tell(&mut self, untaken: &Untaken) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(
                "the collector of `[traces]` does not take spans: {untaken}; what it does not take is dropped and counted"
            );
        }
    }

    fn body(&self) -> Bytes {
        otlp::request(&self.resource, &self.batch)
    }

    fn spans(&self) -> usize {
        self.batch.iter().map(|recorded| recorded.spans.len()).sum()
    }
}
