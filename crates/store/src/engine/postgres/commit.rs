//! Writing: one thread with one connection, one transaction for all exchanges that wait, each caller released when that
//! transaction is durable.
//!
//! Where one exchange of a batch does not fit, the batch is taken back and halved until that one stands alone, so that
//! it fails nobody else. Where the connection is lost, nobody of the batch is told of a success, although the server
//! may have committed; the next batch connects anew.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::super::WRITE_DEADLINE;
use super::super::queue::{Answer, Work, Writer};
use super::super::recorded::Recorded;
use super::address::Address;
use super::ledger::{self, Entry, Outcomes};
use super::migrate;
use super::session::{Access, Session};
use super::trouble::Trouble;
use crate::exchanges::ExchangeRecord;
use crate::fault::{LedgerFault, StoreFault};
use crate::value::{Row, Value};

/// Every transaction begins so: whatever the server's default is, COMMIT returns when the log is on the platter.
pub(super) const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = on";
/// Statements of all servers go one after the other, as on the other engine: several of them look before they write.
const MY_TURN: &str = "SELECT value FROM meta WHERE name = 'ping' FOR UPDATE";
/// How often a transaction is tried that others come between.
const ATTEMPTS: usize = 5;

type Told = Answer<Result<Recorded, LedgerFault>>;

/// An exchange that waits; nobody waits for a refusal.
struct Waiting {
    entry: Entry,
    answer: Option<Told>,
}

/// The writer's side of the database.
struct Open {
    address: Arc<Address>,
    session: Option<Session>,
}

/// Connects, makes the tables or brings them up to date, and starts the thread that writes. Blocks.
pub(super) fn start(address: Arc<Address>) -> Result<Writer, StoreFault> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StoreFault::Unavailable(error.to_string()))?;
    let session = runtime.block_on(first_session(&address))?;
    let mut open = Open { address, session: Some(session) };
    Writer::start(move |work, refusals| open.commit(&runtime, work, refusals), Vec::new())
}

async fn first_session(address: &Address) -> Result<Session, Trouble> {
    let mut session = Session::connect(address, Access::Write).await?;
    migrate::migrate(&mut session).await?;
    Ok(session)
}

impl Open {
    /// Writes a batch and releases its callers; gives the number of refusals that were written.
    fn commit(&mut self, runtime: &Runtime, work: Vec<Work>, refusals: Vec<ExchangeRecord>) -> usize {
        let mut exchanges = Vec::with_capacity(work.len().saturating_add(refusals.len()));
        let mut others = Vec::new();
        for one in work {
            match one {
                Work::Exchange(exchange, spend, answer) => {
                    exchanges.push(Waiting { entry: Entry { exchange, spend }, answer: Some(answer) });
                }
                other @ (Work::Statement(..) | Work::Statements(..)) => others.push(other),
            }
        }
        exchanges.extend(refusals.into_iter().map(|exchange| Waiting {
            entry: Entry { exchange: Arc::new(exchange), spend: None },
            answer: None,
        }));
        runtime.block_on(async {
            let written = self.exchanges(exchanges).await;
            for other in others.into_iter().filter(|other| !other.is_given_up()) {
                // A caller that has stopped waiting is no fault.
                match other {
                    Work::Statement(sql, values, answer) => {
                        drop(answer.send(self.statement(sql, &values).await));
                    }
                    Work::Statements(all, answer) => drop(answer.send(self.statements(&all).await)),
                    Work::Exchange(..) => {}
                }
            }
            written
        })
    }

