//! The parts of the benchmark, and what they share: a server that takes its turn.

pub(crate) mod exchange;
pub(crate) mod policy;
pub(crate) mod refusals;
pub(crate) mod scale;
pub(crate) mod start;

use std::io;
use std::process::Command;

use daypass_bench::load::{self, Outcome, Target};
use daypass_bench::server::{Place, Server, Usage};

/// Connections of a flood: twice as many as the exchanges that one commit shall take together, since as many wait for the
/// commit before.
const CONNECTIONS: usize = 128;

/// The processor that the measured server has to itself.
const SERVER_CORE: usize = 0;

/// A server that is measured.
struct Subject {
    command: Command,
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
    fn start(mut command: Command, place: Place, path: &str) -> io::Result<Self> {
        let server = Server::start(&mut command)?;
        let target = Target { address: server.address(), path: path.to_owned(), connections: CONNECTIONS };
        Ok(Self { command, server, target, place })
    }

    /// Ends it and starts it anew on what it has; gives what it used and the end of its log.
    fn restart(self) -> io::Result<(Usage, String, Self)> {
        let Self { command, server, target, place } = self;
        let used = server.usage()?;
        let log = server.end()?;
        Ok((used, log, Self::start(command, place, &target.path)?))
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
