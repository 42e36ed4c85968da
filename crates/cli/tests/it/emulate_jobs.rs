//! Jobs that `daypass emulate` can play: several at once, forks, every flag; and what it says of those that are odd.

use serde_json::Value;

use crate::support::{Emulator, Folder, Ran, Standing, get, local_settings};

const ROLE: &str = "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = 'github'\nrepository_owner_id = '65'\n\
                    repository_id = '123456789'\nref = 'refs/heads/main'\n[roles.deploy.grants.api]\n\
                    audience = 'https://api.example.com'\nscopes = ['releases:write']\n";

/// A command as the one job of an emulator with these flags.
fn play(folder: &Folder, flags: &[&str], command: &[&str]) -> Ran {
    let mut all = vec!["emulate"];
    all.extend_from_slice(flags);
    all.push("--");
    all.extend_from_slice(command);
    folder.run(&all)
}

fn ask(url_of: &Emulator, token_of: &Emulator) -> (u16, String) {
    let url = format!("{}&audience=test", url_of.variables["ACTIONS_ID_TOKEN_REQUEST_URL"]);
    get(&url, Some(&token_of.variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]))
}

fn claims(folder: &Folder, token: &str) -> Value {
    let shown = folder.run_with_input(&["inspect", "-", "--json"], token).stdout;
    serde_json::from_str::<Value>(&shown).unwrap()["claims"].clone()
}

fn asked_claims(folder: &Folder, flags: &[&str]) -> Value {
    let emulator = folder.emulate(flags);
    let (status, body) = ask(&emulator, &emulator);
    assert_eq!(status, 200, "{body}");
    claims(folder, &body)
}

/// What the claims are expected to say, name by name.
fn assert_claims(claims: &Value, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(claims[*name].as_str(), Some(*value), "{name} of {claims:#}");
    }
}

#[test]
fn jobs_in_several_terminals_run_at_one_issuer_and_each_gets_what_it_may() {
    let folder = Folder::new();
    let first = folder.emulate(&["github"]);
    let settings = local_settings("github", &first.issuer);
    folder.write("daypass.toml", &format!("policy_dir = 'policies'\n{settings}"));
    folder.write("policies/deploy.toml", ROLE);
    let server = folder.serve(&[]);
    let exchange = [env!("CARGO_BIN_EXE_daypass"), "exchange", "--url", &server.url, "--role", "deploy"];
    let joined =
        |flags: [&str; 2]| play(&folder, &["github", "--join", &first.issuer, flags[0], flags[1]], &exchange);
    let schedule = joined(["--event", "schedule"]);
    assert_eq!((schedule.status, schedule.stdout.lines().count()), (0, 1), "{schedule:?}");
    let pull_request = joined(["--event", "pull_request"]);
    assert_eq!((pull_request.status, pull_request.stdout.as_str()), (3, ""), "{pull_request:?}");
    let stranger = joined(["--repository", "mona/octo-repo"]);
    assert_eq!((stranger.status, stranger.stdout.as_str()), (3, ""), "{stranger:?}");
}

#[test]
fn a_request_token_is_good_for_its_own_job_alone() {
    let folder = Folder::new();
    let first = folder.emulate(&["github"]);
    let second = folder.emulate(&["github", "--join", &first.issuer, "--repository", "acme/shop"]);
    assert_eq!(first.issuer, second.issuer);
    for (emulator, repository) in [(&first, "octo-org/octo-repo"), (&second, "acme/shop")] {
        let (status, body) = ask(emulator, emulator);
        assert_eq!(status, 200, "{body}");
        assert_claims(&claims(&folder, &body), &[("iss", &first.issuer), ("repository", repository)]);
    }
    assert_eq!(ask(&first, &second).0, 401);
    assert_eq!(ask(&second, &first).0, 401);
}

#[test]
fn an_emulator_that_is_not_there_or_has_another_key_is_not_joined() {
    let (folder, other) = (Folder::new(), Folder::new());
    let first = folder.emulate(&["github"]);
    let strange = play(&other, &["github", "--join", &first.issuer], &["true"]);
    assert_eq!(strange.status, 4);
    assert!(strange.stderr.contains("signs with another key"), "{}", strange.stderr);
    let gitlab = play(&folder, &["gitlab", "--join", &first.issuer], &["true"]);
    assert_eq!(gitlab.status, 4);
    assert!(gitlab.stderr.contains("no emulator of this CI system answers"), "{}", gitlab.stderr);
    let issuer = first.issuer.clone();
    drop(first);
    let gone = play(&folder, &["github", "--join", &issuer], &["true"]);
    assert_eq!(gone.status, 4);
    assert!(gone.stderr.contains("daypass emulate … --serve"), "{}", gone.stderr);
    assert_eq!(play(&folder, &["github", "--join", "http://192.0.2.1:80"], &["true"]).status, 2);
}