    /// Writes exchanges, halving what does not fit; gives the number of refusals that were written.
    async fn exchanges(&mut self, all: Vec<Waiting>) -> usize {
        let mut written = 0_usize;
        let mut parts = vec![all];
        while let Some(mut part) = parts.pop() {
            part.retain(Waiting::is_wanted);
            if part.is_empty() {
                continue;
            }
            let (entries, answers): (Vec<Entry>, Vec<Option<Told>>) =
                part.into_iter().map(|waiting| (waiting.entry, waiting.answer)).unzip();
            match self.transaction(&entries).await {
                Ok(outcomes) => {
                    let refusals = answers.iter().filter(|answer| answer.is_none()).count();
                    written = written.saturating_add(refusals);
                    for (answer, outcome) in answers.into_iter().zip(outcomes) {
                        tell(answer, outcome);
                    }
                }
                Err(Trouble::Request(_)) if entries.len() > 1 => {
                    let rejoined = entries.into_iter().zip(answers);
                    let mut former: Vec<Waiting> =
                        rejoined.map(|(entry, answer)| Waiting { entry, answer }).collect();
                    let latter = former.split_off(former.len() / 2);
                    parts.extend([latter, former]);
                }
                Err(trouble) => {
                    let fault = StoreFault::from(trouble);
                    for (entry, answer) in entries.iter().zip(answers) {
                        if answer.is_none() {
                            let id = entry.exchange.id;
                            tracing::warn!(exchange.id = %id, "the record of a refusal was not written: {fault}");
                        }
                        tell(answer, Err(fault.clone().into()));
                    }
                }
            }
        }
        written
    }

    async fn transaction(&mut self, entries: &[Entry]) -> Result<Outcomes, Trouble> {
        for _ in 1..ATTEMPTS {
            match self.attempt(async |session| ledger::write(session, entries).await).await {
                Err(Trouble::Again(why)) => tracing::debug!("the ledger tries again: {why}"),
                outcome => return outcome,
            }
        }
        self.attempt(async |session| ledger::write(session, entries).await).await
    }

    async fn statement(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreFault> {
        let written = self.attempt(async |session| {
            session.batch(BEGIN).await?;
            session.run(MY_TURN, &[]).await?;
            let rows = session.run(sql, values).await?;
            session.batch("COMMIT").await?;
            Ok(rows)
        });
        written.await.map_err(StoreFault::from)
    }

    async fn statements(&mut self, all: &[(&'static str, Vec<Value<'static>>)]) -> Result<(), StoreFault> {
        let written = self.attempt(async |session| {
            session.batch(BEGIN).await?;
            session.run(MY_TURN, &[]).await?;
            for (sql, values) in all {
                if session.run(sql, values).await?.is_empty() {
                    return Err(Trouble::Overtaken);
                }
            }
            session.batch("COMMIT").await
        });
        written.await.map_err(StoreFault::from)
    }

    /// Runs one transaction. Where it failed, nothing of it is left; where the server did, the connection is dropped.
    async fn attempt<T>(
        &mut self,
        transaction: impl AsyncFnOnce(&mut Session) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut session = in_time(self.session()).await?;
        let outcome = in_time(transaction(&mut session)).await;
        let is_kept = match &outcome {
            Ok(_) => true,
            Err(Trouble::Request(_) | Trouble::Again(_) | Trouble::Overtaken) => {
                in_time(session.batch("ROLLBACK")).await.is_ok()
            }
            Err(Trouble::Server(_) | Trouble::Refused(_)) => false,
        };
        if is_kept {
            self.session = Some(session);
        }
        outcome
    }

    /// A connection that answers: the server may have gone while nobody wrote.
    async fn session(&mut self) -> Result<Session, Trouble> {
        if let Some(session) = self.session.take()
            && !session.is_closed()
            && session.batch("").await.is_ok()
        {
            return Ok(session);
        }
        let mut session = Session::connect(&self.address, Access::Write).await?;
        migrate::check(&mut session).await?;
        migrate::mend(&mut session).await?;
        Ok(session)
    }
}

impl Waiting {
    /// Whether somebody still waits for it: if not, nothing is written, and no token spent.
    fn is_wanted(&self) -> bool {
        self.answer.as_ref().is_none_or(|answer| !answer.is_closed())
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let answer = tokio::time::timeout(WRITE_DEADLINE, asked).await;
    answer.unwrap_or_else(|_| Err(Trouble::Server("the server took too long".to_owned())))
}

/// A caller that has stopped waiting is no fault.
fn tell(answer: Option<Told>, outcome: Result<Recorded, LedgerFault>) {
    if let Some(answer) = answer {
        drop(answer.send(outcome));
    }
}
