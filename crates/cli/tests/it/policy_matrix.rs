//! `daypass policy matrix`, `who` and `can`: their forms, that they agree, and that a real server decides the same.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, Ran, get, local_settings};

const ROLES: &str = "[[deny]]
issuer = 'github'
runner_environment = 'self-hosted'
absent = 'deny'

[roles.deploy]
description = 'Release from main'
[[roles.deploy.trust]]
issuer = 'github'
repository_owner_id = '65'
repository_id = '123456789'
repository = 'octo-org/octo-repo'
ref = ['refs/heads/main', { glob = 'refs/heads/release/*' }]
event_name = 'push'
[[roles.deploy.trust]]
issuer = 'github'
repository_owner_id = '65'
repository_id = '123456789'
environment = 'production'
ref = { glob = 'refs/tags/v*' }
[roles.deploy.grants.api]
audience = 'https://api.example.com'
scopes = ['releases:write', 'repo:{repository_id}']

[roles.subject]
[[roles.subject.trust]]
issuer = 'github'
repository_owner_id = '65'
sub = ['repo:octo-org@65/octo-repo@123456789:environment:production', 'repo:octo-org@65/octo-repo@123456789:pull_request']
event_name = ['push', 'pull_request']
[roles.subject.grants.api]
audience = 'https://api.example.com'
scopes = ['findings:read']
";

const EXAMPLE: [&str; 6] =
    ["--repository", "octo-org/octo-repo", "--repository-id", "123456789", "--repository-owner-id", "65"];

/// Settings whose store and issuer are not there: whoever asked them would fail.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'https://pass.example.com'\npolicy_dir = 'policies'\n\
         [store]\nurl = 'postgres://daypass@127.0.0.1:1/daypass'\n\
         [keys]\nencryption_key_command = ['touch', 'was-run']\n\
         [[issuers]]\nname = 'github'\nprovider = 'github'\n",
    );
    folder.write("policies/roles.toml", ROLES);
    folder
}

fn policy(folder: &Folder, arguments: &[&str]) -> Ran {
    let all: Vec<&str> = ["policy"].iter().chain(arguments).copied().collect();
    folder.run(&all)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|fault| panic!("{fault}: {ran:?}"))
}

/// The row of a title in the only repository.
fn row<'a>(matrix: &'a Value, title: &str) -> &'a Value {
    let rows = matrix["repositories"][0]["rows"].as_array().unwrap();
    rows.iter().find(|row| row["title"] == title).unwrap_or_else(|| panic!("{title} in {matrix:#}"))
}

fn is_yes(row: &Value, role: &str) -> bool {
    let cells = row["cells"].as_array().unwrap();
    cells.iter().find(|cell| cell["role"] == role).unwrap()["allowed"].as_bool().unwrap()
}

#[test]
fn a_person_sees_ticks_and_crosses_and_why_and_nothing_is_reached_or_made() {
    let folder = folder();
    let ran = policy(&folder, &["matrix", "--why"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
    let made: Vec<_> =
        fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made.len(), 2, "{made:?}");
}

#[test]
fn a_browser_gets_a_page_that_is_whole_and_runs_nothing() {
    let folder = folder();
    let ran = policy(&folder, &["matrix", "--html", "access.html"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "`access.html` is written\n"));
    let page = folder.read("access.html");
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("href"));
    insta::assert_snapshot!(page);
}

