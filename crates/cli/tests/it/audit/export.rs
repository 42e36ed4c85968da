//! Exports: whole, resumable, and honest about what they are not.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use daypass_store::ExchangeRecord;

use super::ledger::{Ledger, refused, success};
use super::{ids, of};
use crate::support::{mode_of, ran};

/// More than are in memory at once.
fn many() -> Vec<ExchangeRecord> {
    (1_000..=1_201_000).step_by(1_000).map(refused).collect()
}

#[test]
fn an_export_has_every_exchange_once_with_its_credentials_oldest_first() {
    let ledger = Ledger::new();
    let first = success(500);
    ledger.record(&[&first]);
    let many = many();
    ledger.record_many(many.clone());
    let exported = ledger.folder.ok(&["audit", "export"]);
    let mut wanted = vec![&first];
    wanted.extend(&many);
    assert_eq!(ids(&exported), of(&wanted));
    let line: serde_json::Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    assert_eq!(line["version"], 1);
    let credentials: Vec<&str> =
        line["credentials"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(credentials, ["pass", "other"]);
    assert_eq!(line["claims"]["jti"], "7f3c");
    assert_eq!(line["trace"]["role"], "deploy");
}

#[test]
fn an_export_goes_on_where_another_ended() {
    let ledger = Ledger::new();
    let (old, new) = (many(), success(2_000_000));
    ledger.record_many(old.clone());
    let ran = ledger.folder.run(&["audit", "export", "--until", "1970-01-01T00:10:00Z"]);
    assert_eq!(ids(&ran.stdout).len(), 599);
    let (_, behind) = ran.stderr.split_once("`--after ").unwrap_or_else(|| panic!("{}", ran.stderr));
    let next = behind.split('`').next().unwrap();
    assert_eq!(next, old[598].id.to_string());
    ledger.record(&[&new]);
    let rest = ledger.folder.run(&["audit", "export", "--after", next]);
    let mut wanted: Vec<&ExchangeRecord> = old.iter().skip(599).collect();
    wanted.push(&new);
    assert_eq!(ids(&rest.stdout), of(&wanted));
    let last = new.id.to_string();
    let nothing = ledger.folder.run(&["audit", "export", "--after", &last]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (0, ""));
    assert!(nothing.stderr.contains(&format!("0 exchanges written; `--after {last}`")), "{}", nothing.stderr);
}

#[test]
fn of_exchanges_that_are_still_being_recorded_the_next_export_passes_over_none() {
    let ledger = Ledger::new();
    let now = i64::try_from(
        fs::metadata(ledger.folder.path("daypass.toml"))
            .unwrap()
            .modified()
            .unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    )
    .unwrap();
    let (late, seen) = (refused(now - 10), refused(now));
    ledger.record(&[&seen]);
    let first = ledger.folder.run(&["audit", "export"]);
    assert_eq!(ids(&first.stdout), of(&[&seen]));
    ledger.record(&[&late]);
    let next = first.stderr.split_once("`--after ").unwrap().1.split('`').next().unwrap();
    let second = ledger.folder.ok(&["audit", "export", "--after", next]);
    assert_eq!(ids(&second), of(&[&late, &seen]), "one comes twice, and none is missing");
}

#[test]
fn a_file_is_there_when_it_is_whole_or_not_at_all() {
    let ledger = Ledger::new();
    ledger.record_many(many());
    let folder = &ledger.folder;
    folder.write("out.jsonl", "what was there before");
    assert_eq!(folder.ok(&["audit", "export", "--out", "out.jsonl"]), "");
    assert_eq!(ids(&folder.read("out.jsonl")).len(), 1_201);
    assert_eq!(mode_of(&folder.path("out.jsonl")), 0o600);
    assert_eq!(folder.ok(&["audit", "export", "--role", "none", "--out", "none.jsonl"]), "");
    assert_eq!(folder.read("none.jsonl"), "");
    let _socket = UnixListener::bind(folder.path("socket")).unwrap();
    for (path, status) in [("no/such/folder.jsonl", 4), ("data", 2), ("socket", 2)] {
        let ran = folder.run(&["audit", "export", "--out", path]);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{path}: {}", ran.stderr);
    }
    let left: Vec<_> =
        fs::read_dir(folder.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("daypass-export")), "{left:?}");
}

#[test]
fn what_is_behind_a_link_is_replaced_by_the_export_and_the_linked_file_stays() {
    let ledger = Ledger::new();
    ledger.record(&[&success(1_000)]);
    let folder = &ledger.folder;
    let target = folder.write("precious", "kept");
    symlink(&target, folder.path("link.jsonl")).unwrap();
    folder.ok(&["audit", "export", "--out", "link.jsonl"]);
    assert_eq!(folder.read("precious"), "kept");
    assert_eq!(ids(&folder.read("link.jsonl")).len(), 1);
}

#[test]
fn an_export_that_is_cut_short_says_so_by_its_status() {
    let ledger = Ledger::new();
    ledger.record(&[&success(1_000)]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = ran_with_stdout(&ledger, full);
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("not all of them: 0 exchanges written"), "{}", ran.stderr);
}

fn ran_with_stdout(ledger: &Ledger, stdout: File) -> crate::support::Ran {
    ran(ledger.folder.command(&["audit", "export"]).stdout(stdout))
}
