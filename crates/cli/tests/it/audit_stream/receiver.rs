//! A receiver of the audit stream: a real HTTP server on a thread, that fails the test on a request that is not as it must
//! be, misbehaves when it is told to, and counts.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use daypass_jose::base64url;
use serde_json::Value;

/// The secret, and the bytes that it stands for.
pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
const KEY: &[u8] = b"012345678901234567890123";
/// A path that must reach no log.
pub(crate) const PATH: &str = "/hook/path-that-is-a-secret";

/// What it does with the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Takes them.
    Well,
    /// Answers 500.
    Fails,
    /// Answers 429 and asks for a second.
    Limits,
    /// Sends them elsewhere; who comes there fails the test.
    Redirects,
    /// Answers 410.
    Gone,
    /// Takes them, and cuts the answer in its middle.
    Cuts,
    /// Takes them, and answers without end.
    Endless,
    /// Hangs up at once.
    Away,
    /// Reads, and never answers.
    Hangs,
    /// Answers 413 to more than ten lines.
    Small,
    /// Answers 403 to what has this in it, as a filter for web applications does.
    Filters,
}

/// What [`Mode::Filters`] does not take: the name of a branch, which a stranger may choose.
pub(crate) const FILTERED: &str = "<script>";

#[derive(Default)]
struct Books {
    /// How often each exchange was taken.
    taken: BTreeMap<String, usize>,
    /// The bodies under each id of a batch.
    batches: BTreeMap<String, Vec<u8>>,
    requests: BTreeMap<Mode, usize>,
    /// What it found wrong.
    faults: Vec<String>,
}

struct Shared {
    mode: Mutex<Mode>,
    books: Mutex<Books>,
    changed: Condvar,
    key: &'static [u8],
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) fn start(mode: Mode) -> Self {
        Self::start_with_key(mode, KEY)
    }

    /// One that has another secret than the server.
    pub(crate) fn start_with_another_key() -> Self {
        Self::start_with_key(Mode::Well, b"another key of 24 bytes.")
    }

    fn start_with_key(mode: Mode, key: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
        let shared = Shared { mode: Mutex::new(mode), books: Mutex::default(), changed: Condvar::new(), key };
        let shared = Arc::new(shared);
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { url, shared }
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }

    /// Waits until it has seen so many requests in this mode.
    pub(crate) fn wait_for(&self, mode: Mode, requests: usize) {
        self.wait(|books| books.requests.get(&mode).copied().unwrap_or(0) >= requests);
    }

    /// Waits until it has taken all of these; gives how many it has taken more than once, and how often in all.
    pub(crate) fn wait_for_all(&self, ids: &[String]) -> (usize, usize) {
        self.wait(|books| ids.iter().all(|id| books.taken.contains_key(id)));
        let books = self.shared.books.lock().unwrap();
        let doubles = books.taken.values().filter(|count| **count > 1).count();
        (doubles, books.taken.values().sum())
    }

    pub(crate) fn taken(&self) -> usize {
        self.shared.books.lock().unwrap().taken.len()
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.shared.books.lock().unwrap().faults.clone()
    }

    /// Waits until something is wrong; gives it.
    pub(crate) fn wait_for_fault(&self) -> String {
        let mut books = self.shared.books.lock().unwrap();
        while books.faults.is_empty() {
            books = self.shared.changed.wait(books).unwrap();
        }
        books.faults.remove(0)
    }

    fn wait(&self, is_so: impl Fn(&Books) -> bool) {
        let mut books = self.shared.books.lock().unwrap();
        while !is_so(&books) {
            assert!(books.faults.is_empty(), "{:?}", books.faults);
            let (woken, late) = self.shared.changed.wait_timeout(books, Duration::from_mins(1)).unwrap();
            books = woken;
            let (taken, requests) = (books.taken.len(), &books.requests);
            assert!(!late.timed_out(), "nothing comes: {taken} taken, {requests:?}");
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let faults = &self.shared.books.lock().unwrap().faults;
        assert!(faults.is_empty() || std::thread::panicking(), "{faults:?}");
    }
}

