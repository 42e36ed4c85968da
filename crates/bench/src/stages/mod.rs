//! The parts of the benchmark, and what they share: a server that takes its turn.

pub(crate) mod exchange;
pub(crate) mod refusals;
pub(crate) mod scale;
pub(crate) mod start;

use std::io;

use daypass_bench::load::{self, Outcome, Target};
use daypass_bench::server::{Place, Server};

/// Connections of a flood: as many exchanges as one commit shall take together.
const CONNECTIONS: usize = 64;

/// The processor that the measured server has to itself.
const SERVER_CORE: usize = 0;

/// A server that is measured.
struct Subject {
    server: Server,
    target: Target,
    /// Must outlive the server.
    place: Place,
}

/// One turn.
struct Turn {
    outcome: Outcome,
    /// Processor time of the server for one answer, in microseconds.
    micros: f64,
}

impl Subject {
    fn new(server: Server, place: Place, path: &str) -> Self {
        let target = Target { address: server.address(), path: path.to_owned(), connections: CONNECTIONS };
        Self { server, target, place }
    }

    /// Floods it with tokens, all of which must be answered with this status.
    async fn turn(&self, tokens: Vec<String>, status: u16) -> io::Result<Turn> {
        let before = self.server.usage()?;
        let outcome = load::flood(&self.target, tokens).await?;
        let used = self.server.usage()?.cpu_seconds - before.cpu_seconds;
        all(&outcome, status)?;
        Ok(Turn { micros: used * 1e6 / f64::from(outcome.count(status)), outcome })
    }
}

/// Fails a run whose answers are not what they were to be: it would measure something else.
fn all(outcome: &Outcome, status: u16) -> io::Result<()> {
    if outcome.statuses.keys().all(|found| *found == status) {
        return Ok(());
    }
    Err(io::Error::other(format!("answers with other statuses than {status}: {:?}", outcome.statuses)))
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().div_euclid(2)).copied().unwrap_or(f64::NAN)
}
