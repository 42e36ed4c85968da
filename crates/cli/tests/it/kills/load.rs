//! The load: clients with fresh tokens, of whom some send a token twice at once, and some lose their answers and send it
//! again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daypass_bench::connection::{Answer, Connection};
use daypass_bench::issuer::{FIRST_REPOSITORY, Issuer, Minter};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::installation::EXCHANGE;

/// Clients of one connection that wait for their answer.
const PATIENT: u64 = 16;
/// Clients of one connection that hang up before their answer, now and then.
const IMPATIENT: u64 = 8;
/// Clients that send each token by two connections at once.
const TWINS: u64 = 4;

/// What a client received whole.
#[derive(Debug, Clone)]
pub(crate) struct Success {
    pub(crate) token: String,
    pub(crate) exchange_id: String,
    pub(crate) pass: String,
}

/// What a client was told about a token.
pub(crate) enum Said {
    Success(Success),
    AlreadyUsed,
    /// No answer, or one that says to try again.
    Nothing,
}

/// A load that goes on until the server is gone, or until its end.
pub(crate) struct Load {
    clients: JoinSet<Option<String>>,
    told: mpsc::UnboundedReceiver<Success>,
    is_over: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Client {
    address: SocketAddr,
    minter: Minter,
    dice: Dice,
    told: mpsc::UnboundedSender<Success>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, issuer: &Issuer, dice: &mut Dice) -> Self {
        let (is_over, (told, telling)) = (Arc::new(AtomicBool::new(false)), mpsc::unbounded_channel());
        let mut clients = JoinSet::new();
        for number in 0..PATIENT + IMPATIENT + TWINS {
            let client = Client {
                address,
                minter: issuer.minter(),
                dice: Dice::new(dice.next()),
                told: told.clone(),
                is_over: Arc::clone(&is_over),
            };
            if number < TWINS {
                clients.spawn(client.twin());
            } else {
                clients.spawn(client.single(number < TWINS + IMPATIENT));
            }
        }
        Self { clients, told: telling, is_over }
    }

    /// The next success that a client has received.
    pub(crate) async fn success(&mut self) -> Success {
        self.told.recv().await.expect("the load goes on")
    }

    /// Lets the clients finish; gives what they received since, and the tokens that no answer came for.
    pub(crate) async fn end(mut self) -> (Vec<Success>, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        let unanswered = self.clients.join_all().await.into_iter().flatten().collect();
        let mut rest = Vec::new();
        while let Ok(success) = self.told.try_recv() {
            rest.push(success);
        }
        (rest, unanswered)
    }
}

impl Client {
    /// One connection. Who is impatient hangs up now and then, and sends the same token by another.
    async fn single(mut self, is_impatient: bool) -> Option<String> {
        let mut connection = Connection::open(self.address).await.unwrap();
        while let Some(token) = self.token() {
            let mut said = None;
            if is_impatient {
                let patience = Duration::from_micros(self.dice.below(20_000));
                said = timeout(patience, send(&mut connection, &token)).await.ok();
            }
            if said.is_none() && is_impatient {
                let Ok(other) = Connection::open(self.address).await else { return Some(token) };
                connection = other;
            }
            let said = match said {
                Some(said) => said,
                None => send(&mut connection, &token).await,
            };
            match said {
                Said::Success(success) => self.told.send(success).unwrap(),
                Said::AlreadyUsed => {}
                Said::Nothing => return Some(token),
            }
        }
        None
    }

    /// Two connections, and each token by both at once.
    async fn twin(self) -> Option<String> {
        let (mut one, mut other) = tokio::try_join!(self.open(), self.open()).unwrap();
        while let Some(token) = self.token() {
            let said = tokio::join!(send(&mut one, &token), send(&mut other, &token));
            let is_lost = matches!(said, (Said::Nothing, _) | (_, Said::Nothing));
            for said in [said.0, said.1] {
                if let Said::Success(success) = said {
                    self.told.send(success).unwrap();
                }
            }
            if is_lost {
                return Some(token);
            }
        }
        None
    }

    async fn open(&self) -> std::io::Result<Connection> {
        Connection::open(self.address).await
    }

    /// A fresh one, until the end.
    fn token(&self) -> Option<String> {
        (!self.is_over.load(Ordering::Relaxed)).then(|| self.minter.token(FIRST_REPOSITORY).unwrap())
    }
}

/// Sends a token. Any other answer than these three would be a fault.
pub(crate) async fn send(connection: &mut Connection, token: &str) -> Said {
    let Ok(Answer { status, exchange_id, body }) = connection.exchange(EXCHANGE, token).await else {
        return Said::Nothing;
    };
    match status {
        200 => Said::Success(Success {
            token: token.to_owned(),
            exchange_id: exchange_id.expect("a success names its exchange"),
            pass: body,
        }),
        401 if body.contains("\"token_already_used\"") => Said::AlreadyUsed,
        503 => Said::Nothing,
        _ => panic!("{status}: {body}"),
    }
}

/// Random numbers that a seed decides (`SplitMix64`).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap()
    }
}
