//! An installation that is well, an issuer that says what it is told to, and what the doctor says of both.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use daypass_bench::clock;
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Timestamp, base64url};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::support::{Folder, Ran, Server, ran, set_mode};

const SETTINGS: &str = "public_url = 'http://127.0.0.1:9'\nlisten = '127.0.0.1:0'\npolicy_dir = 'policies'\n\
                        [store]\nurl = 'sqlite://data/daypass.db'\n[keys]\nencryption_key_file = 'secret.key'\n";
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
pub(crate) const OTHER_KEY: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n";
pub(crate) const ROLE: &str = "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = 'main-issuer'\nsub = 'job'\n\
                               [roles.deploy.grants.api]\naudience = 'https://api.example.com'\nscopes = ['releases:write']\n";

/// A folder in which all is well.
pub(crate) struct Installation {
    pub(crate) folder: Folder,
    pub(crate) issuer: Issuer,
}

/// What a doctor came to.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) status: i32,
    report: Value,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let issuer = Issuer::new();
        let url = issuer.url.clone();
        Self::of(&[&url], issuer)
    }

    /// With these issuers, `main-issuer` the first of them.
    pub(crate) fn of(issuers: &[&str], issuer: Issuer) -> Self {
        let folder = Folder::new();
        let mut settings = vec![SETTINGS.to_owned()];
        for (url, name) in issuers.iter().zip(["main-issuer", "second", "third"]) {
            settings.push(format!(
                "[[issuers]]\nname = '{name}'\nprovider = 'generic'\nurl = '{url}'\ninsecure_http = true\n"
            ));
        }
        folder.write("daypass.toml", &settings.concat());
        folder.write("policies/deploy.toml", ROLE);
        set_mode(&folder.write("secret.key", KEY), 0o600);
        fs::create_dir(folder.path("data")).unwrap();
        Self { folder, issuer }
    }

    /// A server has run: its database is there.
    pub(crate) fn run_once(&self) {
        end(self.folder.serve(&[]));
    }

    pub(crate) fn doctor(&self, arguments: &[&str]) -> Looked {
        let mut all = vec!["doctor", "--json"];
        all.extend_from_slice(arguments);
        Looked::of(&self.folder.run(&all))
    }

    /// The same in a namespace of its own, in which `script` first changes what is mounted where.
    pub(crate) fn doctor_mounted(&self, script: &str) -> Looked {
        let script = format!("set -e; {script}; exec \"$@\"");
        let daypass = env!("CARGO_BIN_EXE_daypass");
        let all = ["-rm", "sh", "-c", script.as_str(), "sh", daypass, "doctor", "--json"];
        Looked::of(&ran(&mut self.folder.command_of("unshare", &all)))
    }

    /// Every file and its bytes.
    pub(crate) fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in ["", "data", "policies"] {
            for entry in fs::read_dir(self.folder.path(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    files.insert(path.display().to_string(), fs::read(path).unwrap());
                }
            }
        }
        files
    }
}

pub(crate) fn end(mut server: Server) {
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
}

impl Looked {
    pub(crate) fn of(ran: &Ran) -> Self {
        let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|fault| panic!("{fault}: {ran:?}"));
        let looked = Self { status: ran.status, report };
        assert_eq!(looked.report["version"], 1, "the shape that docs/doctor.md promises");
        for (many, level) in [("faults", "fault"), ("warnings", "warning")] {
            let count = looked.findings().filter(|found| found.0 == level).count();
            assert_eq!(looked.report[many], count, "{many}");
        }
        looked
    }

    fn findings(&self) -> impl Iterator<Item = (&str, &str)> {
        let findings = self.report["findings"].as_array().unwrap();
        findings.iter().map(|one| (one["level"].as_str().unwrap(), one["check"].as_str().unwrap()))
    }

    pub(crate) fn has(&self, level: &str, check: &str) -> bool {
        self.findings().any(|found| found == (level, check))
    }

    /// How many checks have names that begin so.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.findings().filter(|(_, check)| check.starts_with(beginning)).count()
    }

    /// Level and check of all that somebody has to look at, in the order in which they are told.
    pub(crate) fn worse_than_notes(&self) -> Vec<(&str, &str)> {
        self.findings().filter(|(level, _)| !["ok", "note"].contains(level)).collect()
    }

    pub(crate) fn text(&self) -> String {
        self.report.to_string()
    }
}