#[test]
fn a_hostile_name_stays_text_in_every_form() {
    let folder = folder();
    let hostile = "<script>alert('x')</script>\\\"\\u001b[31m\\u202e";
    let text = ROLES.replace("'production'\n", &format!("\"{hostile}\"\n"));
    folder.write("policies/roles.toml", &text);
    assert_eq!(policy(&folder, &["matrix", "--html", "x.html", "--snapshot", "x.txt"]).status, 0);
    let page = folder.read("x.html");
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    for shown in [page, folder.read("x.txt"), policy(&folder, &["matrix", "--why"]).stdout] {
        assert!(shown.contains("script") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
    assert!(!policy(&folder, &["who", "deploy"]).stdout.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn a_snapshot_is_compared_line_by_line() {
    let folder = folder();
    assert_eq!(policy(&folder, &["matrix", "--snapshot", "access.txt"]).status, 0);
    insta::assert_snapshot!(folder.read("access.txt"));
    let same = policy(&folder, &["matrix", "--snapshot", "access.txt", "--check"]);
    assert_eq!((same.status, same.stdout.as_str()), (0, "`access.txt` is as the policy says\n"));
    folder.write("policies/roles.toml", &ROLES.replace("event_name = 'push'\n", ""));
    let before = folder.read("access.txt");
    let wider = policy(&folder, &["matrix", "--snapshot", "access.txt", "--check"]);
    assert_eq!(wider.status, 1, "{wider:?}");
    assert!(wider.stdout.contains("-✗ deploy: github: octo-org/octo-repo"), "{wider:?}");
    assert!(wider.stdout.contains("+✓ deploy: github: octo-org/octo-repo"), "{wider:?}");
    assert_eq!(folder.read("access.txt"), before);
    let absent = policy(&folder, &["matrix", "--snapshot", "nowhere.txt", "--check"]);
    assert_eq!(absent.status, 2, "{absent:?}");
}

#[test]
fn a_machine_gets_every_claim_and_every_trace() {
    let folder = folder();
    let matrix = json(&policy(&folder, &["matrix", "--json"]));
    let push = row(&matrix, "push to main, protected");
    assert!(is_yes(push, "deploy"));
    assert_eq!(
        push["cells"][0]["given"][0]["what"],
        "https://api.example.com: releases:write repo:123456789, for 15m"
    );
    let pull_request = row(&matrix, "pull request of the same repository");
    assert_eq!(pull_request["cells"][0]["reason"], "no_rule_matches");
    insta::assert_snapshot!(serde_json::to_string_pretty(pull_request).unwrap());
}

#[test]
fn an_expression_is_marked_and_decided_all_the_same() {
    let folder = folder();
    let with = |attempt: &str| {
        let when = format!("event_name = 'push'\nwhen = \"claims.run_attempt == '{attempt}'\"\n");
        folder.write("policies/roles.toml", &ROLES.replacen("event_name = 'push'\n", &when, 1));
        json(&policy(&folder, &["matrix", "--json"]))
    };
    let (first, second) = (with("1"), with("2"));
    assert_eq!(first["not_fully_linted"], serde_json::json!(["deploy"]));
    let push = "push to main, protected";
    assert!(is_yes(row(&first, push), "deploy") && !is_yes(row(&second, push), "deploy"));
    let ran = policy(&folder, &["matrix"]);
    assert!(ran.stdout.contains("not fully linted: deploy"), "{ran:?}");
    policy(&folder, &["matrix", "--html", "x.html", "--snapshot", "x.txt"]);
    assert!(folder.read("x.html").contains("Not fully linted: deploy"));
    assert!(folder.read("x.txt").contains("# not fully linted: deploy"));
    assert!(policy(&folder, &["who", "deploy"]).stdout.contains("not fully linted: deploy"));
}

#[test]
fn who_may_take_a_role_is_told_in_sentences_and_agrees_with_the_matrix() {
    let folder = folder();
    let ran = policy(&folder, &["who", "deploy"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    insta::assert_snapshot!(ran.stdout);
    let told = json(&policy(&folder, &["who", "deploy", "--json"]));
    let matrix = json(&policy(&folder, &["matrix", "--json"]));
    let rows = matrix["repositories"][0]["rows"].as_array().unwrap();
    let takers: Vec<&Value> =
        rows.iter().filter(|row| is_yes(row, "deploy")).map(|row| &row["title"]).collect();
    assert_eq!(told["takers"][0]["jobs"].as_array().unwrap().iter().collect::<Vec<_>>(), takers);
    assert_eq!(told["takers"].as_array().unwrap().len(), 1);
    let slip = policy(&folder, &["who", "deplyo"]);
    assert!(slip.status == 2 && slip.stderr.contains("did you mean `deploy`?"), "{slip:?}");
}

#[test]
fn whether_a_job_may_take_a_role_has_the_status_0_or_1_and_the_nearest_miss_first() {
    let folder = folder();
    let yes = policy(&folder, &["can", "--repository", "octo-org/octo-repo", "--ref", "release/1", "deploy"]);
    assert_eq!((yes.status, yes.stderr.as_str()), (0, ""), "{yes:?}");
    insta::assert_snapshot!("can_yes", yes.stdout);
    let no = policy(&folder, &["can", "deploy", "--repository", "octo-org/octo-repo", "--ref", "fix"]);
    assert_eq!(no.status, 1, "{no:?}");
    insta::assert_snapshot!("can_no", no.stdout);
}

#[test]
fn what_a_job_may_do_agrees_with_the_matrix() {
    let folder = folder();
    let matrix = json(&policy(&folder, &["matrix", "--json"]));
    for (flags, title) in [
        (&[][..], "push to main, protected"),
        (&["--ref", "refs/heads/another-branch"], "push to another branch"),
        (&["--ref", "refs/tags/v1.0.0"], "push of a tag"),
        (&["--event", "pull_request", "--ref", "another-branch"], "pull request of the same repository"),
        (&["--event", "schedule"], "schedule"),
        (&["--environment", "production"], "environment production, push to main"),
        (
            &["--environment", "production", "--ref", "refs/tags/v1.0.0"],
            "environment production, push of a tag",
        ),
        (
            &["--environment", "production", "--ref", "another-branch"],
            "environment production, push to another branch",
        ),
    ] {
        for role in ["deploy", "subject"] {
            let all = [&["can", role, "--json"], &EXAMPLE[..], flags].concat();
            let ran = policy(&folder, &all);
            let (told, row) = (json(&ran), row(&matrix, title));
            assert_eq!(told["claims"], row["claims"], "{title}");
            assert_eq!(
                (told["allowed"] == true, ran.status == 0),
                (is_yes(row, role), is_yes(row, role)),
                "{title}"
            );
        }
    }
    let own = policy(
        &folder,
        &[&["can", "deploy", "--claim", "runner_environment=self-hosted"], &EXAMPLE[..]].concat(),
    );
    assert!(own.status == 1 && own.stdout.contains("a deny block matches"), "{own:?}");
}

#[test]
fn what_cannot_be_asked_has_the_status_2_and_says_what_to_do() {
    let folder = folder();
    for (arguments, part) in [
        (&["can", "deploy"][..], "no repository is named"),
        (&["can", "nothing", "--repository", "octo-org/octo-repo"], "there is no role `nothing`"),
        (&["can", "deploy", "--repository", "acme/shop"], "--repository-id and --repository-owner-id"),
        (&["can", "deploy", "--project-path", "octo/app"], "no issuer of `gitlab`"),
        (
            &["can", "deploy", "--repository", "octo-org/octo-repo", "--claim", "repository_id:=7"],
            "no token of `github`",
        ),
        (&["matrix", "--check"], "--snapshot"),
        (&["matrix", "--html", "no/such/folder.html"], "cannot be written"),
    ] {
        let ran = policy(&folder, arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(part), "{arguments:?}: {ran:?}");
    }
    folder.write("policies/roles.toml", &ROLES.replace("repository_owner_id = '65'\n", ""));
    let refused = policy(&folder, &["matrix"]);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""), "{refused:?}");
    assert!(refused.stderr.contains("no server takes this policy"), "{refused:?}");
}

/// Flags of the emulator, and the kind of job that they play.
const PLAYED: &[(&[&str], &str)] = &[
    (&["--ref-protected"], "push to main, protected"),
    (&["--ref", "refs/heads/another-branch"], "push to another branch"),
    (&["--ref", "refs/heads/release/x"], "push to release/x"),
    (&["--ref", "refs/tags/v1.0.0"], "push of a tag"),
    (
        &["--event", "pull_request", "--pull-request", "7", "--head-ref", "another-branch"],
        "pull request of the same repository",
    ),
    (
        &[
            "--event",
            "pull_request",
            "--pull-request",
            "7",
            "--head-ref",
            "another-branch",
            "--fork",
            "mona/octo-repo",
            "--id-tokens",
            "forks",
        ],
        "pull request from a fork",
    ),
    (
        &["--event", "pull_request_target", "--head-ref", "another-branch", "--ref-protected"],
        "pull_request_target",
    ),
    (&["--environment", "production", "--ref-protected"], "environment production, push to main"),
    (&["--environment", "production", "--ref", "refs/tags/v1.0.0"], "environment production, push of a tag"),
    (&["--event", "schedule", "--ref-protected"], "schedule"),
    (&["--event", "merge_group", "--pull-request", "7"], "merge queue"),
];

/// Claims of one run, of time and audience, and the mark of the emulator.
const OF_THE_RUN: [&str; 11] = [
    "iss",
    "aud",
    "jti",
    "iat",
    "nbf",
    "exp",
    "run_id",
    "check_run_id",
    "daypass_emulated",
    "environment_node_id",
    "issuer_scope",
];

#[test]
fn a_server_decides_about_a_token_of_each_kind_as_the_matrix_does() {
    let folder = folder();
    let emulator = folder.emulate(&["github"]);
    let settings = local_settings("github", &emulator.issuer);
    folder.write("daypass.toml", &format!("policy_dir = 'policies'\n{settings}"));
    let server = folder.serve(&[]);
    let matrix = json(&policy(&folder, &[&["matrix", "--json"], &EXAMPLE[..]].concat()));
    let mut answers = Vec::new();
    for (flags, title) in PLAYED {
        let row = row(&matrix, title);
        for role in ["deploy", "subject"] {
            let binary = env!("CARGO_BIN_EXE_daypass");
            let exchange = ["--", binary, "exchange", "--url", &server.url, "--role", role];
            let job = ["emulate", "github", "--workflow", "deploy.yml", "--join", &emulator.issuer];
            let ran = folder.run(&[&job[..], flags, &exchange].concat());
            assert!(matches!(ran.status, 0 | 3), "{title}: {ran:?}");
            assert_eq!(ran.status == 0, is_yes(row, role), "{role}, {title}: {ran:?}");
            answers.push((role, ran.status));
        }
    }
    for expected in [("deploy", 0), ("deploy", 3), ("subject", 0), ("subject", 3)] {
        assert!(answers.contains(&expected), "{expected:?} in {answers:?}");
    }
}

#[test]
fn a_job_of_the_matrix_has_the_claims_of_the_emulators_token() {
    let folder = folder();
    let matrix = json(&policy(&folder, &[&["matrix", "--json"], &EXAMPLE[..]].concat()));
    for (flags, title) in PLAYED {
        let emulator = folder.emulate(&[&["github", "--workflow", "deploy.yml"], *flags].concat());
        let url = format!("{}&audience=test", emulator.variables["ACTIONS_ID_TOKEN_REQUEST_URL"]);
        let (status, body) = get(&url, Some(&emulator.variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]));
        assert_eq!(status, 200, "{body}");
        let shown = folder.run_with_input(&["inspect", "-", "--json"], &body).stdout;
        let mut token = serde_json::from_str::<Value>(&shown).unwrap()["claims"].clone();
        let mut claims = row(&matrix, title)["claims"].clone();
        for claim in OF_THE_RUN {
            token.as_object_mut().unwrap().remove(claim);
            claims.as_object_mut().unwrap().remove(claim);
        }
        assert_eq!(claims, token, "{title}");
    }
}
