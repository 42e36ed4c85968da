//! What a server does to the store: kills, lost connections, newer tables, TLS.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daypass_jose::ids::ExchangeId;
use daypass_store::{LedgerFault, Spend, Store, StoreFault, StreamPlace};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use crate::schema::{Schema, server};
use crate::support::{Place, all, bare, once, postgres, success};

/// What one caller was told, and the key that it spent.
type Told = (ExchangeId, [u8; 32]);

fn token(worker: u8, number: u64) -> Spend {
    let mut spend = once(worker);
    spend.key[..8].copy_from_slice(&number.to_be_bytes());
    spend
}

/// Records one exchange after the other; whatever is no success must say that the store is unavailable.
async fn record_on(store: Store, worker: u8, is_over: Arc<AtomicBool>, told: mpsc::UnboundedSender<Told>) {
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let spend = token(worker, number);
        match store.ledger().record(success(1), Some(spend)).await {
            Ok(recorded) => drop(told.send((recorded.exchange_id(), spend.key))),
            Err(LedgerFault::Store(StoreFault::Unavailable(_))) => tokio::task::yield_now().await,
            Err(fault) => panic!("{fault:?}"),
        }
    }
}

async fn kill_and_start() {
    let killed = tokio::task::spawn_blocking(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");
        Command::new(script).args(["restart", &server("TEST_DATABASE_CRASH_FOLDER")]).status()
    });
    assert!(killed.await.unwrap().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_success_is_forgotten_when_the_server_is_killed_and_the_store_recovers_by_itself() {
    let schema = Schema::new(&server("TEST_DATABASE_CRASH_URL"));
    let replicas = [Store::open(&schema.url()).await.unwrap(), Store::open(&schema.url()).await.unwrap()];
    let is_over = Arc::new(AtomicBool::new(false));
    let (told, mut telling) = mpsc::unbounded_channel();
    let workers: Vec<_> = (0..16)
        .map(|worker| {
            let store = replicas[usize::from(worker) % 2].clone();
            tokio::spawn(record_on(store, worker, Arc::clone(&is_over), told.clone()))
        })
        .collect();
    let mut successes = Vec::new();
    for _ in 0..3 {
        let before = successes.len();
        while successes.len() < before + 200 {
            successes.push(telling.recv().await.unwrap());
        }
        kill_and_start().await;
        // What was told before the kill is not what shows that the store has recovered.
        while let Ok(told) = telling.try_recv() {
            successes.push(told);
        }
    }
    let before = successes.len();
    while successes.len() < before + 200 {
        successes.push(telling.recv().await.unwrap());
    }
    is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    for (id, key) in successes {
        assert!(replicas[1].ledger().show(id).await.unwrap().is_some(), "{id} was told, and is not there");
        let again = replicas[0].ledger().record(success(2), Some(Spend { key, ..once(0) })).await;
        let Err(LedgerFault::AlreadySpent { first_exchange, .. }) = again else { panic!("{again:?}") };
        assert_eq!(first_exchange, id);
    }
}

async fn execute(place: &Place, sql: &str) {
    place.client().await.batch_execute(sql).await.unwrap();
}

async fn number(place: &Place, sql: &str) -> i64 {
    place.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_while_nobody_asks_are_made_anew_and_nobody_notices() {
    let place = postgres();
    let name = place.url.rsplit_once("test_").unwrap().1.to_owned();
    let store = Store::open(&format!("{}&application_name={name}", place.url)).await.unwrap();
    for round in 1..4 {
        store.ledger().record(success(round), None).await.unwrap();
        assert_eq!(all(&store).await.len(), usize::try_from(round).unwrap());
        let sql = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = ";
        assert!(number(&place, &format!("{sql}'{name}'")).await >= 2);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let place = postgres();
    let store = place.open().await;
    store.ping().await.unwrap();
    execute(&place, "UPDATE schema_version SET version = 99").await;
    let fault = Store::open(&place.url).await.err();
    assert!(matches!(&fault, Some(StoreFault::Refused(text)) if text.contains("version 99")), "{fault:?}");
    assert_eq!(number(&place, "SELECT version FROM schema_version").await, 99);
}

#[tokio::test]
async fn text_is_compared_byte_by_byte_whatever_the_language_of_the_server() {
    let place = postgres();
    place.open().await;
    let columns = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = current_schema() \
                   AND data_type = 'text'";
    assert!(number(&place, columns).await > 40);
    let others = format!("{columns} AND collation_name IS DISTINCT FROM 'C'");
    assert_eq!(number(&place, &others).await, 0);
}

#[tokio::test]
async fn uses_of_a_token_that_may_be_used_again_are_counted() {
    let place = postgres();
    let store = place.open().await;
    let again = Spend { once: false, ..once(1) };
    let all_at_once = (0..5).map(|number| store.ledger().record(success(number), Some(again)));
    for one in all_at_once {
        one.await.unwrap();
    }
    assert_eq!(number(&place, "SELECT uses FROM spent_tokens").await, 5);
}

#[tokio::test]
async fn a_database_that_is_missing_or_a_wrong_password_is_told_without_the_password() {
    let url = server("TEST_DATABASE_URL");
    let (start, _) = url.rsplit_once('/').unwrap();
    for wrong in [format!("{start}/missing"), url.replace("only-for-tests", "s3cret-p4ss")] {
        let fault = Store::open(&wrong).await.err().unwrap().to_string();
        assert!(fault.contains("missing") || fault.contains("password authentication failed"), "{fault}");
        assert!(!fault.contains("only-for-tests") && !fault.contains("s3cret"), "{fault}");
    }
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_name_the_host() {
    let url = server("TEST_DATABASE_CRASH_URL");
    let root = format!("sslmode=verify-full&sslrootcert={}/ca.pem", server("TEST_DATABASE_CRASH_FOLDER"));
    let named = url.replace("127.0.0.1", "localhost");
    let schema = Schema::new(&url);
    let of = |base: &str, tls: &str| format!("{}&{tls}", schema.url().replace(&url, base));
    Store::open(&of(&named, &root)).await.unwrap().ping().await.unwrap();
    let (not_named, not_trusted) = (of(&url, &root), of(&named, "sslmode=verify-full"));
    for (wrong, why) in [(not_named, "not valid for name"), (not_trusted, "UnknownIssuer")] {
        let fault = Store::open(&wrong).await.err().unwrap().to_string();
        assert!(fault.contains(why), "{fault}");
    }
}

/// The ids that a stream gives behind a place, once nothing older is being written, and the place behind them.
async fn streamed(store: &Store, from: &StreamPlace) -> (Vec<ExchangeId>, StreamPlace) {
    let (mut ids, mut place) = (Vec::new(), from.clone());
    for next in store.audit_stream().next(from, 1_000, 10_000_000).await.unwrap().exchanges {
        ids.push(next.record.unwrap().id);
        place = next.place;
    }
    (ids, place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_that_is_committed_behind_a_younger_one_is_streamed_too() {
    let place = postgres();
    let store = place.open().await;
    let start = StreamPlace::beginning();
    let mut late = place.client().await;
    let older = bare(1).id;
    // A replica that begins first and commits last, with a lower number and a lower id.
    let transaction = late.transaction().await.unwrap();
    let insert =
        "INSERT INTO exchanges (id, at, face, outcome, source) VALUES ($1, 1, 'seed', 'refused', 'x')";
    transaction.execute(insert, &[&older.to_string()]).await.unwrap();
    let younger = success(2);
    store.ledger().record(younger.clone(), None).await.unwrap();
    assert!(store.ledger().show(younger.id).await.unwrap().is_some(), "it is seen");
    let (ids, behind) = streamed(&store, &start).await;
    assert_eq!(ids, [], "and waits for what may still come before it");
    transaction.commit().await.unwrap();
    let (mut ids, mut behind) = (ids, behind);
    while ids.len() < 2 {
        let (more, place) = streamed(&store, &behind).await;
        ids.extend(more);
        behind = place;
    }
    assert_eq!(ids, [older, younger.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_database_that_came_from_another_server_what_is_recorded_comes_behind_what_is_there() {
    let place = postgres();
    let store = place.open().await;
    store.ledger().record(success(1), None).await.unwrap();
    store.ledger().record(success(2), None).await.unwrap();
    // As a dump brings it from a server that has counted further.
    execute(&place, "UPDATE exchanges SET ordinal = ordinal + 1000000000").await;
    let mut seen = StreamPlace::beginning();
    for (round, store) in [(3, place.open().await), (4, place.open().await)] {
        let exchange = success(round);
        store.ledger().record(exchange.clone(), None).await.unwrap();
        let ids = loop {
            let (ids, behind) = streamed(&store, &seen).await;
            if ids.contains(&exchange.id) {
                seen = behind;
                break ids;
            }
        };
        let before = if round == 3 { 2 } else { 0 };
        assert_eq!(ids.len(), before + 1);
        assert_eq!(ids.last(), Some(&exchange.id));
    }
    assert!(number(&place, "SELECT value FROM meta WHERE name = 'ordinal_offset'").await > 1_000_000_000);
}

/// The tables of version 2, in which somebody reads `exchanges` and does not end, as a backup does; and another server, that
/// writes.
async fn version_2_with_a_reader() -> (Place, Client, Client) {
    let place = postgres();
    place.make_version_1("SELECT 1").await;
    execute(&place, include_str!("../../migrations/postgres/0002_revocations.sql")).await;
    execute(&place, "UPDATE schema_version SET version = 2").await;
    let (reader, other) = (place.client().await, place.client().await);
    reader.batch_execute("BEGIN; LOCK TABLE exchanges IN ACCESS SHARE MODE").await.unwrap();
    // As every server of daypass.
    other.batch_execute("SET lock_timeout = '2s'").await.unwrap();
    (place, reader, other)
}

async fn write(client: &Client, moment: i64) {
    let id = bare(moment).id.to_string();
    let insert =
        "INSERT INTO exchanges (id, at, face, outcome, source) VALUES ($1, 1, 'seed', 'refused', 'x')";
    client.execute(insert, &[&id]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_a_backup_reads_are_changed_behind_it_and_other_servers_go_on_meanwhile() {
    let (place, reader, other) = version_2_with_a_reader().await;
    let url = place.url.clone();
    let start = tokio::spawn(async move { Store::open(&url).await });
    // Until it has waited for the table twice, what others write is written.
    let waits = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'exchanges'::regclass AND NOT granted";
    let (mut moment, mut was_waiting, mut waited) = (0, false, 0);
    while waited < 2 {
        moment += 1;
        write(&other, moment).await;
        let is_waiting = number(&place, waits).await > 0;
        waited += u32::from(was_waiting && !is_waiting);
        was_waiting = is_waiting;
        assert!(!start.is_finished());
    }
    reader.batch_execute("COMMIT").await.unwrap();
    let store = start.await.unwrap().unwrap();
    assert_eq!(all(&store).await.len(), usize::try_from(moment).unwrap());
}
