//! Load: tokens sent by many connections, as fast as they are answered or at a rate.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::Connection;

/// How often a load at a rate sends what is due.
const TICK: Duration = Duration::from_millis(1);

/// Who is asked for what.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// Path and query.
    pub path: String,
    /// Connections.
    pub connections: usize,
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, u32>,
    /// How long all of it took.
    pub elapsed: Duration,
    /// How long each answer took, the shortest first. At a rate, from the moment at which it was due.
    pub latencies: Vec<Duration>,
}

impl Outcome {
    /// Answers with this status.
    pub fn count(&self, status: u16) -> u32 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Answers with this status a second.
    pub fn per_second(&self, status: u16) -> f64 {
        f64::from(self.count(status)) / self.elapsed.as_secs_f64()
    }

    /// The latency below which so many of a hundred answers are.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = last.saturating_mul(percent).div_euclid(100);
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

/// Sends every token once; each connection sends its next when it has its answer.
///
/// # Errors
/// A connection breaks.
pub async fn flood(target: &Target, tokens: Vec<String>) -> io::Result<Outcome> {
    let started = clock::instant();
    let tokens = Arc::new(Mutex::new(VecDeque::from(tokens)));
    let mut clients = JoinSet::new();
    for _ in 0..target.connections {
        let (target, tokens) = (target.clone(), Arc::clone(&tokens));
        clients.spawn(async move {
            let mut connection = Connection::open(target.address).await?;
            let mut answers = Vec::new();
            while let Some(token) = next(&tokens) {
                let sent = clock::instant();
                let answer = connection.exchange(&target.path, &token).await?;
                answers.push((answer.status, sent.elapsed()));
            }
            Ok(answers)
        });
    }
    collect(clients, started).await
}

/// Sends every token once, so many a second, whether those before are answered or not. What is due within a millisecond
/// is sent together.
///
/// # Errors
/// A connection breaks.
pub async fn paced(target: &Target, tokens: Vec<String>, per_second: f64) -> io::Result<Outcome> {
    let started = clock::instant();
    let (due, waiting) = mpsc::unbounded_channel::<(String, Instant)>();
    let waiting = Arc::new(AsyncMutex::new(waiting));
    let mut clients = JoinSet::new();
    for _ in 0..target.connections {
        let (target, waiting) = (target.clone(), Arc::clone(&waiting));
        clients.spawn(async move {
            let mut connection = Connection::open(target.address).await?;
            let mut answers = Vec::new();
            while let Some((token, due)) = { waiting.lock().await.recv().await } {
                let answer = connection.exchange(&target.path, &token).await?;
                answers.push((answer.status, due.elapsed()));
            }
            Ok(answers)
        });
    }
    let mut ticks = tokio::time::interval(TICK);
    let mut tokens = tokens.into_iter();
    let mut sent = 0.0;
    while tokens.len() > 0 {
        let moment = ticks.tick().await.into_std();
        while sent < moment.duration_since(started).as_secs_f64() * per_second
            && let Some(token) = tokens.next()
        {
            sent += 1.0;
            // Clients that have ended say why below.
            drop(due.send((token, moment)));
        }
    }
    drop(due);
    collect(clients, started).await
}

fn next(tokens: &Mutex<VecDeque<String>>) -> Option<String> {
    tokens.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

async fn collect(
    mut clients: JoinSet<io::Result<Vec<(u16, Duration)>>>,
    started: Instant,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    while let Some(answers) = clients.join_next().await {
        for (status, latency) in answers.map_err(io::Error::other)?? {
            let count = outcome.statuses.entry(status).or_default();
            *count = count.saturating_add(1);
            outcome.latencies.push(latency);
        }
    }
    outcome.elapsed = started.elapsed();
    outcome.latencies.sort_unstable();
    Ok(outcome)
}
