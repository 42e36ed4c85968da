//! Writing: one thread, one transaction for all that waits, each caller released when that transaction is durable.
//!
//! A request that fails by its own fault is rolled back to its savepoint and fails nobody else. When the database
//! itself fails, all of the batch is told so, the connection is dropped, and the next batch opens a new one.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::batch::{self, Recorded, Spend};
use super::{CLOSED, MAX_BATCH, MAX_LOG_BYTES, MAX_WAITING_REFUSALS, MAX_WAITING_WRITES, sqlite};
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// Rows after which the write-ahead log is copied into the database, by another thread.
const CHECKPOINT_ROWS: usize = 1_000;
/// Refusals that one commit takes along at most, so that they never keep a success waiting for long.
const MAX_REFUSALS_PER_BATCH: usize = 64;

type Answer<T> = oneshot::Sender<T>;

/// One request to write.
enum Work {
    Exchange(Box<ExchangeRecord>, Option<Spend>, Answer<Result<Recorded, LedgerFault>>),
    Statement(&'static str, Vec<Value>, Answer<Result<Vec<Row>, StoreFault>>),
}

/// The outcome of one request, held back until the commit.
enum Done {
    Exchange(Answer<Result<Recorded, LedgerFault>>, Result<Recorded, LedgerFault>),
    Statement(Answer<Result<Vec<Row>, StoreFault>>, Result<Vec<Row>, StoreFault>),
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

impl Writer {
    pub(super) fn start(path: PathBuf, connection: Connection) -> Result<Self, StoreFault> {
        let shared = Arc::new(Shared::default());
        let unavailable = |error: std::io::Error| StoreFault::Unavailable(error.to_string());
        let (checkpoint, due) = mpsc::sync_channel(1);
        let at = path.clone();
        let copying = thread::Builder::new()
            .name("daypass-checkpoint".to_owned())
            .spawn(move || checkpoints(&at, &due))
            .map_err(unavailable)?;
        let opened_on = sqlite::file_identity(&path);
        let mut open = Open { path, opened_on, connection: Some(connection), checkpoint, rows: 0 };
        let queue = Arc::clone(&shared);
        let writing = thread::Builder::new()
            .name("daypass-ledger".to_owned())
            .spawn(move || {
                while let Some((work, refusals)) = queue.next_batch() {
                    let written = open.commit(work, &refusals);
                    queue.count_dropped(refusals.len().saturating_sub(written));
                }
            })
            .map_err(unavailable)?;
        // In the order in which they end: the one that copies ends when the one that writes has.
        Ok(Self { shared, threads: Mutex::new(vec![writing, copying]) })
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
        let unavailable = |why: &str| Err(StoreFault::Unavailable(why.to_owned()));
        match self.shared.add(Work::Statement(sql, values, answer)) {
            Ok(()) => Ok(answered),
            Err(NoRoom::Full) => unavailable("too many writes wait"),
            Err(NoRoom::Closed) => unavailable(CLOSED),
        }
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

/// The writer's side of the database.
struct Open {
    path: PathBuf,
    opened_on: Option<(u64, u64)>,
    connection: Option<Connection>,
    checkpoint: mpsc::SyncSender<()>,
    rows: usize,
}

impl Open {
    /// Writes a batch in one transaction and releases its callers; gives the number of refusals that were written. A
    /// success is said only after COMMIT returned.
    fn commit(&mut self, work: Vec<Work>, refusals: &[ExchangeRecord]) -> usize {
        let count = work.len().saturating_add(refusals.len());
        let connection = match self.begin() {
            Ok(connection) => connection,
            Err(fault) => {
                refuse_all(work, &fault);
                return 0;
            }
        };
        let done: Vec<Done> = work.into_iter().filter_map(|one| one.run(connection)).collect();
        let written = refusals.iter().filter(|refusal| write_refusal(connection, refusal)).count();
        if let Err(fault) = sqlite::run(connection, "COMMIT", &[]) {
            for one in done {
                one.fail(&fault);
            }
            self.connection = None;
            return 0;
        }
        done.into_iter().for_each(Done::release);
        self.bound_log(count);
        written
    }

    /// Has the write-ahead log copied by the other thread now and then; empties it here where that does not keep up.
    fn bound_log(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(rows);
        if self.rows >= CHECKPOINT_ROWS {
            self.rows = 0;
            // Full means that one is due already.
            let _already_due = self.checkpoint.try_send(());
        }
        if sqlite::log_bytes(&self.path) > MAX_LOG_BYTES
            && let Some(connection) = &self.connection
            && let Err(fault) = sqlite::empty_log(connection)
        {
            tracing::warn!("the write-ahead log was not emptied, the next commit tries again: {fault}");
        }
    }

    /// The connection, inside a new transaction; opened again where it was lost or the file is another.
    fn begin(&mut self) -> Result<&Connection, StoreFault> {
        if self.connection.is_some() && sqlite::file_identity(&self.path) != self.opened_on {
            self.connection = None;
        }
        if self.connection.is_none() {
            self.connection = Some(sqlite::open_writer(&self.path)?);
            self.opened_on = sqlite::file_identity(&self.path);
        }
        let begun = match &self.connection {
            Some(connection) => sqlite::run(connection, "BEGIN IMMEDIATE", &[]).map(|_| ()),
            None => Ok(()),
        };
        if let Err(fault) = begun {
            self.connection = None;
            return Err(fault);
        }
        self.connection.as_ref().ok_or_else(|| StoreFault::Unavailable("no connection".to_owned()))
    }
}

impl Work {
    /// `None` where the caller has stopped waiting: nothing is written then, and no token spent.
    fn run(self, connection: &Connection) -> Option<Done> {
        match self {
            Self::Exchange(_, _, answer) if answer.is_closed() => None,
            Self::Statement(_, _, answer) if answer.is_closed() => None,
            Self::Exchange(exchange, spend, answer) => {
                let outcome =
                    in_savepoint(connection, |connection| batch::write(connection, &exchange, spend));
                Some(Done::Exchange(answer, outcome.map_err(LedgerFault::from).and_then(|recorded| recorded)))
            }
            Self::Statement(sql, values, answer) => Some(Done::Statement(
                answer,
                in_savepoint(connection, |connection| sqlite::run(connection, sql, &values)),
            )),
        }
    }
}

impl Done {
    /// Tells the caller; one that has stopped waiting is no fault.
    fn release(self) {
        match self {
            Self::Exchange(answer, outcome) => drop(answer.send(outcome)),
            Self::Statement(answer, outcome) => drop(answer.send(outcome)),
        }
    }

    fn fail(self, fault: &StoreFault) {
        match self {
            Self::Exchange(answer, _) => drop(answer.send(Err(fault.clone().into()))),
            Self::Statement(answer, _) => drop(answer.send(Err(fault.clone()))),
        }
    }
}

fn refuse_all(work: Vec<Work>, fault: &StoreFault) {
    for one in work {
        match one {
            Work::Exchange(_, _, answer) => drop(answer.send(Err(fault.clone().into()))),
            Work::Statement(_, _, answer) => drop(answer.send(Err(fault.clone()))),
        }
    }
}

fn write_refusal(connection: &Connection, refusal: &ExchangeRecord) -> bool {
    let written = in_savepoint(connection, |connection| batch::insert(connection, refusal));
    if let Err(fault) = &written {
        tracing::warn!(exchange.id = %refusal.id, "the record of a refusal was not written: {fault}");
    }
    written.is_ok()
}

/// Runs one request; whatever it wrote before it failed is taken back. Where that is not possible, the transaction is
/// given up: what follows in the batch fails here, and all of it at COMMIT.
pub(super) fn in_savepoint<T>(
    connection: &Connection,
    request: impl FnOnce(&Connection) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    // SQLite takes a whole transaction back by itself when the disk fails; a savepoint would begin another then.
    if connection.is_autocommit() {
        return Err(StoreFault::Unavailable("the transaction was lost".to_owned()));
    }
    sqlite::run(connection, "SAVEPOINT request", &[])?;
    let outcome = request(connection);
    let undone =
        if outcome.is_err() { sqlite::run(connection, "ROLLBACK TO request", &[]) } else { Ok(Vec::new()) };
    if let Err(fault) = undone.and_then(|_| sqlite::run(connection, "RELEASE request", &[])) {
        // Where even this fails, the transaction is gone already.
        let _given_up = sqlite::run(connection, "ROLLBACK", &[]);
        return Err(fault);
    }
    outcome
}

/// Copies the write-ahead log into the database while the writer goes on.
fn checkpoints(path: &std::path::Path, due: &mpsc::Receiver<()>) {
    while due.recv().is_ok() {
        let copied = sqlite::open_writer(path)
            .and_then(|connection| sqlite::run(&connection, "PRAGMA wal_checkpoint(PASSIVE)", &[]).map(drop));
        if let Err(fault) = copied {
            tracing::warn!("the write-ahead log was not copied, the next commits try again: {fault}");
        }
    }
}
