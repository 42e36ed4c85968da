//! The demo: it tells the truth, or it fails.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::support::{Folder, Standing};

/// Passes requests on to the server that their path names, counts the refusals that come back, and turns one of them
/// into a success.
struct Between {
    url: String,
    refusals: Arc<AtomicUsize>,
}

impl Between {
    fn start(flipped: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let refusals = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&refusals);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                pass_on(stream.unwrap(), &counted, flipped);
            }
        });
        Self { url, refusals }
    }
}

fn pass_on(mut client: TcpStream, refusals: &AtomicUsize, flipped: Option<usize>) {
    let request = head(&mut client);
    let (method, rest) = request.split_once(' ').unwrap();
    let (server, rest) = rest.strip_prefix('/').unwrap().split_once('/').unwrap();
    let (first, rest) = rest.split_once("\r\n").unwrap();
    let mut upstream = TcpStream::connect(server).unwrap();
    write!(upstream, "{method} /{first}\r\nConnection: close\r\n{rest}").unwrap();
    let mut answer = String::new();
    upstream.read_to_string(&mut answer).unwrap();
    if !answer.starts_with("HTTP/1.1 200")
        && refusals.fetch_add(1, Ordering::SeqCst).checked_add(1) == flipped
    {
        let (_, rest) = answer.split_once("\r\n").unwrap();
        answer = format!("HTTP/1.1 200 OK\r\n{rest}");
    }
    client.write_all(answer.as_bytes()).unwrap();
}

fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

fn demo(through: Option<&Between>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.args(["demo", "--once"]);
    if let Some(between) = through {
        command.args(["--through", &between.url]);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_readme_shows_twelve_lines_of_the_real_output() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (_, recording) = readme.split_once("```text\n").unwrap();
    let (recording, _) = recording.split_once("\n```").unwrap();
    assert_eq!(recording.lines().count(), 12);
    let output = demo(None);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains(recording), "the README shows:\n{recording}\n\nthe demo says:\n{told}");
    assert!(!told.contains('\u{1b}'), "no colour where no terminal is");
}

#[test]
fn its_lines_fit_a_narrow_terminal() {
    let told = text(&demo(None).stdout);
    let long: Vec<&str> = told.lines().filter(|line| line.chars().count() > 78).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn it_stays_names_steps_that_work_and_leaves_nothing_behind() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("tmp")).unwrap();
        let mut command = folder.not_ignoring_hang_up(&["demo"]);
        command.env("TMPDIR", folder.path("tmp"));
        let mut demo = Standing::start(&mut command);
        let told = demo.stdout_until("Ctrl-C ends the demo");
        assert!(told.contains("`daypass init`. It prints the next steps."), "{told}");
        assert!(std::fs::read_dir(folder.path("tmp")).unwrap().count() > 0);
        demo.signal(signal);
        assert_eq!(demo.wait(), 0, "{signal:?}");
        assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0, "{signal:?}");
    }
}

#[test]
fn no_token_is_shown_whole() {
    let told = text(&demo(None).stdout);
    let longest =
        told.split(|character: char| !character.is_ascii_alphanumeric()).map(str::len).max().unwrap();
    assert!(longest < 40, "a word of {longest} characters");
}

#[test]
fn a_refusal_that_does_not_come_fails_the_demo() {
    let clean = Between::start(None);
    assert!(demo(Some(&clean)).status.success());
    let refusals = clean.refusals.load(Ordering::SeqCst);
    assert!(refusals >= 3, "{refusals}");
    for number in 1..=refusals {
        let output = demo(Some(&Between::start(Some(number))));
        assert_eq!(
            output.status.code(),
            Some(1),
            "refusal {number} became a success, and the demo did not notice"
        );
        assert!(text(&output.stderr).contains("the demo promised"), "{}", text(&output.stderr));
    }
}