/// An OpenID Connect provider that says what it is told to; it answers as long as the process lives.
pub(crate) struct Issuer {
    pub(crate) url: String,
    says: Arc<Mutex<Says>>,
}

struct Says {
    issuer: String,
    keys: Vec<Value>,
    ahead_seconds: i64,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Says { issuer: url.clone(), keys: vec![good_key()], ahead_seconds: 0 };
        let says = Arc::new(Mutex::new(says));
        let (of_thread, at) = (Arc::clone(&says), url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &of_thread.lock().unwrap(), &at);
            }
        });
        Self { url, says }
    }

    /// Its clock is ahead by so much.
    pub(crate) fn with_clock(self, ahead_seconds: i64) -> Self {
        self.says.lock().unwrap().ahead_seconds = ahead_seconds;
        self
    }

    pub(crate) fn calls_itself(&self, issuer: &str) {
        issuer.clone_into(&mut self.says.lock().unwrap().issuer);
    }

    /// These keys, and a good one beside them.
    pub(crate) fn publishes(&self, keys: &[Value], and_good: bool) {
        let good = and_good.then(good_key);
        self.says.lock().unwrap().keys = keys.iter().cloned().chain(good).collect();
    }

    pub(crate) fn key_set(&self) -> String {
        json!({ "keys": self.says.lock().unwrap().keys }).to_string()
    }
}

fn answer(mut stream: TcpStream, says: &Says, url: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let body = if head.starts_with(b"GET /jwks ") {
        json!({ "keys": says.keys })
    } else {
        json!({ "issuer": says.issuer, "jwks_uri": format!("{url}/jwks") })
    };
    let (body, date) = (body.to_string(), date(clock::now().plus_seconds(says.ahead_seconds)));
    let length = body.len();
    // Whoever asked may have gone.
    drop(write!(
        stream,
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ));
}

/// RFC 9110 §5.6.7; nobody reads the day of the week.
pub(crate) fn date(moment: Timestamp) -> String {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let ([year, month, day], time) = parts(moment);
    let month = months.iter().zip(1..).find(|(_, number)| *number == month).unwrap().0;
    format!("Mon, {day:02} {month} {year} {time} GMT")
}

/// Year, month and day, and the time.
fn parts(moment: Timestamp) -> ([u16; 3], String) {
    let text = moment.to_string();
    let (date, time) = text.trim_end_matches('Z').split_once('T').unwrap();
    let numbers: Vec<u16> = date.split('-').map(|number| number.parse().unwrap()).collect();
    (numbers.try_into().unwrap(), time.to_owned())
}

fn good_key() -> Value {
    let (key, _) = SigningKey::generate(Algorithm::ES256).unwrap();
    serde_json::from_str(&key.public_jwk().to_string()).unwrap()
}

/// RSA with 1024 bits.
pub(crate) fn weak_key() -> Value {
    json!({ "kty": "RSA", "kid": "weak", "alg": "RS256", "e": "AQAB", "n": base64url::encode([0xa5; 128]) })
}

/// A certificate for a host and its key, in PEM.
pub(crate) fn certificate(host: &str, not_after: Timestamp) -> (String, String) {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let ([year, month, day], _) = parts(not_after);
    let [month, day] = [month, day].map(|number| u8::try_from(number).unwrap());
    params.not_after = date_time_ymd(i32::from(year), month, day);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

pub(crate) fn put_certificate(folder: &Folder, (certificate, key): &(String, String)) {
    folder.write("tls.crt", certificate);
    set_mode(&folder.write("tls.key", key), 0o600);
}

/// A port that nobody listens on, of the system's choice.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
