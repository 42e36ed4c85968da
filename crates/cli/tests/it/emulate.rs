//! Jobs on a laptop: their variables, their signals, their exit status.

use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{Folder, Standing, get, mode_of};

fn shell(folder: &Folder, arguments: &[&str], script: &str) -> crate::support::Ran {
    let mut all = vec!["emulate"];
    all.extend_from_slice(arguments);
    all.extend_from_slice(&["--", "sh", "-c", script]);
    folder.run(&all)
}

#[test]
fn the_exit_status_of_the_command_is_passed_through() {
    let folder = Folder::new();
    for (script, status) in
        [("exit 0", 0), ("exit 3", 3), ("exit 77", 77), ("kill -TERM $$", 143), ("kill -9 $$", 137)]
    {
        assert_eq!(shell(&folder, &["github"], script).status, status, "{script}");
    }
    let ran = folder.run(&["emulate", "github", "--", "no-such-command"]);
    assert_eq!(ran.status, 127);
    assert!(
        ran.stderr.contains("`no-such-command` cannot be run: there is no such command"),
        "{}",
        ran.stderr
    );
    folder.write("no-program", "");
    assert_eq!(folder.run(&["emulate", "github", "--", "./no-program"]).status, 126);
}

#[test]
fn a_github_job_has_its_variables_and_none_of_an_outer_job() {
    let mut folder = Folder::new();
    for (name, value) in
        [("GITHUB_TOKEN", "outer"), ("CI_JOB_ID", "outer"), ("GITLAB_CI", "true"), ("MINE", "kept")]
    {
        folder.set(name, value);
    }
    let script = "echo $CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_REF $GITHUB_EVENT_NAME $MINE \
                  [$GITHUB_TOKEN$CI_JOB_ID$GITLAB_CI]";
    let ran = shell(&folder, &["github"], script);
    assert_eq!(ran.stdout, "true true octo-org/octo-repo refs/heads/main push kept []\n");
    assert!(
        ran.stderr
            .contains("GitHub Actions, octo-org/octo-repo (id 123456789, owner 65), push on refs/heads/main")
    );
    let flags = [
        "github",
        "--repository",
        "acme/shop",
        "--repository-id",
        "12",
        "--repository-owner-id",
        "3",
        "--event",
        "pull_request",
        "--pull-request",
        "7",
        "--head-ref",
        "fix",
        "--actor",
        "mona",
    ];
    let ran = shell(
        &folder,
        &flags,
        "echo $GITHUB_REPOSITORY_ID $GITHUB_REPOSITORY_OWNER_ID $GITHUB_REF $GITHUB_HEAD_REF $GITHUB_ACTOR",
    );
    assert_eq!(ran.stdout, "12 3 refs/pull/7/merge fix mona\n");
    assert!(!ran.stderr.contains("made up"), "{}", ran.stderr);
    let ran = shell(&folder, &["github", "--repository", "acme/shop"], "true");
    assert!(ran.stderr.contains("the ids are made up from the names"), "{}", ran.stderr);
}

#[test]
fn a_gitlab_job_has_its_variables_and_tokens() {
    let folder = Folder::new();
    let script = "echo $CI $GITLAB_CI $CI_PROJECT_PATH $CI_COMMIT_REF_NAME ${A:+a} ${B:+b}";
    let ran = shell(&folder, &["gitlab", "--id-token", "A=one", "--id-token", "B=two"], script);
    assert_eq!(ran.stdout, "true true octo/app main a b\n");
    let ran = shell(
        &folder,
        &["gitlab", "--project-path", "a/b/c", "--project-id", "9", "--ref", "refs/tags/v1"],
        "echo $CI_PROJECT_ID $CI_COMMIT_TAG",
    );
    assert_eq!(ran.stdout, "9 v1\n");
    assert!(ran.stderr.contains("this job has no identity token"), "{}", ran.stderr);
}

