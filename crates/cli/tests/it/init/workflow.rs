//! What the written workflows do in a shell, as a runner starts them: no token on a command line, no pass in the log.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::{Folder, Ran, ran};

const PASS: &str = "eyJwYXNz.of-the-server.x";
const TOKENS: [&str; 3] = ["request-token-of-the-runner", "identity-token-of-the-job", PASS];

/// As GitHub starts `shell: bash`.
const GITHUB_SHELL: &[&str] = &["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
/// As GitLab does in an image without bash: there may be no `pipefail`.
const GITLAB_SHELL: &[&str] = &["sh", "-ec"];

/// How the exchange is answered.
#[derive(Clone, Copy)]
enum Answers {
    /// A pass, whole.
    Pass,
    /// A pass, and the connection ends before its last chunk has come.
    CutOff,
    Refusal,
}

/// GitHub and daypass in one, and the `Authorization` headers that it was sent.
struct Far {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Far {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let of_thread = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                of_thread.lock().unwrap().extend(answer(stream.unwrap(), answers));
            }
        });
        Self { url, heard }
    }
}

fn answer(mut stream: TcpStream, answers: Answers) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let chunk = format!("{:x}\r\n{PASS}\r\n", PASS.len());
    let chunked = "200 OK\r\nTransfer-Encoding: chunked";
    let (status, body) = match (head.split(' ').nth(1).unwrap(), answers) {
        (path, _) if path.starts_with("/token?") => ("200 OK", format!("{{\"value\":\"{}\"}}", TOKENS[1])),
        (path, Answers::CutOff) if path.starts_with("/v1.0/auth/jwt") => (chunked, chunk),
        (path, Answers::Pass) if path.starts_with("/v1.0/auth/jwt") => (chunked, format!("{chunk}0\r\n\r\n")),
        (path, Answers::Refusal) if path.starts_with("/v1.0/auth/jwt") => {
            ("403 Forbidden", "the role `deploy` is not for this job".to_owned())
        }
        _ => ("200 OK", "this is whom it stands for".to_owned()),
    };
    // Whoever asked may have gone.
    drop(write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}"));
    head.lines().find(|line| line.starts_with("Authorization: ")).map(ToOwned::to_owned)
}

/// A job of one CI system that runs what was written for it.
struct Job {
    folder: Folder,
    shell: &'static [&'static str],
    script: String,
}

impl Job {
    fn all() -> [Self; 2] {
        [("github", "daypass.yml", GITHUB_SHELL), ("gitlab", "daypass.gitlab-ci.yml", GITLAB_SHELL)].map(
            |(ci, file, shell)| {
                let folder = Folder::new();
                folder.ok(&["init", "--try-out", "--ci", ci]);
                let text = folder.read(&format!("workflows/{file}"));
                Self { folder, shell, script: script(&text) }
            },
        )
    }

    fn run(&self, far: &Far) -> Ran {
        let mut command = self.command(far);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.folder.path("programs").display()));
        ran(&mut command)
    }

    fn command(&self, far: &Far) -> Command {
        let all = [&self.shell[1..], &[self.script.as_str()]].concat();
        let mut command = self.folder.command_of(self.shell[0], &all);
        command
            .env("DAYPASS_URL", &far.url)
            .env("DAYPASS_AUDIENCE", "127.0.0.1")
            .env("DAYPASS_ID_TOKEN", TOKENS[1])
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKENS[0])
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/token?version=1", far.url));
        command
    }

    /// A `curl` in front of the real one that writes its command line down.
    fn watch_command_lines(&self) {
        let log = self.folder.path("command-lines");
        let text = format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec /usr/bin/curl \"$@\"\n", log.display());
        crate::support::set_mode(&self.folder.write("programs/curl", &text), 0o700);
    }
}

/// The lines of the block scalars that a runner hands to its shell.
fn script(workflow: &str) -> String {
    let mut block: Option<usize> = None;
    let mut script = String::new();
    for line in workflow.lines() {
        let depth = line.chars().take_while(|letter| *letter == ' ').count();
        if block.is_some_and(|of_key| depth > of_key) {
            script.extend([line.trim_start(), "\n"]);
        } else {
            block = (line.ends_with("run: |") || line.ends_with("- |")).then_some(depth);
        }
    }
    assert!(script.contains("/v1.0/auth/jwt") && script.contains("/v1.0/whoami"), "{script}");
    script
}

#[test]
fn a_job_gets_its_pass_and_no_token_is_on_a_command_line() {
    for job in Job::all() {
        job.watch_command_lines();
        let far = Far::start(Answers::Pass);
        let got = job.run(&far);
        assert!(got.status == 0 && got.stdout.contains("this is whom it stands for"), "{got:?}");
        let heard = far.heard.lock().unwrap().clone();
        let sent: Vec<String> = TOKENS.iter().map(|token| format!("Authorization: Bearer {token}")).collect();
        assert!(sent.ends_with(&heard) && heard.len() >= 2, "{heard:?}");
        let told = job.folder.read("command-lines");
        assert_eq!(told.lines().count(), heard.len(), "{told}");
        assert!(!TOKENS.iter().any(|token| told.contains(token)), "{told}");
    }
}

#[test]
fn a_pass_whose_transfer_ended_badly_is_not_in_the_log_and_a_refusal_is() {
    for job in Job::all() {
        let got = job.run(&Far::start(Answers::CutOff));
        assert_eq!(got.status, 1, "{got:?}");
        assert!(!format!("{got:?}").contains("eyJwYXNz"), "{got:?}");
        assert!(got.stderr.contains("curl: (18)"), "the honest reason is told: {got:?}");

        let got = job.run(&Far::start(Answers::Refusal));
        assert_eq!(got.status, 1, "{got:?}");
        assert!(got.stdout.contains("the role `deploy` is not for this job"), "{got:?}");
    }
}
