//! What waits to be written: one thread takes all of it at once, and each caller is released when its own is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::recorded::{Recorded, Spend};
use super::{CLOSED, MAX_BATCH, MAX_WAITING_REFUSALS, MAX_WAITING_WRITES};
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// Refusals that one commit takes along at most, so that they never keep a success waiting for long.
const MAX_REFUSALS_PER_BATCH: usize = 64;

/// Requests for which the writer waits where several come at once: a commit costs nearly the same for one as for these.
const FULL_BATCH: usize = 64;
/// Requests in the last batch, or waiting when one ended, from which on the load is one that fills batches.
const NEARLY_FULL: usize = 48;
const MANY: usize = 24;
/// How the writer waits for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience {
    /// How long for one more; when none has come, it commits what there is.
    lull: Duration,
    /// How many times, one after the other.
    lulls: u32,
}

/// While few come: 2.4 ms in all. Fewer commits are fewer syncs, and each of those slows the next.
const SHORT: Patience = Patience { lull: Duration::from_micros(800), lulls: 3 };
/// Under a load that fills batches: 4 ms in all, since each commit that is spared is time for exchanges. Those who have
/// just been released keep a machine of few processors busy for a lull before anything new arrives.
const LONG: Patience = Patience { lull: Duration::from_millis(2), lulls: 2 };

pub(super) type Answer<T> = oneshot::Sender<T>;

/// One request to write.
pub(super) enum Work {
    Exchange(Arc<ExchangeRecord>, Option<Spend>, Answer<Result<Recorded, LedgerFault>>),
    Statement(&'static str, Vec<Value<'static>>, Answer<Result<Vec<Row>, StoreFault>>),
    /// All of it or nothing: each statement must give a row.
    Statements(Vec<(&'static str, Vec<Value<'static>>)>, Answer<Result<(), StoreFault>>),
}

/// What was written since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerStatistics {
    /// Commits that were begun.
    pub commits: u64,
    /// Requests in them: exchanges, refusals, other changes.
    pub requests: u64,
    /// Refusals that were dropped because too many waited or the database failed.
    pub refusals_dropped: u64,
}

#[derive(Default)]
struct Queue {
    work: VecDeque<Work>,
    refusals: VecDeque<ExchangeRecord>,
    statistics: LedgerStatistics,
    is_closed: bool,
    /// Requests that wake the writer; `None` while it works, or waits for time to pass.
    wanted: Option<usize>,
    /// Requests of the last batch.
    last: usize,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Why a request was not taken.
enum NoRoom {
    Full,
    Closed,
}

impl From<NoRoom> for StoreFault {
    fn from(no_room: NoRoom) -> Self {
        let why = match no_room {
            NoRoom::Full => "too many writes wait",
            NoRoom::Closed => CLOSED,
        };
        Self::Unavailable(why.to_owned())
    }
}

impl Writer {
    /// Starts the thread that writes. `commit` makes a batch durable and releases its callers, and gives the number of
    /// refusals that were written. `beside` are threads that end when `commit` is dropped.
    pub(super) fn start(
        mut commit: impl FnMut(Vec<Work>, Vec<ExchangeRecord>) -> usize + Send + 'static,
        beside: Vec<JoinHandle<()>>,
    ) -> Result<Self, StoreFault> {
        let shared = Arc::new(Shared::default());
        let queue = Arc::clone(&shared);
        let writing = thread::Builder::new()
            .name("daypass-ledger".to_owned())
            .spawn(move || {
                let _closes = ClosesAtEnd(&queue);
                while let Some((work, refusals)) = queue.next_batch() {
                    let count = refusals.len();
                    let written = commit(work, refusals);
                    queue.count_dropped(count.saturating_sub(written));
                }
            })
            .map_err(|error| StoreFault::Unavailable(error.to_string()))?;
        // In the order in which they end: those beside end when the one that writes has.
        Ok(Self { shared, threads: Mutex::new([writing].into_iter().chain(beside).collect()) })
    }

    pub(super) fn exchange(
        &self,
        exchange: Arc<ExchangeRecord>,
        spend: Option<Spend>,
    ) -> Result<oneshot::Receiver<Result<Recorded, LedgerFault>>, LedgerFault> {
        let (answer, answered) = oneshot::channel();
        match self.shared.add(Work::Exchange(exchange, spend, answer)) {
            Ok(()) => Ok(answered),
            Err(NoRoom::Full) => Err(LedgerFault::Overloaded),
            Err(NoRoom::Closed) => Err(StoreFault::Unavailable(CLOSED.to_owned()).into()),
        }
    }

    pub(super) fn statement(
        &self,
        sql: &'static str,
        values: Vec<Value<'static>>,
    ) -> Result<oneshot::Receiver<Result<Vec<Row>, StoreFault>>, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.shared.add(Work::Statement(sql, values, answer))?;
        Ok(answered)
    }

