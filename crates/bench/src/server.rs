//! A server that is measured: a process of its own, with settings of its own in a folder of its own.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// What `/proc/PID/stat` counts in, a second (`sysconf(_SC_CLK_TCK)` on Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// Lines of a log that are kept.
const KEPT_LINES: usize = 20;

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Option<JoinHandle<String>>,
}

/// What a server used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Processor time of the process, in seconds.
    pub cpu_seconds: f64,
    /// The most memory that it had at once, in MiB.
    pub peak_mib: f64,
}

/// Where a server lives.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// An empty folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self { folder: tempfile::Builder::new().prefix("daypass-bench").tempdir()? })
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes settings for one issuer of GitHub's kind, and a store.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn configure(&self, issuer_url: &str, store_url: &str) -> io::Result<()> {
        let settings = format!(
            "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\npolicy_dir = \"policies\"\n\
             [store]\nurl = \"{store_url}\"\n[keys]\nencryption_key_file = \"key\"\n\
             [[issuers]]\nname = \"ci\"\nprovider = \"github\"\nurl = \"{issuer_url}\"\n\
             audiences = [\"127.0.0.1\"]\ninsecure_http = true\n"
        );
        std::fs::write(self.path("daypass.toml"), settings)?;
        std::fs::create_dir_all(self.path("policies"))?;
        self.write_key()
    }

    fn write_key(&self) -> io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.path("key");
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        // 32 bytes that protect nothing: the folder is gone after the run.
        file.write_all(b"YmVuY2htYXJrLWtleS1vZi0zMi1ieXRlcy1sZW5ndGg=")
    }

    /// The command that checks its policy files.
    pub fn check(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["policy", "check"]).current_dir(self.folder.path());
        command
    }

    /// The command that serves from it, on one processor where `core` says so.
    pub fn serve(&self, program: &Path, core: Option<usize>) -> Command {
        let mut command = pinned(program, core);
        command.arg("serve").current_dir(self.folder.path());
        command
    }
}

/// A command on one processor, by util-linux's `taskset`.
pub fn pinned(program: &Path, core: Option<usize>) -> Command {
    match core {
        None => Command::new(program),
        Some(core) => {
            let mut command = Command::new("taskset");
            command.arg("--cpu-list").arg(core.to_string()).arg(program);
            command
        }
    }
}

impl Server {
    /// Starts a command that says `listening on http://ADDRESS` in its first line on stderr.
    ///
    /// # Errors
    /// It does not start, or says something else: that is in the error.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().ok_or_else(|| io::Error::other("no stderr"))?);
        let mut first = String::new();
        stderr.read_line(&mut first)?;
        let address =
            first.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let Some(address) = address else {
            io::Read::read_to_string(&mut stderr, &mut first)?;
            drop((child.kill(), child.wait()));
            return Err(io::Error::other(first));
        };
        let log = std::thread::spawn(move || last_lines(stderr));
        Ok(Self { child, address, log: Some(log) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// It is gone.
    pub fn usage(&self) -> io::Result<Usage> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let stat = std::fs::read_to_string(process.join("stat"))?;
        // The name of the program stands in parentheses and may hold blanks; user and system time are the 12th and 13th
        // after it (proc(5)).
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: f64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let status = std::fs::read_to_string(process.join("status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: f64 = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0.0);
        Ok(Usage { cpu_seconds: ticks / TICKS_PER_SECOND, peak_mib: kib / 1024.0 })
    }

    /// Kills it as a power cut would: nothing of it runs any more when this returns.
    ///
    /// # Errors
    /// It is not there any more.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Ends it as an operator would, and gives the last lines that it logged.
    ///
    /// # Errors
    /// It ends with a failure.
    pub fn end(mut self) -> io::Result<String> {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let process = process.ok_or_else(|| io::Error::other("no process id"))?;
        kill_process(process, Signal::TERM)?;
        let status = self.child.wait()?;
        let log = self.log.take().and_then(|log| log.join().ok()).unwrap_or_default();
        if status.success() {
            Ok(log)
        } else {
            Err(io::Error::other(format!("the server ended with {status}: {log}")))
        }
    }
}

/// Reads a log to its end and keeps the last lines, so that the server never waits for its reader.
fn last_lines(log: impl io::BufRead) -> String {
    let mut last = VecDeque::new();
    for line in log.lines().map_while(Result::ok) {
        last.push_back(line);
        if last.len() > KEPT_LINES {
            last.pop_front();
        }
    }
    Vec::from(last).join("\n")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop((self.child.kill(), self.child.wait()));
    }
}

/// Starts a server, and gives how long it took from the start of the process to its first answer of readiness.
///
/// # Errors
/// It does not start.
pub async fn start_to_ready(mut command: Command) -> io::Result<(Server, Duration)> {
    let started = clock::instant();
    let server = tokio::task::block_in_place(|| Server::start(&mut command))?;
    let mut connection = crate::connection::Connection::open(server.address()).await?;
    let answer = connection.get("/readyz").await?;
    if answer.status == 200 {
        Ok((server, started.elapsed()))
    } else {
        Err(io::Error::other(format!("the server is not ready: {}", answer.body)))
    }
}