#[test]
fn a_standing_emulator_says_how_it_is_joined() {
    let folder = Folder::new();
    let standing = Standing::start(&mut folder.command(&["emulate", "gitlab", "--serve"]));
    let line = standing.stderr_line(|line| line.contains("--join"));
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let joined = play(&folder, &["gitlab", "--join", url, "--id-token", "T=x"], &["sh", "-c", "echo $T"]);
    assert_eq!(claims(&folder, joined.stdout.trim())["iss"], url);
}

#[test]
fn a_pull_request_from_a_fork_has_no_token_unless_the_repository_lets_it() {
    let folder = Folder::new();
    let fork = ["github", "--event", "pull_request", "--fork", "mona/octo-repo"];
    let ran = play(&folder, &fork, &["sh", "-c", "echo [$ACTIONS_ID_TOKEN_REQUEST_URL]"]);
    assert_eq!(ran.stdout, "[]\n");
    assert!(ran.stderr.contains("a pull request from a fork may not"), "{}", ran.stderr);
    let exchange = [env!("CARGO_BIN_EXE_daypass"), "exchange", "--url", "http://127.0.0.1:1"];
    let refused = play(&folder, &fork, &exchange);
    assert!(refused.status != 0 && refused.stderr.contains("`ACTIONS_ID_TOKEN_REQUEST_URL` is not set"));
    let let_in = asked_claims(&folder, &[&fork[..], &["--id-tokens", "forks"]].concat());
    assert_claims(&let_in, &[("repository", "octo-org/octo-repo"), ("ref", "refs/pull/1/merge")]);
    let without = play(&folder, &["github", "--id-tokens", "none"], &["true"]);
    assert!(without.stderr.contains("its workflow has no `id-token: write`"), "{}", without.stderr);
}

#[test]
fn every_flag_of_github_is_in_the_token() {
    let flags = [
        "--event=schedule",
        "--default-branch=trunk",
        "--workflow=nightly.yml",
        "--workflow-name=Nightly",
        "--reusable-workflow=octo-org/octo-automation/.github/workflows/oidc.yml@v2",
        "--actor=mona",
        "--actor-id=7",
        "--run-id=100",
        "--run-number=11",
        "--run-attempt=2",
        "--check-run-id=12",
        "--enterprise=avocado-corp",
        "--enterprise-id=2",
        "--property=team=platform-eng",
        "--environment=prod:eu",
        "--visibility=public",
        "--runner-environment=self-hosted",
        "--ref-protected",
        "--subject=repo,context,run_id",
        "--unescaped-subject",
    ];
    let claims = asked_claims(&Folder::new(), &[&["github"], &flags[..]].concat());
    assert_claims(
        &claims,
        &[
            ("event_name", "schedule"),
            ("ref", "refs/heads/trunk"),
            ("workflow", "Nightly"),
            ("workflow_ref", "octo-org/octo-repo/.github/workflows/nightly.yml@refs/heads/trunk"),
            ("job_workflow_ref", "octo-org/octo-automation/.github/workflows/oidc.yml@v2"),
            ("actor", "mona"),
            ("actor_id", "7"),
            ("run_id", "100"),
            ("run_number", "11"),
            ("run_attempt", "2"),
            ("check_run_id", "12"),
            ("enterprise", "avocado-corp"),
            ("enterprise_id", "2"),
            ("repo_property_team", "platform-eng"),
            ("environment", "prod:eu"),
            ("repository_visibility", "public"),
            ("runner_environment", "self-hosted"),
            ("ref_protected", "true"),
            ("sub", "repo:octo-org@65/octo-repo@123456789:environment:prod:eu:run_id:100"),
        ],
    );
}