#[test]
fn claims_can_be_set_and_the_old_subject_asked_for() {
    let folder = Folder::new();
    let claims = |flags: &[&str]| {
        let emulator = folder.emulate(flags);
        let url = format!("{}&audience=test", emulator.variables["ACTIONS_ID_TOKEN_REQUEST_URL"]);
        let (status, body) = get(&url, Some(&emulator.variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]));
        assert_eq!(status, 200, "{body}");
        let shown = folder.run_with_input(&["inspect", "-", "--json"], &body).stdout;
        serde_json::from_str::<serde_json::Value>(&shown).unwrap()["claims"].clone()
    };
    assert_eq!(claims(&["github"])["sub"], "repo:octo-org@65/octo-repo@123456789:ref:refs/heads/main");
    let old = claims(&["github", "--old-subject", "--claim", "actor=eve", "--claim", "run_attempt:=2"]);
    assert_eq!(old["sub"], "repo:octo-org/octo-repo:ref:refs/heads/main");
    assert_eq!((old["actor"].as_str(), old["run_attempt"].as_i64()), (Some("eve"), Some(2)));
}

#[test]
fn signals_are_passed_on_to_the_command() {
    let folder = Folder::new();
    for (signal, name, status) in
        [(Signal::TERM, "TERM", 41), (Signal::INT, "INT", 42), (Signal::HUP, "HUP", 43)]
    {
        let script = format!("trap 'exit {status}' {name}; echo ready >&2; while :; do :; done");
        let mut standing = Standing::start(
            &mut folder.not_ignoring_hang_up(&["emulate", "github", "--", "sh", "-c", &script]),
        );
        standing.stderr_line(|line| line == "ready");
        standing.signal(signal);
        assert_eq!(standing.wait(), status, "{name}");
    }
}

#[test]
fn each_form_ends_on_each_signal_and_removes_its_files() {
    for form in ["--serve", "--print-env"] {
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let folder = Folder::new();
            std::fs::create_dir(folder.path("tmp")).unwrap();
            let mut command = folder.not_ignoring_hang_up(&["emulate", "github", form]);
            let mut standing = Standing::start(command.env("TMPDIR", folder.path("tmp")));
            standing.stderr_line(|line| line.contains("the issuer is"));
            assert!(std::fs::read_dir(folder.path("tmp")).unwrap().count() > 0, "{form}");
            standing.signal(signal);
            assert_eq!(standing.wait(), 0, "{form} {signal:?}");
            assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0, "{form} {signal:?}");
            let state = std::fs::read_dir(folder.path(".local/state/daypass")).unwrap();
            let names: Vec<_> = state.map(|entry| entry.unwrap().file_name()).collect();
            assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("job-")), "{names:?}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_a_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Folder::new().run(&["emulate", "github", "--listen", &address, "--", "true"]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains("choose another port (`--listen`)"), "{}", ran.stderr);
}

#[test]
fn printed_variables_work_until_stdin_closes() {
    let folder = Folder::new();
    let mut command = folder.command(&["emulate", "github", "--print-env"]);
    let mut standing = Standing::start(command.stdin(Stdio::piped()));
    standing.stderr_line(|line| line.contains("the issuer is"));
    standing.close_stdin();
    assert_eq!(standing.wait(), 0);
}

#[test]
fn a_standing_emulator_says_how_to_use_it_and_ends_on_a_signal() {
    let folder = Folder::new();
    let mut standing = Standing::start(&mut folder.command(&["emulate", "github", "--serve"]));
    let line = standing.stderr_line(|line| line.contains("&& COMMAND"));
    standing.stderr_line(|line| line.contains("name = \"emulator\""));
    standing.stderr_line(|line| line.contains("insecure_http = true"));
    standing.stderr_line(|line| line.contains("`--listen 127.0.0.1:4011` keeps the URL"));
    let file = line.split('\'').nth(1).unwrap().to_owned();
    assert!(file.contains(".local/state/daypass/job-"), "{file}");
    assert_eq!(mode_of(file.as_ref()), 0o600);
    assert!(std::fs::read_to_string(&file).unwrap().contains("export GITHUB_ACTIONS='true'"));
    standing.stderr_line(|line| line.contains("Ctrl-C ends it"));
    standing.signal(Signal::TERM);
    assert_eq!(standing.wait(), 0);
    assert!(!std::path::Path::new(&file).exists());
}
