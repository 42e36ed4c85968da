//! Two servers of one ledger, by a clock that a test holds in its hand.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use daypass_fetch::Outbound;
use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_store::{ExchangeRecord, Outcome, StreamPlace};

use super::*;

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.monotonic().as_millis()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

struct TestRandom;

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// A ledger with so many exchanges, and a clock.
async fn ledger(folder: &Path, exchanges: i64) -> (Store, Arc<TestClock>) {
    let store = Store::open(&format!("sqlite://{}", folder.join("daypass.db").display())).await.unwrap();
    for moment in 0..exchanges {
        let at = Timestamp::from_millis(moment);
        let exchange = ExchangeRecord::new(ExchangeId::first_of(at), at, "seed", "192.0.2.1");
        let exchange = ExchangeRecord { outcome: Outcome::Success, ..exchange };
        store.ledger().record(exchange, None).await.unwrap();
    }
    (store, Arc::new(TestClock(AtomicU64::new(1_000))))
}

/// A server that streams to a file.
fn server(store: &Store, clock: &Arc<TestClock>, path: PathBuf) -> AuditStream {
    let settings = StreamSettings { destination: Destination::File(path), start: StreamStart::Beginning };
    let fetcher = Fetcher::new(&Outbound::default()).unwrap();
    AuditStream::new(settings, false, store.clone(), fetcher, (Arc::<TestClock>::clone(clock), &TestRandom))
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn a_server_that_cannot_deliver_lets_one_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clock) = ledger(folder.path(), 3).await;
    let good = folder.path().join("audit.jsonl");
    let ill = server(&store, &clock, folder.path().join("absent/audit.jsonl"));
    let well = server(&store, &clock, good.clone());
    while !ill.sight().holds {
        ill.tick().await;
    }
    let mut seconds = 0;
    while lines(&good) < 3 {
        ill.tick().await;
        well.tick().await;
        clock.0.fetch_add(1, Ordering::Relaxed);
        seconds += 1;
        assert!(seconds < 200, "it keeps the other out");
    }
    assert!(seconds > PATIENCE.as_secs(), "and not at once");
    assert!(well.sight().holds && !ill.sight().holds);
    // The other goes on to, when this one is back.
    for _ in 0..200 {
        ill.tick().await;
        well.tick().await;
        clock.0.fetch_add(1, Ordering::Relaxed);
    }
    assert!(well.sight().holds && !ill.sight().holds);
    store.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clock) = ledger(folder.path(), 2).await;
    let good = folder.path().join("audit.jsonl");
    let server = server(&store, &clock, good.clone());
    while !matches!(server.work.lock().await.lease, Lease::Held { .. }) {
        server.work.lock().await.pending = None;
        let mut work = server.work.lock().await;
        server.hold(&mut work).await.unwrap();
    }
    let mut next = store.audit_stream().next(&StreamPlace::beginning(), 1, 1).await.unwrap();
    next.exchanges[0].record = Err(StoreFault::Corrupt("a column".to_owned()));
    server.work.lock().await.pending = batch::of(StreamPlace::beginning(), next);
    server.tick().await;
    assert_eq!((server.sight().unreadable, lines(&good)), (1, 0));
    server.tick().await;
    assert_eq!((server.sight().unreadable, lines(&good)), (1, 1), "what is behind it comes");
    store.close().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_told_with_reminders_and_the_server_goes_on_to_deliver() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clock) = ledger(folder.path(), 1).await;
    let server = server(&store, &clock, folder.path().join("audit.jsonl"));
    while !server.sight().holds {
        server.tick().await;
    }
    let mut work = server.work.lock().await;
    let fault = StoreFault::Unavailable("it is away".to_owned());
    server.tell_store(&mut work, Some(&fault));
    assert!(matches!(work.lease, Lease::Held { .. }));
    let now = clock.monotonic();
    let mut is_due = |later| work.store_told.as_mut().unwrap().is_due(now + later, &fault.to_string());
    assert!(!is_due(Duration::from_secs(1)) && is_due(Duration::from_hours(1)));
    server.tell_store(&mut work, None);
    assert!(work.store_told.is_none());
    drop(work);
    store.close().await;
}

#[tokio::test]
async fn a_stream_that_is_held_up_is_told_when_it_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clock) = ledger(folder.path(), 0).await;
    let server = server(&store, &clock, folder.path().join("audit.jsonl"));
    let mut work = server.work.lock().await;
    server.sight.holds(true);
    let looks =
        [(61, true), (61, true), (59, true), (61, true), (61, false)].map(|(seconds, found_nothing)| {
            let oldest = Some(clock.now().plus_seconds(-seconds));
            server.sight.lag(&daypass_store::StreamLag { exchanges: 1, oldest }, clock.as_ref());
            work.found_nothing = found_nothing;
            server.tell_held_up(&mut work, clock.monotonic());
            work.held_up
        });
    assert_eq!(looks, [1, 2, 0, 1, 0], "it is told at the second look in a row");
    drop(work);
    store.close().await;
}
