//! The life of a server: its first line, its answers, its end.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use rustix::process::Signal;

use crate::support::{Folder, get};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("daypass.toml", "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n");
    folder
}

#[test]
fn it_says_where_it_listens_answers_and_ends_gracefully() {
    let folder = folder();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut server = folder.serve_by(&mut folder.not_ignoring_hang_up(&["serve"]));
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
        assert_eq!(get(&format!("{}/healthz", server.url), None), (200, r#"{"status":"ok"}"#.to_owned()));
        assert_eq!(get(&format!("{}/readyz", server.url), None).0, 200);
        server.standing.signal(signal);
        assert_eq!(server.standing.wait(), 0);
        let log = server.standing.stderr();
        assert!(log[0].starts_with("listening on http://127.0.0.1:"));
        assert!(
            log.iter().any(|line| line.contains("ended; every request in flight was answered")),
            "{log:?}"
        );
    }
}

#[test]
fn under_nohup_it_outlives_its_terminal() {
    let folder = folder();
    let mut command = folder.command_of("nohup", &[env!("CARGO_BIN_EXE_daypass"), "serve"]);
    let mut server = folder.serve_by(&mut command);
    server.standing.signal(Signal::HUP);
    assert_eq!(get(&format!("{}/healthz", server.url), None).0, 200);
    server.standing.signal(Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
}

#[test]
fn a_variable_that_is_almost_a_setting_is_a_warning() {
    let mut folder = folder();
    folder.set("DAYPASS_LISTN", "127.0.0.1:1");
    let server = folder.serve(&[]);
    let line = server.standing.stderr_line(|line| line.contains("DAYPASS_LISTN"));
    assert!(line.contains("WARN") && line.contains("did you mean `DAYPASS_LISTEN`?"), "{line}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = folder();
    let mut server = folder.serve(&[]);
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    // A request in flight: its body is announced and does not come.
    let head = "POST /v1.0/exchange HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\
                expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.standing.signal(Signal::TERM);
    server.standing.stderr_line(|line| line.contains("a second signal ends at once"));
    server.standing.signal(Signal::TERM);
    assert_eq!(server.standing.wait(), 143);
}

#[test]
fn a_log_that_nobody_reads_at_a_terminal_is_json() {
    let folder = folder();
    let mut server = folder.serve(&["--log-level", "info"]);
    server.standing.signal(Signal::TERM);
    server.standing.wait();
    let lines = server.standing.stderr();
    assert!(lines.len() > 2);
    for line in &lines[1..] {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
    let mut server = folder.serve(&["--log-format", "human"]);
    server.standing.signal(Signal::TERM);
    server.standing.wait();
    assert!(server.standing.stderr()[1].contains("INFO daypass"), "{:?}", server.standing.stderr());
    let mut server = folder.serve(&["--log-level", "off"]);
    server.standing.signal(Signal::TERM);
    server.standing.wait();
    assert_eq!(server.standing.stderr().len(), 1);
}

#[test]
fn an_address_that_is_taken_ends_with_4() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = folder.run(&["serve", "--listen", &address]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains(&format!("cannot listen on `{address}`")), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("perhaps another daypass; choose another address with `--listen`"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["demo", "--once", "--listen", &address]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains("choose another address with `--listen`"), "{}", ran.stderr);
}

#[test]
fn a_store_that_cannot_be_opened_ends_with_4() {
    let mut folder = folder();
    folder.set("DAYPASS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    let ran = folder.run(&["serve", "--store-url", "sqlite://nowhere/daypass.db"]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains("nowhere/daypass.db"), "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no folder `nowhere`"), "{}", ran.stderr);
}

#[test]
fn flags_override_variables_and_these_the_file() {
    let mut folder = folder();
    folder.set("DAYPASS_STORE_URL", "sqlite://variable.db");
    folder.serve(&[]);
    assert!(folder.path("variable.db").exists() && !folder.path("daypass.db").exists());
    folder.serve(&["--store-url", "sqlite://flag.db"]);
    assert!(folder.path("flag.db").exists());
}
