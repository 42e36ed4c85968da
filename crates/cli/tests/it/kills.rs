//! The kill test: under load, the server or its database is killed with no warning, and no client ever finds that a success
//! which it received is forgotten, or that a token was good twice.
//!
//! `TEST_KILLS` says how often for each engine (10), `TEST_KILLS_SEED` when and how impatiently (the time).

mod books;
pub(crate) mod load;
#[cfg(feature = "test-postgres")]
mod postgres;

use std::net::SocketAddr;
use std::time::Duration;

use daypass_bench::clock;
use daypass_bench::connection::{Answer, Connection};
use daypass_bench::server::Server;
use tokio::time::timeout;

use crate::installation::Installation;
use books::Books;
use load::{Dice, Load, Said, Success, send};

/// Successes that clients have received before the kill, at least.
const SUCCESSES: u64 = 100;

/// How long a server or its database may take to recover, and a token to be answered: far longer than either does.
const PATIENCE: Duration = Duration::from_mins(2);

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Server,
    #[cfg_attr(not(feature = "test-postgres"), expect(dead_code, reason = "a file has no server"))]
    Database,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_forgets_no_success_that_a_client_received_and_spends_no_token_twice() {
    let installation = Installation::new(None).await;
    kill_again_and_again("sqlite", &installation, |_| Victim::Server, || ()).await;
}

/// Kills one victim after the other, prints what came of it as one line of JSON, and fails if anything was lost.
async fn kill_again_and_again(
    engine: &'static str,
    installation: &Installation,
    victim: impl Fn(u32) -> Victim,
    kill_database: impl Fn(),
) {
    let kills = u32::try_from(number("TEST_KILLS").unwrap_or(10)).unwrap();
    let seed = number("TEST_KILLS_SEED").unwrap_or_else(|| clock::now().millis().unsigned_abs());
    println!("TEST_KILLS_SEED={seed}");
    let (mut dice, mut books) = (Dice::new(seed), Books::new(engine, &installation.store_url));
    let mut server = Server::start(&mut installation.serve()).unwrap();
    for number in 0..kills {
        let since = clock::now();
        let mut load = Load::start(server.address(), &installation.issuer, &mut dice);
        let mut received = until_the_moment(&mut load, &mut dice).await;
        match victim(number) {
            Victim::Server => {
                server.kill().unwrap();
                server = Server::start(&mut installation.serve()).unwrap();
            }
            Victim::Database => kill_database(),
        }
        let (rest, unanswered) = load.end().await;
        received.extend(rest);
        ready(server.address()).await;
        let retried = retry(server.address(), &unanswered).await;
        received.extend(retried);
        let again = refused_from_now_on(server.address(), &received).await;
        received.extend(again);
        books.check(received, since).await;
    }
    books.check_all().await;
    server.end().unwrap();
    books.close(kills, SUCCESSES);
}

/// What is received until the victim is killed: enough successes, and then, by turns, not a moment more, so that an answer
/// which left too early is caught, or some moments more.
async fn until_the_moment(load: &mut Load, dice: &mut Dice) -> Vec<Success> {
    let wanted = SUCCESSES.saturating_add(dice.below(300));
    let moments = if dice.below(2) == 0 { 0 } else { dice.below(20_000) };
    let mut received = Vec::new();
    for _ in 0..wanted {
        received.push(load.success().await);
    }
    if moments > 0 {
        let more = async {
            loop {
                received.push(load.success().await);
            }
        };
        let end = timeout(Duration::from_micros(moments), more).await;
        assert!(end.is_err(), "it is endless");
    }
    received
}

/// Waits until the server says that it is ready: after a kill of its database that is when it has recovered by itself.
async fn ready(address: SocketAddr) {
    let mut connection = Connection::open(address).await.unwrap();
    let mut said = None;
    let ready = async {
        while said.as_ref().is_none_or(|answer: &Answer| answer.status != 200) {
            tokio::task::yield_now().await;
            said = Some(connection.get("/readyz").await.unwrap());
        }
    };
    let is_in_time = timeout(PATIENCE, ready).await.is_ok();
    assert!(is_in_time, "the server does not recover from the kill; it said last: {said:?}");
}

/// Sends again what no answer came for, as a client does whose answer was lost, until there is one.
async fn retry(address: SocketAddr, unanswered: &[String]) -> Vec<Success> {
    let mut connection = Connection::open(address).await.unwrap();
    let mut received = Vec::new();
    for token in unanswered {
        received.extend(answer(&mut connection, token).await);
    }
    received
}

/// The success that is the answer; none where the token was used.
async fn answer(connection: &mut Connection, token: &str) -> Option<Success> {
    let answer = async {
        loop {
            match send(connection, token).await {
                Said::Success(success) => return Some(success),
                Said::AlreadyUsed => return None,
                Said::Nothing => tokio::task::yield_now().await,
            }
        }
    };
    let answer = timeout(PATIENCE, answer).await;
    answer.expect("the server is ready, and answers a token with 503 or not at all")
}

/// Sends again every token whose success was received; gives those that were good once more.
async fn refused_from_now_on(address: SocketAddr, received: &[Success]) -> Vec<Success> {
    let mut connection = Connection::open(address).await.unwrap();
    let mut again = Vec::new();
    for success in received {
        again.extend(answer(&mut connection, &success.token).await);
    }
    again
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
