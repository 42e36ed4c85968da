//! What waits to be written: one thread takes all of it at once, and each caller is released when its own is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::recorded::{Recorded, Spend};
use super::{CLOSED, MAX_BATCH, MAX_WAITING_REFUSALS, MAX_WAITING_WRITES};
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// Refusals that one commit takes along at most, so that they never keep a success waiting for long.
const MAX_REFUSALS_PER_BATCH: usize = 64;

pub(super) type Answer<T> = oneshot::Sender<T>;

/// One request to write.
pub(super) enum Work {
    Exchange(Box<ExchangeRecord>, Option<Spend>, Answer<Result<Recorded, LedgerFault>>),
    Statement(&'static str, Vec<Value>, Answer<Result<Vec<Row>, StoreFault>>),
    /// All of it or nothing: each statement must give a row.
    Statements(Vec<(&'static str, Vec<Value>)>, Answer<Result<(), StoreFault>>),
}

/// The outcome of one request, held back until the commit.
pub(super) enum Done {
    Exchange(Answer<Result<Recorded, LedgerFault>>, Result<Recorded, LedgerFault>),
    Statement(Answer<Result<Vec<Row>, StoreFault>>, Result<Vec<Row>, StoreFault>),
    Statements(Answer<Result<(), StoreFault>>, Result<(), StoreFault>),
}

#[derive(Default)]
struct Queue {
    work: VecDeque<Work>,
    refusals: VecDeque<ExchangeRecord>,
    refusals_dropped: u64,
    is_closed: bool,
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
        exchange: ExchangeRecord,
        spend: Option<Spend>,
    ) -> Result<oneshot::Receiver<Result<Recorded, LedgerFault>>, LedgerFault> {
        let (answer, answered) = oneshot::channel();
        match self.shared.add(Work::Exchange(Box::new(exchange), spend, answer)) {
            Ok(()) => Ok(answered),
            Err(NoRoom::Full) => Err(LedgerFault::Overloaded),
            Err(NoRoom::Closed) => Err(StoreFault::Unavailable(CLOSED.to_owned()).into()),
        }
    }

    pub(super) fn statement(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<oneshot::Receiver<Result<Vec<Row>, StoreFault>>, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.shared.add(Work::Statement(sql, values, answer))?;
        Ok(answered)
    }

    pub(super) fn statements(
        &self,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<oneshot::Receiver<Result<(), StoreFault>>, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.shared.add(Work::Statements(statements, answer))?;
        Ok(answered)
    }

    pub(super) fn refusal(&self, exchange: ExchangeRecord) {
        let mut queue = self.shared.lock();
        if queue.is_closed || queue.refusals.len() >= MAX_WAITING_REFUSALS {
            queue.refusals_dropped = queue.refusals_dropped.saturating_add(1);
            return;
        }
        queue.refusals.push_back(exchange);
        drop(queue);
        self.shared.arrived.notify_one();
    }

    pub(super) fn refusals_dropped(&self) -> u64 {
        self.shared.lock().refusals_dropped
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
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    fn count_dropped(&self, refusals: usize) {
        let mut queue = self.lock();
        queue.refusals_dropped =
            queue.refusals_dropped.saturating_add(u64::try_from(refusals).unwrap_or(u64::MAX));
    }

    /// All that waits, up to a bound; `None` when the queue is closed and empty.
    fn next_batch(&self) -> Option<(Vec<Work>, Vec<ExchangeRecord>)> {
        let mut queue = self.lock();
        loop {
            if !queue.work.is_empty() || !queue.refusals.is_empty() {
                let work_count = queue.work.len().min(MAX_BATCH);
                let refusal_count = queue.refusals.len().min(MAX_REFUSALS_PER_BATCH);
                let work = queue.work.drain(..work_count).collect();
                let refusals = queue.refusals.drain(..refusal_count).collect();
                return Some((work, refusals));
            }
            if queue.is_closed {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
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

impl Done {
    /// Tells the caller; one that has stopped waiting is no fault.
    pub(super) fn release(self) {
        match self {
            Self::Exchange(answer, outcome) => drop(answer.send(outcome)),
            Self::Statement(answer, outcome) => drop(answer.send(outcome)),
            Self::Statements(answer, outcome) => drop(answer.send(outcome)),
        }
    }

    pub(super) fn fail(self, fault: &StoreFault) {
        match self {
            Self::Exchange(answer, _) => drop(answer.send(Err(fault.clone().into()))),
            Self::Statement(answer, _) => drop(answer.send(Err(fault.clone()))),
            Self::Statements(answer, _) => drop(answer.send(Err(fault.clone()))),
        }
    }
}

pub(super) fn refuse_all(work: Vec<Work>, fault: &StoreFault) {
    for one in work {
        match one {
            Work::Exchange(_, _, answer) => drop(answer.send(Err(fault.clone().into()))),
            Work::Statement(_, _, answer) => drop(answer.send(Err(fault.clone()))),
            Work::Statements(_, answer) => drop(answer.send(Err(fault.clone()))),
        }
    }
}
