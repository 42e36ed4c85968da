//! How long exchanges are kept, as the log tells it.

use daypass_bench::clock;
use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_store::{ExchangeFilter, ExchangeRecord, Outcome, Store, StreamStart};
use rustix::process::Signal;

use crate::support::{Folder, set_mode};

const DAY: i64 = 86_400;

async fn store(folder: &Folder) -> Store {
    Store::open(&format!("sqlite://{}", folder.path("daypass.db").display())).await.unwrap()
}

async fn succeeded(store: &Store, at: Timestamp) {
    let exchange = ExchangeRecord::new(ExchangeId::first_of(at), at, "seed", "192.0.2.1");
    store.ledger().record(ExchangeRecord { outcome: Outcome::Success, ..exchange }, None).await.unwrap();
}

/// Serves until the log has these lines.
fn serve_until(folder: &Folder, lines: &[&str]) {
    let mut server = folder.serve(&[]);
    for text in lines {
        let line = server.standing.stderr_line(|line| line.contains(text));
        assert!(line.contains("exchanges"), "{line}");
    }
    server.standing.signal(Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
}

#[tokio::test]
async fn old_exchanges_are_forgotten_with_a_word_unless_the_clock_may_be_wrong() {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n[store]\nkeep_exchanges = '7d'\n",
    );
    let store = store(&folder).await;
    let now = clock::now();
    for days in [30, 20, 10] {
        succeeded(&store, now.plus_seconds(-days * DAY)).await;
    }
    // To these a clock that is right, after ten days in which nobody came, is as one that is three days ahead.
    serve_until(&folder, &["forgotten after 7d: now those from before", "either the clock is ahead"]);
    let kept = store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap();
    assert_eq!(kept.len(), 3);
    succeeded(&store, now.plus_seconds(-6 * DAY)).await;
    serve_until(&folder, &["\"removed\":3"]);
    let kept = store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn what_the_audit_stream_has_not_delivered_is_kept_for_as_long_again_and_lost_with_a_word() {
    let folder = Folder::new();
    // Nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let secret = folder.write("secret", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
    set_mode(&secret, 0o600);
    folder.write(
        "daypass.toml",
        &format!(
            "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n[store]\nkeep_exchanges = '7d'\n[audit.stream]\n\
             webhook = 'http://127.0.0.1:{port}/'\nsecret_file = 'secret'\ninsecure_http = true\n"
        ),
    );
    let store = store(&folder).await;
    let now = clock::now();
    for days in [30, 20, 10, 6] {
        succeeded(&store, now.plus_seconds(-days * DAY)).await;
    }
    store.audit_stream().begin(StreamStart::Beginning).await.unwrap();
    serve_until(&folder, &["\"lost\":2", "\"removed\":2"]);
    let kept = store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap();
    assert_eq!(kept.len(), 2, "of twice the time");
    store.close().await;
}

#[tokio::test]
async fn a_server_without_a_stream_forgets_nothing_that_the_stream_of_the_ledger_has_yet_to_deliver() {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n[store]\nkeep_exchanges = '7d'\n",
    );
    let store = store(&folder).await;
    let now = clock::now();
    for number in 0..450 {
        succeeded(&store, now.plus_seconds(-30 * DAY + number)).await;
    }
    for days in [10, 6] {
        succeeded(&store, now.plus_seconds(-days * DAY)).await;
    }
    store.audit_stream().begin(StreamStart::Beginning).await.unwrap();
    let seen = store.audit_stream().cursor().await.unwrap().unwrap();
    assert!(store.audit_stream().take(&seen, "another").await.unwrap());
    let first = store.audit_stream().next(&seen.place, 1, 1).await.unwrap().exchanges.remove(0).place;
    assert!(store.audit_stream().advance("another", &seen.place, &first, now).await.unwrap());
    // More than a step, and the one where the stream is among the oldest.
    serve_until(&folder, &["\"lost\":449", "\"removed\":449"]);
    let kept = store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap();
    assert_eq!(kept.len(), 3, "where the stream is, and what is of twice the time");
    store.close().await;
}
