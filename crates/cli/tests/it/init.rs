//! `daypass init`: what it writes works as it is, lets in whom it names, and nothing is overwritten.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{Folder, Ran, Server, Standing, get, ran, set_mode};

/// Flags that say everything about a repository, but the address of the server.
const GITHUB: [&str; 9] = [
    "init",
    "--ci",
    "github",
    "--repository",
    "octo-org/octo-repo",
    "--repository-id",
    "987001",
    "--owner-id",
    "6501",
];
const GITLAB: [&str; 9] = [
    "init",
    "--ci",
    "gitlab",
    "--project-path",
    "octo/sub/app",
    "--project-id",
    "4201",
    "--namespace-id",
    "701",
];

fn written(folder: &Folder, workflow: &str) -> String {
    ["daypass.toml", "policies/deploy.toml", workflow].map(|name| folder.read(name)).join("\n---\n")
}

#[test]
fn a_server_starts_on_what_init_wrote() {
    for (ci, workflow) in [("github", "workflows/daypass.yml"), ("gitlab", "workflows/daypass.gitlab-ci.yml")]
    {
        let folder = Folder::new();
        let told = folder.ok(&["init", "--try-out", "--ci", ci]);
        assert!(told.contains("daypass serve") && told.contains("project add"), "{told}");
        insta::assert_snapshot!(format!("init_{ci}"), written(&folder, workflow));
        assert_eq!(folder.ok(&["policy", "check"]), "1 file, nothing to say\n");
        let server = folder.serve(&["--listen", "127.0.0.1:0"]);
        assert_eq!(get(&format!("{}/healthz", server.url), None).0, 200);
        let log = server.standing.stderr_line(|line| line.contains("public_url"));
        assert!(log.contains(&format!("\"issuers\":\"{ci} emulator\"")), "{log}");
        assert!(!server.standing.stderr().iter().any(|line| line.contains("deploy.toml")));
    }
}

#[test]
fn without_flags_and_without_a_terminal_it_is_a_try_out_of_github() {
    let (folder, said) = (Folder::new(), Folder::new());
    assert_eq!(folder.ok(&["init"]), said.ok(&["init", "--try-out", "--ci", "github"]));
    assert_eq!(written(&folder, "workflows/daypass.yml"), written(&said, "workflows/daypass.yml"));
}

#[test]
fn for_a_server_that_others_reach_it_says_all_that_is_to_be_done() {
    let folder = Folder::new();
    let more = ["--public-url", "https://pass.example.com", "--environment", "production", "--dir", "conf d"];
    let told = folder.ok(&[&GITLAB[..], &more].concat());
    insta::assert_snapshot!(
        "init_for_others",
        told + "\n---\n"
            + &["daypass.toml", "policies/deploy.toml", "workflows/daypass.gitlab-ci.yml"]
                .map(|name| folder.read(&format!("conf d/{name}")))
                .join("\n---\n")
    );
}

