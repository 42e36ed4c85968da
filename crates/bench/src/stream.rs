//! Load without an end: tokens made when they are due, exchanged at several servers in turn, every answer told.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::Connection;
use crate::issuer::Minter;

/// Connections to each server.
const CONNECTIONS: usize = 8;

/// Tokens that wait for a connection of one server; past that no more are made.
const MAX_WAITING: usize = 64;

/// What is sent, where to, how often.
pub struct Plan {
    /// The servers, which take turns.
    pub servers: Vec<SocketAddr>,
    /// What signs the tokens.
    pub minter: Minter,
    /// Whose tokens they are.
    pub repository: u64,
    /// Tokens a second, of all servers together.
    pub per_second: NonZeroU32,
}

/// Tells each answer as a line of JSON: `server` (from 0), `status`, `body`, and `at_ms`, the moment since 1970.
///
/// # Errors
/// A connection breaks, or nobody reads what is told.
pub async fn run(plan: Plan) -> io::Result<()> {
    let mut clients = JoinSet::new();
    let mut queues = Vec::new();
    for (server, address) in plan.servers.iter().copied().enumerate() {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..CONNECTIONS {
            clients.spawn(exchange(server, address, Arc::clone(&waiting)));
        }
        queues.push(queue);
    }
    let first_fault = async {
        let ended = clients.join_next().await.unwrap_or(Ok(Ok(())));
        ended.map_err(io::Error::other)?
    };
    tokio::select! {
        outcome = feed(&plan, &queues) => outcome,
        outcome = first_fault => outcome,
    }
}

/// Makes tokens when they are due; one that is late is made at once.
async fn feed(plan: &Plan, queues: &[mpsc::Sender<String>]) -> io::Result<()> {
    let period = Duration::from_secs(1).checked_div(plan.per_second.get()).unwrap_or_default();
    let mut ticks = tokio::time::interval(period);
    for queue in queues.iter().cycle() {
        ticks.tick().await;
        let token = tokio::task::block_in_place(|| plan.minter.token(plan.repository))?;
        if queue.send(token).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn exchange(
    server: usize,
    address: SocketAddr,
    waiting: Arc<Mutex<mpsc::Receiver<String>>>,
) -> io::Result<()> {
    let mut connection = Connection::open(address).await?;
    while let Some(token) = { waiting.lock().await.recv().await } {
        let answer = connection.exchange("/v1.0/auth/jwt", &token).await?;
        let at_ms = clock::now().millis();
        let (status, body) = (answer.status, answer.body);
        let told = serde_json::json!({ "server": server, "status": status, "body": body, "at_ms": at_ms });
        tokio::task::block_in_place(|| crate::tell(told))?;
    }
    Ok(())
}