/// One request.
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let mode = *self.mode.lock().unwrap();
        if mode == Mode::Away {
            drop(stream);
            self.count(mode);
            return;
        }
        // A server that is killed while it sends leaves nothing behind.
        let Some(asked) = read(&stream) else { return };
        if let Err(fault) = self.judge(&asked) {
            self.books.lock().unwrap().faults.push(fault);
            self.changed.notify_all();
            return;
        }
        let lines = asked.body.split(|byte| *byte == b'\n').skip(1).count();
        let is_taken = match mode {
            Mode::Well | Mode::Cuts | Mode::Endless => true,
            Mode::Small => lines <= 10,
            Mode::Filters => !String::from_utf8_lossy(&asked.body).contains(FILTERED),
            Mode::Fails | Mode::Limits | Mode::Redirects | Mode::Gone | Mode::Away | Mode::Hangs => false,
        };
        let empty = "content-length: 0\r\nconnection: close\r\n\r\n";
        let answer = match mode {
            Mode::Well | Mode::Small | Mode::Filters if is_taken => {
                format!("HTTP/1.1 204 No Content\r\n{empty}")
            }
            Mode::Small => format!("HTTP/1.1 413 Too Large\r\n{empty}"),
            Mode::Filters => format!("HTTP/1.1 403 Forbidden\r\n{empty}"),
            Mode::Limits => format!("HTTP/1.1 429 Too Many\r\nretry-after: 1\r\n{empty}"),
            Mode::Redirects => format!("HTTP/1.1 307 Elsewhere\r\nlocation: /elsewhere\r\n{empty}"),
            Mode::Gone => format!("HTTP/1.1 410 Gone\r\n{empty}"),
            Mode::Cuts => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut".to_owned(),
            Mode::Endless => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            Mode::Fails | Mode::Well | Mode::Away | Mode::Hangs => format!("HTTP/1.1 500 No\r\n{empty}"),
        };
        if is_taken {
            self.take(&asked);
        }
        self.count(mode);
        if mode == Mode::Hangs {
            // Until the other side has had enough.
            drop(stream.read(&mut [0]));
            return;
        }
        let mut sent = stream.write_all(answer.as_bytes());
        while mode == Mode::Endless && sent.is_ok() {
            sent = stream.write_all(&[b'x'; 4_096]);
        }
    }

    /// Standard Webhooks 1.0.0, by an implementation that is not the server's.
    fn judge(&self, asked: &Asked) -> Result<(), String> {
        let header = |name: &str| asked.headers.get(name).map_or("", String::as_str);
        if asked.line != format!("POST {PATH} HTTP/1.1") {
            return Err(format!("a request that nobody expects: {}", asked.line));
        }
        if header("content-type") != "application/x-ndjson" {
            return Err(format!("it is {}", header("content-type")));
        }
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        if id.is_empty() || id.contains('.') || timestamp.parse::<i64>().is_err() {
            return Err(format!("id {id}, timestamp {timestamp}"));
        }
        let message = [format!("{id}.{timestamp}.").as_bytes(), &asked.body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key), &message);
        if header("webhook-signature") != format!("v1,{}", base64(tag.as_ref())) {
            return Err("the signature is another".to_owned());
        }
        let mut books = self.books.lock().unwrap();
        let known = books.batches.entry(id.to_owned()).or_insert_with(|| asked.body.clone());
        if *known == asked.body { Ok(()) } else { Err("one id stands for two batches".to_owned()) }
    }

    fn take(&self, asked: &Asked) {
        let text = std::str::from_utf8(&asked.body).unwrap();
        assert!(text.ends_with('\n'));
        let mut books = self.books.lock().unwrap();
        for line in text.lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            assert_eq!(exchange["version"], 1);
            let id = exchange["id"].as_str().unwrap().to_owned();
            add(books.taken.entry(id).or_default());
        }
    }

    fn count(&self, mode: Mode) {
        add(self.books.lock().unwrap().requests.entry(mode).or_default());
        self.changed.notify_all();
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|size| *size > 0)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line: line.trim_end().to_owned(), headers, body })
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    let mut text = base64url::encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn add(count: &mut usize) {
    *count = count.saturating_add(1);
}
