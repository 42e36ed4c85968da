//! The audit stream of the real binary: whatever the receiver does and whoever is killed, each exchange of the ledger
//! arrives, and none waits for it.

mod files;
#[cfg(feature = "test-postgres")]
mod postgres;
mod receiver;
mod webhooks;

use std::fs;
use std::process::{Command, Stdio};

use daypass_store::{ExchangeFilter, MAX_PAGE, Store};

use crate::installation::Installation;
use crate::kills::load::{Dice, Load, Success};
use crate::support::{Standing, set_mode};
use receiver::{PATH, Receiver, SECRET};

/// The ids of all exchanges that the ledger holds.
async fn recorded(store_url: &str) -> Vec<String> {
    let store = Store::open(store_url).await.unwrap();
    let (mut filter, mut ids) = (ExchangeFilter::default(), Vec::new());
    loop {
        let page = store.ledger().list(&filter, MAX_PAGE).await.unwrap();
        let Some(oldest) = page.last() else { break };
        filter.before = Some(oldest.id);
        ids.extend(page.iter().map(|exchange| exchange.id.to_string()));
    }
    store.close().await;
    ids
}

/// The command that serves an installation, with a stream to a receiver.
fn serve_with(installation: &Installation, receiver: &Receiver) -> Command {
    let secret = installation.path("webhook-secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    set_mode(&secret, 0o600);
    let mut command = installation.serve();
    command
        .env("DAYPASS_AUDIT_STREAM_WEBHOOK", &receiver.url)
        .env("DAYPASS_AUDIT_STREAM_INSECURE_HTTP", "true")
        .env("DAYPASS_AUDIT_STREAM_SECRET_FILE", secret);
    command
}

/// A server, and where it listens.
fn start(command: &mut Command) -> (Standing, std::net::SocketAddr) {
    let standing = Standing::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
    let first = standing.stderr_line(|_| true);
    let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}"));
    let address = address.parse().unwrap();
    (standing, address)
}

/// Waits for so many successes, which clients have received.
async fn successes(load: &mut Load, count: usize) -> Vec<Success> {
    let mut received = Vec::new();
    while received.len() < count {
        received.push(load.success().await);
    }
    received
}

/// What the log of a server must not hold.
fn shows_nothing_secret(server: &Standing) {
    let secret = SECRET.trim_start_matches("whsec_");
    for line in server.stderr() {
        assert!(!line.contains(secret) && !line.contains(PATH) && !line.contains("v1,"), "{line}");
    }
}

fn dice() -> Dice {
    Dice::new(daypass_bench::clock::now().millis().unsigned_abs())
}
