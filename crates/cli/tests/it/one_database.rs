//! Servers that share one file of SQLite, or follow one another on it: a token is spent for all of them.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{Emulator, Folder, Server, get, local_settings};

struct Stage {
    folder: Folder,
    emulator: Emulator,
}

impl Stage {
    fn set() -> Self {
        let folder = Folder::new();
        let emulator = folder.emulate(&["github"]);
        folder.write("daypass.toml", &local_settings("github", &emulator.issuer));
        let numbers = ["--issuer", "github", "--id", "123456789", "--owner-id", "65"];
        folder.ok(&[&["project", "add", "octo-org/octo-repo"], numbers.as_slice()].concat());
        Self { folder, emulator }
    }

    /// A token as the CI system of a job gives it.
    fn token(&self) -> String {
        let variable = |name: &str| self.emulator.variables[name].as_str();
        let url = format!("{}&audience=127.0.0.1", variable("ACTIONS_ID_TOKEN_REQUEST_URL"));
        let (status, body) = get(&url, Some(variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")));
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answer["value"].as_str().unwrap().to_owned()
    }

    fn successes(&self) -> usize {
        self.folder.ok(&["audit", "list", "--outcome", "success", "--json"]).lines().count()
    }
}

fn exchange(server: &Server, token: &str) -> (u16, String) {
    let (status, body) = get(&format!("{}/v1.0/auth/jwt", server.url), Some(token));
    let code = serde_json::from_str::<serde_json::Value>(&body)
        .ok()
        .and_then(|body| Some(body["code"].as_str()?.to_owned()));
    (status, code.unwrap_or_default())
}

fn used() -> (u16, String) {
    (401, "token_already_used".to_owned())
}

#[test]
fn two_servers_on_one_file_give_each_token_once() {
    let stage = Stage::set();
    let servers = [stage.folder.serve(&[]), stage.folder.serve(&[])];
    let token = stage.token();
    assert_eq!(exchange(&servers[0], &token).0, 200);
    assert_eq!(exchange(&servers[1], &token), used());
    for _ in 0..10 {
        let token = stage.token();
        let results = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..8)
                .map(|at| {
                    scope.spawn({
                        let (servers, token) = (&servers, &token);
                        move || exchange(&servers[at % 2], token)
                    })
                })
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(results.iter().filter(|(status, _)| *status == 200).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|result| **result == used()).count(), 7, "{results:?}");
    }
    assert_eq!(stage.successes(), 11);
    // Both use the one signing key: what one gives, the other takes.
    let pass = get(&format!("{}/v1.0/auth/jwt", servers[0].url), Some(&stage.token())).1;
    assert_eq!(get(&format!("{}/v1.0/whoami", servers[1].url), Some(&pass)).0, 200);
}

#[test]
fn a_token_stays_spent_when_the_server_is_ended_or_killed_and_started_again() {
    let stage = Stage::set();
    for (signal, status) in [(Signal::TERM, 0), (Signal::KILL, -1)] {
        let mut server = stage.folder.serve(&[]);
        let token = stage.token();
        assert_eq!(exchange(&server, &token).0, 200);
        server.standing.signal(signal);
        assert_eq!(server.standing.wait(), status);
        let server = stage.folder.serve(&[]);
        assert_eq!(exchange(&server, &token), used(), "{signal:?}");
        assert_eq!(exchange(&server, &stage.token()).0, 200);
    }
    assert_eq!(stage.successes(), 4);
}

#[test]
fn a_disk_that_fills_fails_the_exchange_and_spends_nothing() {
    let stage = Stage::set();
    let script = "set -e; mount -t tmpfs -o size=2m,mode=700 none data; cp daypass.db data; exec \"$@\"";
    std::fs::create_dir(stage.folder.path("data")).unwrap();
    let binary = env!("CARGO_BIN_EXE_daypass");
    let serve = ["-rm", "sh", "-c", script, "sh", binary, "serve", "--store-url", "sqlite://data/daypass.db"];
    let mut command: Command = stage.folder.command_of("unshare", &serve);
    let server = stage.folder.serve_by(&mut command);
    assert_eq!(exchange(&server, &stage.token()).0, 200);
    // The disk is in the server's own namespace.
    let filler = format!("/proc/{}/root{}", server.standing.id(), stage.folder.path("data/filler").display());
    assert!(std::fs::write(&filler, vec![0; 4 << 20]).is_err(), "there is too much room");
    // The log has a little room left, and then none.
    let token = (0..1_000).find_map(|_| {
        let token = stage.token();
        let (status, code) = exchange(&server, &token);
        assert!(status == 200 || (status, code.as_str()) == (503, "store_unavailable"), "{status} {code}");
        (status == 503).then_some(token)
    });
    let token = token.expect("the disk never filled");
    assert_eq!(exchange(&server, &token), (503, "store_unavailable".to_owned()));
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(exchange(&server, &token).0, 200, "the same token: it was not spent");
    assert_eq!(exchange(&server, &token), used());
}