#[test]
fn every_flag_of_gitlab_is_in_the_token() {
    let folder = Folder::new();
    let flags = [
        "--pipeline-source=merge_request_event",
        "--fork=mona/app",
        "--merge-request=3",
        "--environment=review/x",
        "--environment-tier=staging",
        "--environment-protected",
        "--environment-action=stop",
        "--user=mona",
        "--user-id=9",
        "--user-email=mona@example.org",
        "--user-access-level=owner",
        "--group=octo/sub",
        "--pipeline-id=100",
        "--job-id=101",
        "--runner-id=12",
        "--runner-environment=self-hosted",
        "--config-elsewhere",
        "--claim-set=with-source",
        "--subject=source_project_id,ref,deployment_tier",
        "--id-token=A_ONE=a",
        "--id-token=A_TWO=b",
        "--id-token=A_TWO=c",
    ];
    let emulator = folder.emulate(&[&["gitlab"], &flags[..]].concat());
    let one = claims(&folder, &emulator.variables["A_ONE"]);
    let source_id = one["project_id"].as_str().unwrap().to_owned();
    assert_claims(
        &one,
        &[
            ("aud", "a"),
            ("pipeline_source", "merge_request_event"),
            ("project_path", "mona/app"),
            ("job_project_path", "octo/app"),
            ("source_project_path", "mona/app"),
            ("ref_protected", "false"),
            ("environment", "review/x"),
            ("environment_protected", "true"),
            ("environment_action", "stop"),
            ("deployment_tier", "staging"),
            ("user_login", "mona"),
            ("user_id", "9"),
            ("user_email", "mona@example.org"),
            ("user_access_level", "owner"),
            ("pipeline_id", "100"),
            ("job_id", "101"),
            ("runner_environment", "self-hosted"),
            ("sub", &format!("source_project_id:{source_id}:ref:main:deployment_tier:staging")),
        ],
    );
    assert_eq!((&one["runner_id"], &one["ci_config_ref_uri"]), (&12.into(), &Value::Null));
    assert_eq!(one["groups_direct"], serde_json::json!(["octo/sub"]));
    let two = claims(&folder, &emulator.variables["A_TWO"]);
    assert_eq!(two["aud"], serde_json::json!(["b", "c"]));
    assert_ne!(one["jti"], two["jti"]);
}

#[test]
fn what_the_real_system_would_not_do_is_told() {
    let folder = Folder::new();
    for (flags, told) in [
        (&["github", "--claim", "repositry=x"][..], "no token of GitHub Actions has a claim `repositry`"),
        (&["gitlab", "--claim", "run_id=x"], "no token of GitLab CI/CD has a claim `run_id`"),
        (&["github", "--event", "schedule", "--ref", "fix"], "`schedule` runs on refs/heads/main"),
        (&["github", "--fork", "mona/octo-repo"], "--fork is of pull requests alone"),
        (&["gitlab", "--fork", "mona/app"], "--fork is of merge requests alone"),
    ] {
        let ran = play(&folder, flags, &["true"]);
        assert_eq!(ran.status, 0, "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{flags:?}: {}", ran.stderr);
    }
    for flags in [
        &["github", "--claim", "actor=x", "--claim", "sub=x", "--claim", "repo_property_x=y", "--ref", "fix"]
            [..],
        &["github", "--event", "pull_request", "--ref", "fix"],
        &["gitlab", "--claim", "runner_id:=3", "--claim", "job_config:={}", "--id-token", "T=x"],
    ] {
        let ran = play(&folder, flags, &["true"]);
        assert_eq!(ran.stderr.lines().count(), 1, "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn what_the_real_system_fails_does_not_run() {
    let folder = Folder::new();
    for (flags, told) in [
        (&["github", "--subject", "environment"][..], "`sub` is to name `environment`"),
        (&["gitlab", "--path-reclaimed", "--id-token", "T=x"], "ID token issuance is disabled"),
        (&["github", "--claim", "daypass_emulated=false"], "`daypass_emulated` cannot be changed"),
        (&["gitlab", "--claim", "daypass_emulated:=false"], "`daypass_emulated` cannot be changed"),
        (&["github", "--subject", "repo,repo"], "`repo,repo` is no form of `sub`"),
        (&["github", "--reusable-workflow", "oidc.yml"], "`oidc.yml` is not a workflow"),
        (&["github", "--property", "team"], "write `NAME=VALUE`"),
    ] {
        let ran = play(&folder, flags, &["echo", "it runs"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn variables_are_printed_as_json_too() {
    let folder = Folder::new();
    let mut command =
        folder.command(&["emulate", "github", "--actor", "it's \"$HOME\"", "--print-env", "--json"]);
    let mut standing = Standing::start(command.stdin(std::process::Stdio::piped()));
    let variables: Value = serde_json::from_str(&standing.stdout_until("\n")).unwrap();
    assert_eq!(variables["GITHUB_ACTOR"], "it's \"$HOME\"");
    assert!(variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"].is_string());
    assert_eq!(play(&folder, &["github", "--json"], &["true"]).status, 2);
}
