//! The stream to a file that is rotated and torn, and to a standard output that nobody reads.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};

use daypass_bench::clock;
use daypass_jose::ids::ExchangeId;
use daypass_store::{ExchangeRecord, Outcome, Store};
use rustix::process::Signal;

use super::receiver::SECRET;
use crate::support::{Folder, Standing, get, mode_of, set_mode};

pub(super) const SETTINGS: &str =
    "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n[audit.stream]\n";

/// The ledger of a folder, beside the server's own.
pub(super) struct Beside {
    pub(super) store: Store,
    next: i64,
}

impl Beside {
    pub(super) async fn new(folder: &Folder) -> Self {
        let store = Store::open(&format!("sqlite://{}", folder.path("daypass.db").display())).await.unwrap();
        Self { store, next: 0 }
    }

    /// Records so many exchanges; gives their ids.
    pub(super) async fn record(&mut self, count: usize) -> Vec<String> {
        self.record_of(count, "refs/heads/main").await
    }

    /// The same, of a branch.
    pub(super) async fn record_of(&mut self, count: usize, branch: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            self.next = self.next.saturating_add(1);
            let at = clock::now();
            let id = ExchangeId::first_of(at.plus_seconds(self.next));
            let exchange = ExchangeRecord::new(id, at, "seed", "192.0.2.1");
            let git_ref = Some(branch.to_owned());
            let exchange = ExchangeRecord { outcome: Outcome::Success, git_ref, ..exchange };
            self.store.ledger().record(exchange, None).await.unwrap();
            ids.push(id.to_string());
        }
        ids
    }
}

/// The exchanges in these lines, and the lines that are none.
fn counted<'a>(lines: impl Iterator<Item = &'a str>) -> (Vec<String>, Vec<String>) {
    let (mut found, mut torn) = (Vec::new(), Vec::new());
    for line in lines {
        match serde_json::from_str::<serde_json::Value>(line) {
            Ok(exchange) => found.push(exchange["id"].as_str().unwrap().to_owned()),
            Err(_) => torn.push(line.to_owned()),
        }
    }
    (found, torn)
}

/// Waits until these are all in the file; gives how many lines are no exchange.
fn wait_for(folder: &Folder, names: &[&str], ids: &[String]) -> usize {
    loop {
        let read = |name: &&str| fs::read_to_string(folder.path(name)).unwrap_or_default();
        let text: Vec<String> = names.iter().map(read).collect();
        let (found, torn) = counted(text.iter().flat_map(|text| text.lines()));
        let found: BTreeSet<String> = found.into_iter().collect();
        if ids.iter().all(|id| found.contains(id)) {
            return torn.len();
        }
        std::thread::yield_now();
    }
}

pub(super) fn end(server: &mut Standing) {
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_holds_every_exchange_through_kills_torn_lines_and_rotation() {
    let folder = Folder::new();
    folder.write("daypass.toml", &format!("{SETTINGS}file = 'audit.jsonl'\n"));
    let mut beside = Beside::new(&folder).await;
    let mut ids = beside.record(700).await;
    let mut server = folder.serve(&[]);
    assert_eq!(wait_for(&folder, &["audit.jsonl"], &ids), 0);
    assert_eq!(mode_of(&folder.path("audit.jsonl")), 0o600);
    // Rotated as logrotate does by default, while the server goes on.
    fs::rename(folder.path("audit.jsonl"), folder.path("audit.jsonl.1")).unwrap();
    ids.extend(beside.record(10).await);
    assert_eq!(wait_for(&folder, &["audit.jsonl", "audit.jsonl.1"], &ids), 0);
    server.standing.signal(Signal::KILL);
    server.standing.wait();
    // A line that a power cut has torn.
    let mut file = OpenOptions::new().append(true).open(folder.path("audit.jsonl")).unwrap();
    file.write_all(b"{\"version\":1,\"id\":\"01").unwrap();
    ids.extend(beside.record(10).await);
    let mut server = folder.serve(&[]);
    assert_eq!(wait_for(&folder, &["audit.jsonl", "audit.jsonl.1"], &ids), 1, "the torn one, alone");
    end(&mut server.standing);
    beside.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standard_output_that_nobody_reads_keeps_nobody_waiting_and_loses_nothing() {
    let folder = Folder::new();
    folder.write("daypass.toml", &format!("{SETTINGS}stdout = true\n"));
    let mut beside = Beside::new(&folder).await;
    // More than a pipe holds.
    let ids = beside.record(1_000).await;
    let mut server = folder.serve(&[]);
    server.standing.stderr_line(|line| line.contains("this server delivers the audit stream"));
    for _ in 0..20 {
        assert_eq!(get(&format!("{}/readyz", server.url), None).0, 200);
        beside.record(1).await;
    }
    let stdout = BufReader::new(server.standing.stdout());
    let mut found = BTreeSet::new();
    for line in stdout.lines().map_while(Result::ok) {
        let (one, torn) = counted([line.as_str()].into_iter());
        assert!(torn.is_empty(), "{line}");
        found.extend(one);
        if ids.iter().all(|id| found.contains(id)) {
            break;
        }
    }
    // Nobody reads any more, and the server ends all the same.
    beside.record(500).await;
    end(&mut server.standing);
    beside.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_at_an_address_that_the_settings_do_not_allow_is_sent_nothing() {
    for (webhook, more, kind) in [
        ("https://10.0.0.1/", "", "a private address"),
        ("https://169.254.169.254/", "private_network = true", "a link-local address"),
        ("https://100.100.100.200/", "private_network = true", "the address of a cloud's metadata service"),
    ] {
        let folder = Folder::new();
        set_mode(&folder.write("secret", SECRET), 0o600);
        let webhook = format!("webhook = '{webhook}'\nsecret_file = 'secret'\n{more}\n");
        folder.write("daypass.toml", &format!("{SETTINGS}{webhook}"));
        let mut beside = Beside::new(&folder).await;
        beside.record(1).await;
        let mut server = folder.serve(&[]);
        let line = server.standing.stderr_line(|line| line.contains("is not delivered to"));
        assert!(line.contains(kind) && line.contains("which is not allowed for it"), "{line}");
        end(&mut server.standing);
        beside.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_now_on_nothing_before_is_sent() {
    let folder = Folder::new();
    folder.write("daypass.toml", &format!("{SETTINGS}file = 'audit.jsonl'\nfrom = 'now'\n"));
    let mut beside = Beside::new(&folder).await;
    beside.record(10).await;
    let mut server = folder.serve(&[]);
    server.standing.stderr_line(|line| line.contains("this server delivers the audit stream"));
    let later = beside.record(3).await;
    wait_for(&folder, &["audit.jsonl"], &later);
    end(&mut server.standing);
    assert_eq!(folder.read("audit.jsonl").lines().count(), 3);
    beside.store.close().await;
}
