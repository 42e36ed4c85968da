//! Reading: a few connections, lent one request at a time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::super::{CLOSED, MAX_READERS};
use super::address::Address;
use super::migrate;
use super::session::{Access, Session};
use super::trouble::Trouble;
use crate::fault::StoreFault;
use crate::value::{Row, Value};

pub(super) struct Readers {
    address: Arc<Address>,
    turns: Semaphore,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(super) fn new(address: Arc<Address>) -> Self {
        Self { address, turns: Semaphore::new(MAX_READERS), idle: Mutex::default() }
    }

    /// A caller that gives up closes the connection that it was lent; the server ends the query by its own deadline.
    pub(super) async fn read(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreFault> {
        let closed = |_| StoreFault::Unavailable(CLOSED.to_owned());
        let _turn = self.turns.acquire().await.map_err(closed)?;
        // One that was kept may turn out to be dead: then a new one is asked the same.
        if let Some(session) = self.kept()
            && let Ok(rows) = self.run(session, sql, values).await
        {
            return Ok(rows);
        }
        let mut session = Session::connect(&self.address, Access::Read).await?;
        migrate::check(&mut session).await?;
        Ok(self.run(session, sql, values).await?)
    }

    /// Later reads fail; connections are closed, those in use when their read ends.
    pub(super) fn close(&self) {
        self.turns.close();
        self.lock().clear();
    }

    fn kept(&self) -> Option<Session> {
        let mut idle = self.lock();
        idle.retain(|session| !session.is_closed());
        idle.pop()
    }

    async fn run(
        &self,
        mut session: Session,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Trouble> {
        let rows = session.run(sql, values).await?;
        if !self.turns.is_closed() {
            self.lock().push(session);
        }
        Ok(rows)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
