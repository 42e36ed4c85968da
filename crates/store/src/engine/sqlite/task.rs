//! One request of a batch, and what became of it, held back until the commit.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::queue::{Answer, Work};
use super::super::recorded::{Recorded, Spend};
use super::{batch, connection};
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// What keeps a request that fails from leaving a part of itself behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing: the whole transaction must be taken back then.
    Transaction,
    /// A savepoint of its own. It costs as much as the writing itself: SQLite copies each page that it touches.
    Savepoint,
}

/// One request.
pub(super) enum Task {
    Exchange {
        exchange: Arc<ExchangeRecord>,
        spend: Option<Spend>,
        answer: Answer<Result<Recorded, LedgerFault>>,
        outcome: Result<(), LedgerFault>,
    },
    Statement {
        sql: &'static str,
        values: Vec<Value<'static>>,
        answer: Answer<Result<Vec<Row>, StoreFault>>,
        outcome: Result<Vec<Row>, StoreFault>,
    },
    Statements {
        all: Vec<(&'static str, Vec<Value<'static>>)>,
        answer: Answer<Result<(), StoreFault>>,
        outcome: Result<(), StoreFault>,
    },
}

impl Task {
    pub(super) fn new(work: Work) -> Self {
        let unwritten = || StoreFault::Unavailable("it was not written".to_owned());
        match work {
            Work::Exchange(exchange, spend, answer) => {
                Self::Exchange { exchange, spend, answer, outcome: Err(unwritten().into()) }
            }
            Work::Statement(sql, values, answer) => {
                Self::Statement { sql, values, answer, outcome: Err(unwritten()) }
            }
            Work::Statements(all, answer) => Self::Statements { all, answer, outcome: Err(unwritten()) },
        }
    }

    /// Whether the caller has stopped waiting: nothing is written then, and no token spent.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::Exchange { answer, .. } => answer.is_closed(),
            Self::Statement { answer, .. } => answer.is_closed(),
            Self::Statements { answer, .. } => answer.is_closed(),
        }
    }

    /// Writes it; gives whether it failed, so that a part of it may have been written where `guard` keeps nothing.
    pub(super) fn write(&mut self, connection: &Connection, guard: Guard) -> bool {
        match self {
            Self::Exchange { exchange, spend, outcome, .. } => {
                let written =
                    guarded(connection, guard, |connection| batch::write(connection, exchange, *spend));
                let failed = written.is_err();
                *outcome = written.map_err(LedgerFault::from).and_then(|spent| spent);
                failed
            }
            Self::Statement { sql, values, outcome, .. } => {
                *outcome = guarded(connection, guard, |connection| connection::run(connection, sql, values));
                outcome.is_err()
            }
            Self::Statements { all, outcome, .. } => {
                *outcome = guarded(connection, guard, |connection| run_all(connection, all));
                outcome.is_err()
            }
        }
    }

    /// Tells the caller, after the commit of so many requests; one that has stopped waiting is no fault.
    pub(super) fn release(self, batch_size: usize) {
        match self {
            Self::Exchange { exchange, answer, outcome, .. } => {
                drop(answer.send(outcome.map(|()| Recorded::new(exchange.id, batch_size))));
            }
            Self::Statement { answer, outcome, .. } => drop(answer.send(outcome)),
            Self::Statements { answer, outcome, .. } => drop(answer.send(outcome)),
        }
    }

    /// Tells the caller that nothing was written.
    pub(super) fn fail(self, fault: &StoreFault) {
        match self {
            Self::Exchange { answer, .. } => drop(answer.send(Err(fault.clone().into()))),
            Self::Statement { answer, .. } => drop(answer.send(Err(fault.clone()))),
            Self::Statements { answer, .. } => drop(answer.send(Err(fault.clone()))),
        }
    }
}

/// Runs statements, each of which must give a row.
fn run_all(
    connection: &Connection,
    statements: &[(&'static str, Vec<Value<'static>>)],
) -> Result<(), StoreFault> {
    for (sql, values) in statements {
        if connection::run(connection, sql, values)?.is_empty() {
            return Err(StoreFault::Overtaken);
        }
    }
    Ok(())
}

/// Runs one request inside the transaction. SQLite takes a whole transaction back by itself when the disk fails: what
/// followed would be a transaction of its own then, and is refused.
pub(super) fn guarded<T>(
    connection: &Connection,
    guard: Guard,
    request: impl FnOnce(&Connection) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    if connection.is_autocommit() {
        return Err(StoreFault::Unavailable("the transaction was lost".to_owned()));
    }
    match guard {
        Guard::Transaction => request(connection),
        Guard::Savepoint => in_savepoint(connection, request),
    }
}

/// Whatever the request wrote before it failed is taken back. Where that is not possible, the transaction is given up:
/// what follows in the batch fails at [`guarded`], and all of it at COMMIT.
fn in_savepoint<T>(
    connection: &Connection,
    request: impl FnOnce(&Connection) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    connection::run(connection, "SAVEPOINT request", &[])?;
    let outcome = request(connection);
    let undone = if outcome.is_err() {
        connection::run(connection, "ROLLBACK TO request", &[])
    } else {
        Ok(Vec::new())
    };
    if let Err(fault) = undone.and_then(|_| connection::run(connection, "RELEASE request", &[])) {
        // Where even this fails, the transaction is gone already.
        let _given_up = connection::run(connection, "ROLLBACK", &[]);
        return Err(fault);
    }
    outcome
}
