//! What `init` writes loads as it is.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{Folder, Ran, Standing, get, ran, set_mode};

#[test]
fn a_server_starts_on_what_init_wrote() {
    for ci in ["github", "gitlab"] {
        let folder = Folder::new();
        let told = folder.ok(&["init", "--ci", ci]);
        assert!(told.contains("daypass serve") && told.contains("project add"), "{told}");
        insta::assert_snapshot!(
            format!("init_{ci}"),
            folder.read("daypass.toml") + "\n---\n" + &folder.read("policies/example.toml")
        );
        let server = folder.serve(&["--listen", "127.0.0.1:0"]);
        assert_eq!(get(&format!("{}/healthz", server.url), None).0, 200);
        let log = server.standing.stderr_line(|line| line.contains("public_url"));
        assert!(log.contains(&format!("\"issuers\":\"{ci} emulator\"")), "{log}");
        assert!(!server.standing.stderr().iter().any(|line| line.contains("example.toml")));
    }
}

#[test]
fn the_role_in_the_example_is_one_when_its_marks_are_taken_away() {
    for ci in ["github", "gitlab"] {
        let folder = Folder::new();
        folder.ok(&["init", "--ci", ci]);
        let example = folder.read("policies/example.toml");
        let role: Vec<&str> = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
        folder.write("policies/example.toml", &role.join("\n"));
        let server = folder.serve(&["--listen", "127.0.0.1:0"]);
        drop(server);
        // It was read, and not taken for a comment: another `deploy` is one too many.
        folder.write("policies/again.toml", &role.join("\n"));
        let ran = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(ran.stderr.contains("error[duplicate_role]"), "{}", ran.stderr);
    }
}

/// The command lines that `init` has printed, up to those for real jobs.
fn lines_to_copy(told: &str) -> Vec<String> {
    let (_, next) = told.split_once("\nNext:\n").unwrap();
    let (next, _) = next.split_once("\n\n").unwrap();
    next.lines().filter_map(|line| line.strip_prefix("    ")).map(ToOwned::to_owned).collect()
}

/// Runs the lines as a newcomer does, in a shell, with other ports than the printed ones; gives what the last one printed.
fn follow(folder: &Folder, arguments: &[&str]) -> Ran {
    let server = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let emulator = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let moved = |text: &str| text.replace("127.0.0.1:8080", &server).replace("127.0.0.1:4011", &emulator);
    let mut all = vec!["init"];
    all.extend_from_slice(arguments);
    let told = folder.ok(&all);
    folder.write("daypass.toml", &moved(&folder.read("daypass.toml")));
    let lines = lines_to_copy(&moved(&told));
    assert_eq!(lines.len(), 3, "{told}");
    let programs = Path::new(env!("CARGO_BIN_EXE_daypass")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let in_shell = |line: &str| {
        let mut command = folder.command_of("sh", &["-c", &format!("exec {line}")]);
        command.env("PATH", &path);
        command
    };
    let onboarded = ran(&mut in_shell(&lines[0]));
    assert_eq!(onboarded.status, 0, "{onboarded:?}");
    let serving = Standing::start(&mut in_shell(&lines[1]));
    serving.stderr_line(|line| line.contains("listening on"));
    ran(&mut in_shell(&lines[2]))
}

#[test]
fn the_lines_that_init_prints_lead_to_a_pass() {
    for (ci, onboard, emulate) in [
        (
            "github",
            "daypass project add octo-org/octo-repo --issuer emulator --id 123456789 --owner-id 65",
            "daypass emulate github --listen 127.0.0.1:4011 -- daypass exchange --url http://127.0.0.1:8080",
        ),
        (
            "gitlab",
            "daypass project add octo/app --issuer emulator --id 42 --owner-id 7",
            "daypass emulate gitlab --id-token DAYPASS_ID_TOKEN=127.0.0.1 --listen 127.0.0.1:4011 -- daypass exchange --url http://127.0.0.1:8080",
        ),
    ] {
        let printed = lines_to_copy(&Folder::new().ok(&["init", "--ci", ci]));
        assert_eq!(printed, [onboard, "daypass serve", emulate]);
        let got = follow(&Folder::new(), &["--ci", ci]);
        assert_eq!((got.status, got.stdout.lines().count()), (0, 1), "{got:?}");
        assert_eq!(got.stdout.matches('.').count(), 2, "a pass, and nothing else: {got:?}");
    }
}

#[test]
fn in_a_checkout_the_lines_are_about_its_repository() {
    let folder = Folder::new();
    for arguments in [
        &["init", "--quiet", "--initial-branch", "trunk"][..],
        &["remote", "add", "origin", "git@git.example.com:acme/shop.git"],
    ] {
        let git = ran(&mut folder.command_of("git", arguments));
        assert_eq!(git.status, 0, "{git:?}");
    }
    let got = follow(&folder, &[]);
    assert_eq!((got.status, got.stdout.lines().count()), (0, 1), "{got:?}");
    assert!(folder.ok(&["project", "list"]).contains("acme/shop"));
}

#[test]
fn a_server_where_the_emulator_would_be_has_it_elsewhere() {
    let folder = Folder::new();
    let told = folder.ok(&["init", "--url", "http://127.0.0.1:4011"]);
    assert!(
        told.contains("--listen 127.0.0.1:4012 -- daypass exchange --url http://127.0.0.1:4011"),
        "{told}"
    );
    folder.serve(&["--listen", "127.0.0.1:0"]);
    let told = Folder::new().ok(&["init", "--ci", "gitlab", "--url", "http://[::1]:8080"]);
    assert!(told.contains("--id-token 'DAYPASS_ID_TOKEN=[::1]'"), "{told}");
}

#[test]
fn a_server_for_others_needs_its_key_first() {
    let folder = Folder::new();
    let told = folder.ok(&["init", "--url", "https://pass.example.com"]);
    assert!(told.contains("make the key under which signing keys are stored:"), "{told}");
    assert!(told.contains("openssl rand -base64 32 > daypass.key") && !told.contains("emulator"), "{told}");
    assert!(!folder.read("daypass.toml").contains("emulator"));
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("`daypass.key`: there is no such file"), "{}", ran.stderr);
    set_mode(&folder.write("daypass.key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600);
    folder.serve(&["--listen", "127.0.0.1:0"]);
    let settings = folder.read("daypass.toml").replace("# [http]", "[http]");
    folder.write("daypass.toml", &settings.replace("# tls_", "tls_").replace("# trusted_", "trusted_"));
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        ran.stderr.contains("`tls_certificate_file`: `tls.crt`: there is no such file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::new();
    for name in ["daypass.toml", "policies/example.toml"] {
        let folder = Folder::new();
        folder.write(name, "mine");
        let ran = folder.run(&["init"]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(&format!("`{name}` exists")), "{}", ran.stderr);
        assert_eq!(folder.read(name), "mine");
    }
    for url in ["http://pass.example.com", "pass.example.com", "https://pass.example.com/"] {
        assert_eq!(folder.run(&["init", "--url", url]).status, 2, "{url}");
    }
    assert!(!folder.path("daypass.toml").exists() && !folder.path("policies").exists());
}