    pub(super) fn statements(
        &self,
        statements: Vec<(&'static str, Vec<Value<'static>>)>,
    ) -> Result<oneshot::Receiver<Result<(), StoreFault>>, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.shared.add(Work::Statements(statements, answer))?;
        Ok(answered)
    }

    pub(super) fn refusal(&self, exchange: ExchangeRecord) {
        let mut queue = self.shared.lock();
        if queue.is_closed || queue.refusals.len() >= MAX_WAITING_REFUSALS {
            queue.statistics.drop_refusals(1);
            return;
        }
        queue.refusals.push_back(exchange);
        let is_wanted = queue.is_wanted();
        drop(queue);
        self.shared.wake(is_wanted);
    }

    pub(super) fn statistics(&self) -> LedgerStatistics {
        self.shared.lock().statistics
    }

    pub(super) fn close(&self) {
        self.shared.lock().is_closed = true;
        self.shared.arrived.notify_one();
        // The lock is held until both have ended: whoever closes again returns no sooner.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that writes the store panicked");
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Nothing is taken any more when the thread that writes has ended, even by a panic; whoever waits is told.
struct ClosesAtEnd<'a>(&'a Shared);

impl Drop for ClosesAtEnd<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.is_closed = true;
        queue.work.clear();
        if thread::panicking() {
            tracing::error!(
                "the thread that writes the store panicked: nothing is recorded or given any more"
            );
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, work: Work) -> Result<(), NoRoom> {
        let mut queue = self.lock();
        if queue.is_closed {
            return Err(NoRoom::Closed);
        }
        if queue.work.len() >= MAX_WAITING_WRITES {
            return Err(NoRoom::Full);
        }
        queue.work.push_back(work);
        let is_wanted = queue.is_wanted();
        drop(queue);
        self.wake(is_wanted);
        Ok(())
    }

    fn count_dropped(&self, refusals: usize) {
        self.lock().statistics.drop_refusals(refusals);
    }

    /// Wakes the writer, which costs more than the request itself where it is done for each.
    fn wake(&self, is_wanted: bool) {
        if is_wanted {
            self.arrived.notify_one();
        }
    }

    /// All that waits, up to a bound; `None` when the queue is closed and empty.
    fn next_batch(&self) -> Option<(Vec<Work>, Vec<ExchangeRecord>)> {
        let mut queue = self.lock();
        while queue.len() == 0 {
            if queue.is_closed {
                return None;
            }
            queue.wanted = Some(1);
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue = self.gather(queue);
        queue.wanted = None;
        let work_count = queue.work.len().min(MAX_BATCH);
        let refusal_count = queue.refusals.len().min(MAX_REFUSALS_PER_BATCH);
        let work = queue.work.drain(..work_count).collect();
        let refusals = queue.refusals.drain(..refusal_count).collect();
        queue.last = work_count.saturating_add(refusal_count);
        let requests = queue.last;
        queue.statistics.begin_commit(requests);
        Some((work, refusals))
    }

    /// Waits while more comes. Who is alone is not kept waiting, nor is the first after a batch for longer than one lull.
    fn gather<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let patience = queue.patience();
        for _ in 0..patience.lulls {
            let waiting = queue.len();
            let is_alone = waiting.max(queue.last) <= 1;
            if is_alone || waiting >= FULL_BATCH || queue.is_closed {
                break;
            }
            queue.wanted = Some(FULL_BATCH);
            queue = self.arrived.wait_timeout(queue, patience.lull).unwrap_or_else(PoisonError::into_inner).0;
            if queue.len() == waiting {
                break;
            }
        }
        queue
    }
}

impl Queue {
    fn len(&self) -> usize {
        self.work.len().saturating_add(self.refusals.len())
    }

    /// A batch that was nearly full promises another, and so do many who have come during one commit.
    fn patience(&self) -> Patience {
        let is_flood = self.last >= NEARLY_FULL || self.len() >= MANY;
        if is_flood { LONG } else { SHORT }
    }

    /// Whether what has come is what the writer sleeps for.
    fn is_wanted(&mut self) -> bool {
        let is_wanted = self.wanted.is_some_and(|wanted| self.len() >= wanted);
        if is_wanted {
            self.wanted = None;
        }
        is_wanted
    }
}

impl LedgerStatistics {
    fn begin_commit(&mut self, requests: usize) {
        self.commits = self.commits.saturating_add(1);
        self.requests = self.requests.saturating_add(u64::try_from(requests).unwrap_or(u64::MAX));
    }

    fn drop_refusals(&mut self, count: usize) {
        self.refusals_dropped =
            self.refusals_dropped.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

impl Work {
    /// Whether the caller has stopped waiting: nothing is written then, and no token spent.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::Exchange(_, _, answer) => answer.is_closed(),
            Self::Statement(_, _, answer) => answer.is_closed(),
            Self::Statements(_, answer) => answer.is_closed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_panic_of_the_thread_that_writes_nothing_is_taken_and_whoever_waits_is_told() {
        let writer = Writer::start(|_, _| panic!("on purpose"), Vec::new()).unwrap();
        let waiting = writer.statement("SELECT 1", Vec::new()).unwrap();
        assert!(waiting.blocking_recv().is_err());
        while !writer.shared.lock().is_closed {
            thread::yield_now();
        }
        assert!(matches!(writer.statement("SELECT 1", Vec::new()), Err(StoreFault::Unavailable(_))));
    }
}
