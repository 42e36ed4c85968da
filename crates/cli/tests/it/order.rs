//! The order test: as the system's calls show it, no byte of a success is written to a socket before the sync that made its
//! record durable has returned. A kill alone cannot show that: the page cache survives the death of a process.
//!
//! On PostgreSQL the sync is the database's own affair. That daypass asks for it in each transaction is held by
//! `every_commit_is_durable_though_the_server_would_not_wait` in the store, and by the kills of PostgreSQL in `kills`: a
//! commit that did not wait is still in that server's memory, and dies with it.

mod trace;

use std::path::{Path, PathBuf};
use std::process::Command;

use daypass_bench::connection::Connection;
use daypass_bench::issuer::{FIRST_REPOSITORY, Minter};
use daypass_bench::server::Server;
use tokio::task::JoinSet;

use crate::installation::{EXCHANGE, Installation};
use trace::{Order, Trace};

/// Exchanges that are sent one after the other, by each client.
const EXCHANGES: usize = 20;
/// Clients at once, after the one that was alone.
const CLIENTS: usize = 4;
/// Bytes of a string that are traced: more than the 4,096 of a page of the database.
const TRACED_BYTES: &str = "8192";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_success_is_written_to_a_socket_before_its_record_is_on_the_platter() {
    let installation = Installation::new(None).await;
    let orders = orders(&installation, None).await;
    println!("{} successes were checked", orders.len());
    assert_eq!(orders, vec![Order::Durable; EXCHANGES * (1 + CLIENTS)]);
}

/// The server refuses to run with a weaker `PRAGMA synchronous` (`a_connection_that_does_not_write_durably_is_refused`), so
/// syncing is taken away from below it. What is left are the calls of `synchronous = OFF`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_synced_every_success_is_seen_to_be_too_early() {
    let installation = Installation::new(None).await;
    let without_sync = library_without_sync(&installation);
    let orders = orders(&installation, Some(&without_sync)).await;
    println!("{} successes were checked", orders.len());
    assert_eq!(orders, vec![Order::TooEarly; EXCHANGES * (1 + CLIENTS)]);
}

/// In which order each success was made durable and told.
async fn orders(installation: &Installation, preload: Option<&Path>) -> Vec<Order> {
    let file = installation.path("trace");
    let server = Server::start(&mut traced(installation, &file, preload)).unwrap();
    let minter = installation.issuer.minter();
    let mut successes = exchange(Connection::open(server.address()).await.unwrap(), &minter).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let connection = Connection::open(server.address()).await.unwrap();
        let minter = minter.clone();
        clients.spawn(async move { exchange(connection, &minter).await });
    }
    successes.extend(clients.join_all().await.into_iter().flatten());
    // The tracer holds the server's stderr too: its end is the end of the trace.
    server.end().unwrap();
    let trace = Trace::parse(&std::fs::read_to_string(&file).unwrap());
    successes.iter().map(|exchange_id| trace.order(exchange_id)).collect()
}

/// The ids of exchanges that succeeded.
async fn exchange(mut connection: Connection, minter: &Minter) -> Vec<String> {
    let mut successes = Vec::new();
    for _ in 0..EXCHANGES {
        let token = minter.token(FIRST_REPOSITORY).unwrap();
        let answer = connection.exchange(EXCHANGE, &token).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        successes.push(answer.exchange_id.unwrap());
    }
    successes
}

/// The server under `strace`, which stands beside it (`-D`): the process that is started, and ended, is the server.
fn traced(installation: &Installation, file: &Path, preload: Option<&Path>) -> Command {
    let serve = installation.serve();
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "--seccomp-bpf", "-yy", "-e", "signal=none", "-s", TRACED_BYTES]);
    command.args(["-e", "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg", "-o"]).arg(file);
    if let Some(library) = preload {
        command.arg("-E").arg(format!("LD_PRELOAD={}", library.display()));
    }
    command.arg("--").arg(serve.get_program()).args(serve.get_args());
    command.current_dir(serve.get_current_dir().unwrap());
    command
}

/// A library that takes the place of the C library's two ways to sync.
fn library_without_sync(installation: &Installation) -> PathBuf {
    let (source, library) = (installation.path("without_sync.c"), installation.path("without_sync.so"));
    let functions =
        ["fsync", "fdatasync"].map(|name| format!("int {name}(int fd) {{ (void)fd; return 0; }}\n"));
    std::fs::write(&source, functions.concat()).unwrap();
    let ran =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    library
}
