//! What the tests of the binary share: a folder to run in, a server, an emulator, one HTTP request.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder in which commands run, with an environment of its own.
pub(crate) struct Folder {
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// A process that stays; killed when dropped.
pub(crate) struct Standing {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: Arc<Mutex<Vec<String>>>,
    drain: Option<JoinHandle<()>>,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) standing: Standing,
    /// `http://ADDR:PORT`
    pub(crate) url: String,
}

/// A running emulator, and the variables of its job.
pub(crate) struct Emulator {
    #[expect(dead_code, reason = "runs until it is dropped")]
    standing: Standing,
    pub(crate) issuer: String,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), variables: BTreeMap::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_daypass"), arguments)
    }

    /// A program of the system, or of the project by its path, in this folder and environment.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .env("GIT_CEILING_DIRECTORIES", self.directory.path())
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The same, also where whoever runs the tests ignores SIGHUP, which is inherited.
    pub(crate) fn not_ignoring_hang_up(&self, arguments: &[&str]) -> Command {
        let mut all = vec!["--default-signal=HUP", env!("CARGO_BIN_EXE_daypass")];
        all.extend_from_slice(arguments);
        self.command_of("env", &all)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs a command that must succeed; gives its stdout.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {ran:?}");
        ran.stdout
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        output(child.wait_with_output().unwrap())
    }

    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        let mut all = vec!["serve"];
        all.extend_from_slice(arguments);
        self.serve_by(&mut self.command(&all))
    }

    /// Onboards the repository in which the jobs of the emulator run.
    pub(crate) fn onboard_github(&self) {
        let add = ["project", "add", "octo-org/octo-repo", "--issuer", "github"];
        self.ok(&[&add[..], &["--id", "123456789", "--owner-id", "65"]].concat());
    }

    /// A server that this command starts.
    pub(crate) fn serve_by(&self, command: &mut Command) -> Server {
        let standing = Standing::start(command.current_dir(self.directory.path()));
        let first = standing.stderr_line(|_| true);
        let url = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("first line: {first}"));
        let url = url.to_owned();
        Server { standing, url }
    }

    pub(crate) fn emulate(&self, arguments: &[&str]) -> Emulator {
        let mut all = vec!["emulate"];
        all.extend_from_slice(arguments);
        all.push("--print-env");
        let mut command = self.command(&all);
        command.stdin(Stdio::piped());
        let mut standing = Standing::start(&mut command);
        let note = standing.stderr_line(|line| line.contains("the issuer is "));
        let issuer = note.split_once("the issuer is ").unwrap().1.split(';').next().unwrap().to_owned();
        let variables = standing.exports();
        Emulator { standing, issuer, variables }
    }
}

impl Standing {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let (lines, reader) =
            (Arc::new(Mutex::new(Vec::new())), BufReader::new(child.stderr.take().unwrap()));
        let into = Arc::clone(&lines);
        let drain = std::thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                into.lock().unwrap().push(line);
            }
        });
        Self { child, stdin, stderr: lines, drain: Some(drain) }
    }

    /// The first line on stderr that is like this; waits for it for as long as the process writes.
    pub(crate) fn stderr_line(&self, is_like: impl Fn(&str) -> bool) -> String {
        loop {
            let has_ended = self.drain.as_ref().is_none_or(JoinHandle::is_finished);
            let lines = self.stderr.lock().unwrap().clone();
            if let Some(found) = lines.iter().find(|line| is_like(line)) {
                return found.clone();
            }
            assert!(!has_ended, "it ended without the line: {lines:#?}");
            std::thread::yield_now();
        }
    }

    /// The variables in `export` lines on stdout, up to the last of them.
    fn exports(&mut self) -> BTreeMap<String, String> {
        let stdout = BufReader::new(self.child.stdout.as_mut().unwrap());
        let mut variables = BTreeMap::new();
        for line in stdout.lines().map_while(Result::ok) {
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            if name == "RUNNER_OS" || name == "GITLAB_USER_LOGIN" {
                break;
            }
        }
        variables
    }

    /// Stdout up to the line that has this in it.
    pub(crate) fn stdout_until(&mut self, part: &str) -> String {
        let mut told = String::new();
        let mut stdout = BufReader::new(self.child.stdout.as_mut().unwrap());
        while !told.contains(part) {
            assert!(stdout.read_line(&mut told).unwrap() > 0, "it ended without `{part}`: {told}");
        }
        told
    }

    /// Its standard output.
    pub(crate) fn stdout(&mut self) -> impl std::io::Read {
        self.child.stdout.take().unwrap()
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for the end; gives the exit status.
    pub(crate) fn wait(&mut self) -> i32 {
        let status = self.child.wait().unwrap();
        if let Some(drain) = self.drain.take() {
            drain.join().unwrap();
        }
        status.code().unwrap_or(-1)
    }

    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap().clone()
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
        if let Some(drain) = self.drain.take() {
            drop(drain.join());
        }
        let log = self.stderr.lock().unwrap();
        let shown = log.iter().find(|line| shows_token(line));
        assert!(shown.is_none() || std::thread::panicking(), "a token is in the log: {shown:?}");
    }
}

/// Whether a part of a JSON Web Token is in it: a header and claims begin so (`{"`), whoever has made them.
pub(crate) fn shows_token(line: &str) -> bool {
    line.match_indices("eyJ").any(|(at, _)| {
        let part = line
            .split_at(at)
            .1
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        part.count() >= 16
    })
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    output(command.output().unwrap())
}

fn output(output: std::process::Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What was told of a newer database, without the version that this daypass knows: that one grows.
pub(crate) fn without_version(told: &str) -> String {
    let (before, behind) = told.split_once("knows ").unwrap();
    format!("{before}knows N{}", behind.trim_start_matches(|letter: char| letter.is_ascii_digit()))
}

/// `GET` of an `http://` URL: status and body.
pub(crate) fn get(url: &str, bearer: Option<&str>) -> (u16, String) {
    request("GET", url, bearer, "")
}

/// `POST` of a body to an `http://` URL: status and body.
pub(crate) fn post(url: &str, bearer: Option<&str>, media_type: &str, body: &str) -> (u16, String) {
    let length = body.len();
    request(
        "POST",
        url,
        bearer,
        &format!("content-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
}

/// The rest is what follows the headers that every request has; nothing is a request without a body.
fn request(method: &str, url: &str, bearer: Option<&str>, rest: &str) -> (u16, String) {
    let rest = if rest.is_empty() { "\r\n" } else { rest };
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let authorization = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(authority).unwrap();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{authorization}{rest}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Settings of a server on this machine that trusts one issuer.
pub(crate) fn local_settings(provider: &str, issuer: &str) -> String {
    format!(
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n\n[[issuers]]\nname = '{provider}'\n\
         provider = '{provider}'\nurl = '{issuer}'\ninsecure_http = true\n"
    )
}

pub(crate) fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
