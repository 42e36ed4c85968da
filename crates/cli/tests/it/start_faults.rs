//! Starts that fail, each for one thing that is missing or broken: the message says what, where and what to do, the
//! status tells it from a slip in the settings, and nothing that was there is changed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use daypass_bench::clock;
use rusqlite::Connection;

use crate::support::{Folder, Ran, Server, get, ran, set_mode, without_version};

const SETTINGS: &str = "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n\
                        [store]\nurl = 'sqlite://data/daypass.db'\n[keys]\nencryption_key_file = 'secret.key'\n";
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

/// A folder of a server that has run before: its database is in `data`.
fn folder() -> Folder {
    let folder = empty();
    drop(ended(folder.serve(&[])));
    folder
}

fn empty() -> Folder {
    let folder = Folder::new();
    folder.write("daypass.toml", SETTINGS);
    set_mode(&folder.write("secret.key", KEY), 0o600);
    fs::create_dir(folder.path("data")).unwrap();
    folder
}

fn ended(mut server: Server) -> Server {
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    server
}

/// Names and bytes of all that is in `data`.
fn content(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A start that fails for its store: what it says. All that was in `data` is as before.
fn refused(folder: &Folder) -> String {
    let before = content(folder);
    let told = told(&folder.run(&["serve"]));
    assert!(content(folder) == before, "the start that failed changed what was there: {told}");
    told
}

fn told(ran: &Ran) -> String {
    assert_eq!(ran.status, 4, "{ran:?}");
    assert_eq!(ran.stdout, "");
    ran.stderr.clone()
}

/// The same command in a namespace of its own, in which `script` first changes what is mounted where. Any user may do
/// that, root or not.
fn mounted(folder: &Folder, script: &str, arguments: &[&str]) -> Command {
    let script = format!("set -e; {script}; exec \"$@\"");
    let mut all = vec!["-rm", "sh", "-c", script.as_str(), "sh", env!("CARGO_BIN_EXE_daypass")];
    all.extend_from_slice(arguments);
    folder.command_of("unshare", &all)
}

/// A disk of so many KiB in place of `data`, with what was there, filled to the last byte.
fn full_disk(size_kib: u32) -> String {
    format!(
        "mkdir old; mount --bind data old; mount -t tmpfs -o size={size_kib}k,mode=700 none data; \
         [ -z \"$(ls old)\" ] || cp old/* data; dd if=/dev/zero of=data/filler bs=512 2>/dev/null || true; \
         [ \"$(df --output=avail data | tail -n 1)\" -eq 0 ]"
    )
}

#[test]
fn on_a_full_disk_a_new_database_is_not_begun() {
    let ran = ran(&mut mounted(&empty(), &full_disk(64), &["serve"]));
    insta::assert_snapshot!(told(&ran), @"error: `sqlite://data/daypass.db`: the store is unavailable: the disk is full: make room on it (SQLite: database or disk is full)");
}

#[test]
fn on_a_full_disk_an_old_database_is_not_opened() {
    let folder = folder();
    let script = full_disk(256);
    let ran = ran(&mut mounted(&folder, &script, &["serve"]));
    insta::assert_snapshot!(told(&ran), @"error: `sqlite://data/daypass.db`: the store is unavailable: the disk does not read or write: it is full, or it fails (SQLite: disk I/O error)");
}

#[test]
fn on_a_disk_that_cannot_be_written_nothing_starts() {
    let read_only = "mount --bind data data; mount -o remount,ro,bind data";
    let ran_new = ran(&mut mounted(&empty(), read_only, &["serve"]));
    insta::assert_snapshot!(told(&ran_new), @"error: `sqlite://data/daypass.db`: the store is unavailable: `data/daypass.db` cannot be made: Read-only file system (os error 30); it needs a folder that this user may write, on a disk with room");
    let folder = folder();
    let before = content(&folder);
    let ran = ran(&mut mounted(&folder, read_only, &["serve"]));
    insta::assert_snapshot!(told(&ran), @"error: `sqlite://data/daypass.db`: the store is unavailable: its file cannot be opened: it must be a file, and this user must be able to write it and its folder, where SQLite keeps its log (SQLite: unable to open database file)");
    assert!(content(&folder) == before);
    drop(ended(folder.serve(&[])));
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = empty();
    let noise: Vec<u8> = (0..16_384_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    fs::write(folder.path("data/daypass.db"), noise).unwrap();
    insta::assert_snapshot!(refused(&folder), @"error: `sqlite://data/daypass.db`: the store is unavailable: its file is no database of SQLite, and is left as it is: name another in `store.url`, or put a backup in its place (SQLite: file is not a database)");
    fs::remove_file(folder.path("data/daypass.db")).unwrap();
    fs::create_dir(folder.path("data/daypass.db")).unwrap();
    let ran = folder.run(&["serve"]);
    insta::assert_snapshot!(told(&ran), @"error: `sqlite://data/daypass.db`: the store is unavailable: its file cannot be opened: it must be a file, and this user must be able to write it and its folder, where SQLite keeps its log (SQLite: unable to open database file: data/daypass.db)");
}

#[test]
fn a_damaged_database_is_not_used_and_not_repaired() {
    let folder = folder();
    let path = folder.path("data/daypass.db");
    let good = fs::read(&path).unwrap();
    let page = 4_096;
    // The header is whole, and whatever it leads to is not.
    let damaged: Vec<u8> =
        good.iter().enumerate().map(|(at, byte)| if at < page { *byte } else { 0xa5 }).collect();
    fs::write(&path, &damaged).unwrap();
    insta::assert_snapshot!(refused(&folder), @"error: `sqlite://data/daypass.db`: the store is unavailable: it is damaged, and is left as it is: put a backup in its place, or take out what can still be read with the `.recover` of the `sqlite3` program (SQLite: database disk image is malformed)");
    fs::write(&path, good.chunks(page).rev().skip(3).rev().flatten().copied().collect::<Vec<_>>()).unwrap();
    assert!(refused(&folder).contains("it is damaged"), "cut short");
    // One page at a time: it does not start, or the page is none that it needs for that.
    let (mut not_started, pages) = (Vec::new(), good.chunks(page).count());
    for number in 1..pages {
        let mut flipped: Vec<Vec<u8>> = good.chunks(page).map(<[u8]>::to_vec).collect();
        flipped[number].fill(0xa5);
        let flipped = flipped.concat();
        fs::write(&path, &flipped).unwrap();
        let mut standing = crate::support::Standing::start(&mut folder.command(&["serve"]));
        let first = standing.stderr_line(|_| true);
        if first.starts_with("listening on ") {
            standing.signal(rustix::process::Signal::TERM);
            standing.wait();
        } else {
            assert_eq!(standing.wait(), 4, "{first}");
            assert!(first.contains("damaged"), "page {number}: {first}");
            assert!(fs::read(&path).unwrap() == flipped, "page {number}");
            not_started.push(number);
        }
    }
    assert!(!not_started.is_empty(), "no page was one that a start needs");
    fs::write(&path, &good).unwrap();
    drop(ended(folder.serve(&[])));
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = folder();
    let database = Connection::open(folder.path("data/daypass.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    database.close().unwrap();
    insta::assert_snapshot!(without_version(&refused(&folder)), @"error: `sqlite://data/daypass.db`: the database has version 99, this daypass knows N: use the newer daypass");
}

#[test]
fn without_its_key_a_database_is_left_alone() {
    let folder = folder();
    fs::remove_file(folder.path("secret.key")).unwrap();
    let before = content(&folder);
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2);
    insta::assert_snapshot!(ran.stderr, @r#"
    error: the encryption key is not there under which the signing keys in `data/daypass.db` are sealed; no other can take its place
      help: put the key back into `secret.key` (mode 0600)
      help: only if it is lost for good, and not while it may still be found: docs/keys.md, "The encryption key is lost"; every pass that is out becomes invalid then
    "#);
    assert!(content(&folder) == before && !folder.path("secret.key").exists());
}

#[test]
fn a_database_that_another_process_keeps_locked_is_waited_for_and_then_told() {
    let folder = folder();
    let holder = Connection::open(folder.path("data/daypass.db")).unwrap();
    holder.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").unwrap();
    let told = told(&folder.run(&["serve"]));
    insta::assert_snapshot!(told, @"error: `sqlite://data/daypass.db`: the store is unavailable: another process keeps it locked: end that process, or try again when it is done (SQLite: database is locked)");
    holder.execute_batch("ROLLBACK").unwrap();
    drop(holder);
    drop(ended(folder.serve(&[])));
}

#[test]
fn a_database_that_everybody_can_change_is_refused_and_one_that_everybody_can_read_told_of() {
    let folder = folder();
    let path = folder.path("data/daypass.db");
    for mode in [0o602, 0o666] {
        set_mode(&path, mode);
        insta::allow_duplicates! { insta::assert_snapshot!(refused(&folder), @"
        error: `sqlite://data/daypass.db`: every user of this machine can change it, and with it who gets a pass
          help: chmod 600 'data/daypass.db'
        "); }
        assert_eq!(folder.run(&["audit", "list"]).status, 4, "the other commands neither");
    }
    set_mode(&path, 0o644);
    let server = folder.serve(&[]);
    let line = server.standing.stderr_line(|line| line.contains("every user of this machine can read"));
    assert!(line.contains("WARN") && line.contains("chmod 600 'data/daypass.db'"), "{line}");
    drop(ended(server));
    for mode in [0o600, 0o660] {
        set_mode(&path, mode);
        let server = ended(folder.serve(&[]));
        assert!(!server.standing.stderr().iter().any(|line| line.contains("every user")));
    }
}

#[test]
fn who_listens_on_the_address_already_is_told_before_the_store_is_touched() {
    let folder = empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(folder.run(&["serve", "--listen", &address]).status, 4);
    assert_eq!(content(&folder), []);
}

#[test]
fn a_server_on_a_disk_that_fills_gives_nothing_says_so_and_goes_on_when_there_is_room() {
    let folder = empty();
    let script = "mount -t tmpfs -o size=2m,mode=700 none data";
    let server = folder.serve_by(&mut mounted(&folder, script, &["serve"]));
    let ready = |server: &Server| get(&format!("{}/readyz", server.url), None);
    assert_eq!(ready(&server).0, 200);
    // The disk is in the server's own namespace.
    let filler = format!("/proc/{}/root{}", server.standing.id(), folder.path("data/filler").display());
    let filler = Path::new(&filler);
    assert!(fs::write(filler, vec![0; 4 << 20]).is_err(), "there is too much room");
    let (status, body) = eventually(|| ready(&server), |(status, _)| *status == 503);
    assert!(status == 503 && body.contains("unavailable"), "{body}");
    assert_eq!(get(&format!("{}/healthz", server.url), None).0, 200);
    fs::remove_file(filler).unwrap();
    eventually(|| ready(&server), |(status, _)| *status == 200);
    drop(ended(server));
}

/// Asks again until it is so: the log has a little room left, and an answer is kept for a second.
fn eventually<T>(ask: impl Fn() -> T, is_so: impl Fn(&T) -> bool) -> T {
    let started = clock::instant();
    while started.elapsed() < Duration::from_mins(1) {
        let got = ask();
        if is_so(&got) {
            return got;
        }
    }
    panic!("it never became so")
}