/// The command lines that `init` has printed, up to those for real jobs.
fn lines_to_copy(told: &str) -> Vec<String> {
    let (_, next) = told.split_once("\nNext:\n").unwrap();
    let (next, _) = next.split_once("\n\n").unwrap();
    next.lines().filter_map(|line| line.strip_prefix("    ")).map(ToOwned::to_owned).collect()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Runs the lines as a newcomer does, in a shell, with other ports than the printed ones; gives what the last two printed.
fn follow(folder: &Folder, arguments: &[&str]) -> [Ran; 2] {
    let (server, emulator) = (free_address(), free_address());
    let moved = |text: &str| text.replace("127.0.0.1:8080", &server).replace("127.0.0.1:4011", &emulator);
    let told = folder.ok(arguments);
    folder.write("daypass.toml", &moved(&folder.read("daypass.toml")));
    let lines = lines_to_copy(&moved(&told));
    assert_eq!(lines.len(), 4, "{told}");
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
    [ran(&mut in_shell(&lines[2])), ran(&mut in_shell(&lines[3]))]
}

fn is_pass(got: &Ran) {
    assert_eq!((got.status, got.stdout.lines().count()), (0, 1), "{got:?}");
    assert_eq!(got.stdout.matches('.').count(), 2, "a pass, and nothing else: {got:?}");
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
        let printed = lines_to_copy(&Folder::new().ok(&["init", "--try-out", "--ci", ci]));
        assert_eq!(printed, [onboard, "daypass serve", emulate, &format!("{emulate} --role deploy")]);
        follow(&Folder::new(), &["init", "--try-out", "--ci", ci]).iter().for_each(is_pass);
    }
    for flags in [GITHUB, GITLAB] {
        for more in [
            &["--ref", "refs/tags/v1", "--role", "ship-it"][..],
            &["--environment", "prod eu", "--ref", "release/1"],
        ] {
            let all = [&flags[..], &["--public-url", "http://127.0.0.1:8080"], more].concat();
            follow(&Folder::new(), &all).iter().for_each(is_pass);
        }
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
    follow(&folder, &["init"]).iter().for_each(is_pass);
    assert!(folder.ok(&["project", "list"]).contains("acme/shop"));
    assert!(folder.read("policies/deploy.toml").contains("refs/heads/trunk"));
}

/// A server on what `init` wrote for a repository, and where its emulator must listen.
fn served(folder: &Folder, flags: &[&str]) -> (Server, String) {
    let (url, emulator) = (format!("http://{}", free_address()), free_address());
    folder.ok(&[flags, &["--public-url", &url]].concat());
    let settings = folder.read("daypass.toml").replace("127.0.0.1:4011", &emulator);
    folder.write("daypass.toml", &settings);
    (folder.serve(&[]), emulator)
}

/// What a job of the emulator is told that wants the role.
fn as_job(folder: &Folder, server: &Server, emulate: &[&str]) -> Ran {
    let exchange = [env!("CARGO_BIN_EXE_daypass"), "exchange", "--url", &server.url, "--role", "deploy"];
    folder.run(&[&["emulate"], emulate, &["--"], &exchange].concat())
}

#[test]
fn the_first_role_lets_in_the_repository_that_was_named_and_nobody_else() {
    let folder = Folder::new();
    let (server, emulator) = served(&folder, &GITHUB);
    let base = ["github", "--listen", &emulator, "--repository", "octo-org/octo-repo"];
    let ids = ["--repository-id", "987001", "--repository-owner-id", "6501"];
    let main = ["--ref", "refs/heads/main"];
    is_pass(&as_job(&folder, &server, &[&base[..], &ids, &main].concat()));
    for other in [
        &["--repository-id", "987002", "--repository-owner-id", "6501", "--ref", "refs/heads/main"][..],
        &["--repository-id", "987001", "--repository-owner-id", "6502", "--ref", "refs/heads/main"],
        &["--repository-id", "987001", "--repository-owner-id", "6501", "--ref", "refs/heads/feature"],
        &["--repository-id", "987001", "--repository-owner-id", "6501", "--ref", "refs/tags/main"],
        &["--repository-id", "987001", "--repository-owner-id", "6501", "--event", "pull_request"],
        &["--repository-id", "987001", "--repository-owner-id", "6501", "--event", "pull_request_target"],
    ] {
        let refused = as_job(&folder, &server, &[&base[..], other].concat());
        assert_eq!((refused.status, refused.stdout.as_str()), (3, ""), "{other:?}: {refused:?}");
        assert!(refused.stderr.contains("not_allowed"), "{other:?}: {refused:?}");
    }
}

#[test]
fn the_first_role_of_a_gitlab_project_is_as_narrow() {
    let folder = Folder::new();
    let (server, emulator) = served(&folder, &[&GITLAB[..], &["--environment", "production"]].concat());
    let token = ["--id-token", "DAYPASS_ID_TOKEN=127.0.0.1", "--project-path", "octo/sub/app"];
    let base = [&["gitlab", "--listen", &emulator][..], &token].concat();
    let ids = ["--project-id", "4201", "--namespace-id", "701"];
    let honest = ["--ref", "main", "--environment", "production"];
    is_pass(&as_job(&folder, &server, &[&base[..], &ids, &honest].concat()));
    for other in [
        &["--project-id", "4202", "--namespace-id", "701", "--ref", "main", "--environment", "production"][..],
        &["--project-id", "4201", "--namespace-id", "702", "--ref", "main", "--environment", "production"],
        &["--project-id", "4201", "--namespace-id", "701", "--ref", "feature", "--environment", "production"],
        &["--project-id", "4201", "--namespace-id", "701", "--ref", "main"],
        &["--project-id", "4201", "--namespace-id", "701", "--ref", "main", "--environment", "staging"],
        &[
            "--project-id",
            "4201",
            "--namespace-id",
            "701",
            "--ref",
            "main",
            "--environment",
            "production",
            "--ref-protected=false",
        ],
        &[
            "--project-id",
            "4201",
            "--namespace-id",
            "701",
            "--ref",
            "refs/tags/main",
            "--ref-protected",
            "--environment",
            "production",
        ],
        &[
            "--project-id",
            "4201",
            "--namespace-id",
            "701",
            "--pipeline-source",
            "merge_request_event",
            "--environment",
            "production",
        ],
    ] {
        let refused = as_job(&folder, &server, &[&base[..], other].concat());
        assert_eq!((refused.status, refused.stdout.as_str()), (3, ""), "{other:?}: {refused:?}");
        assert!(refused.stderr.contains("not_allowed"), "{other:?}: {refused:?}");
    }
}

#[test]
fn a_server_where_the_emulator_would_be_has_it_elsewhere() {
    let folder = Folder::new();
    let told = folder.ok(&["init", "--try-out", "--public-url", "http://127.0.0.1:4011"]);
    assert!(
        told.contains("--listen 127.0.0.1:4012 -- daypass exchange --url http://127.0.0.1:4011"),
        "{told}"
    );
    folder.serve(&["--listen", "127.0.0.1:0"]);
    let told =
        Folder::new().ok(&["init", "--try-out", "--ci", "gitlab", "--public-url", "http://[::1]:8080"]);
    assert!(told.contains("--id-token 'DAYPASS_ID_TOKEN=[::1]'"), "{told}");
}

#[test]
fn a_server_for_others_needs_its_key_first() {
    let folder = Folder::new();
    let told = folder.ok(&[&GITHUB[..], &["--public-url", "https://pass.example.com"]].concat());
    assert!(told.contains("make the key under which signing keys are stored:"), "{told}");
    assert!(told.contains("openssl rand -base64 32 > daypass.key") && !told.contains("emulat"), "{told}");
    assert!(!folder.read("daypass.toml").contains("emulator"));
    assert!(!folder.read("policies/deploy.toml").contains("emulat"));
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
fn nothing_is_overwritten_and_nothing_is_written_where_something_is_there() {
    for name in ["daypass.toml", "policies/deploy.toml", "workflows/daypass.yml"] {
        let folder = Folder::new();
        folder.write(name, "mine");
        let ran = folder.run(&["init"]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(&format!("`{name}` exists")), "{}", ran.stderr);
        assert_eq!(folder.read(name), "mine");
        let files = ["daypass.toml", "policies/deploy.toml", "workflows/daypass.yml"];
        assert_eq!(files.iter().filter(|name| folder.path(name).exists()).count(), 1);
    }
    // A link that leads nowhere is followed by nobody.
    let folder = Folder::new();
    std::os::unix::fs::symlink("elsewhere.toml", folder.path("daypass.toml")).unwrap();
    assert_eq!(folder.run(&["init"]).status, 2);
    assert!(!folder.path("elsewhere.toml").exists() && !folder.path("policies").exists());
    let folder = Folder::new();
    folder.ok(&["init"]);
    let before = written(&folder, "workflows/daypass.yml");
    assert_eq!(folder.run(&["init"]).status, 2);
    assert_eq!(written(&folder, "workflows/daypass.yml"), before);
}

#[test]
fn what_is_asked_wrongly_writes_nothing() {
    let folder = Folder::new();
    let mut asked: Vec<Vec<&str>> =
        ["http://pass.example.com", "pass.example.com", "https://pass.example.com/"]
            .iter()
            .map(|url| vec!["init", "--public-url", url])
            .collect();
    asked.push([&GITHUB[..], &["--public-url", "https://pass.example.com", "--dry-run"]].concat());
    asked.push(
        [
            &GITHUB[..],
            &["--public-url", "https://pass.example.com", "--audience", "https://pass.example.com"],
        ]
        .concat(),
    );
    asked.push(vec!["init", "--ci", "gitlab"]);
    asked.push(vec!["init", "--try-out", "--owner-id", "65"]);
    for arguments in asked {
        let ran = folder.run(&arguments);
        let is_dry = arguments.contains(&"--dry-run");
        assert_eq!(ran.status, if is_dry { 0 } else { 2 }, "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout.contains("[roles.deploy]"), is_dry, "{ran:?}");
        assert!(!folder.path("daypass.toml").exists() && !folder.path("policies").exists());
    }
    let ran = folder.run(&["init", "--ci", "github"]);
    insta::assert_snapshot!("init_missing", ran.stderr);
}
