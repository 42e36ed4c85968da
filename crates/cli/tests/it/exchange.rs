//! From end to end: an emulated job, a real server, a pass; and refusals, with what the operator sees of them.

use std::collections::BTreeMap;

use crate::support::{Emulator, Folder, Ran, Server, get, local_settings, ran};

const ROLE: &str = "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = 'github'\nrepository_owner_id = '65'\n\
                    repository_id = '123456789'\nref = 'refs/heads/main'\n[roles.deploy.grants.api]\n\
                    audience = 'https://api.example.com'\nscopes = ['releases:write']\n";

struct Stage {
    folder: Folder,
    emulator: Emulator,
    server: Server,
}

impl Stage {
    fn set(provider: &str, flags: &[&str]) -> Self {
        let folder = Folder::new();
        let mut all = vec![provider];
        all.extend_from_slice(flags);
        let emulator = folder.emulate(&all);
        let settings = local_settings(provider, &emulator.issuer);
        folder.write("daypass.toml", &format!("policy_dir = 'policies'\n{settings}"));
        folder.write("policies/deploy.toml", if provider == "github" { ROLE } else { "" });
        let server = folder.serve(&[]);
        Self { folder, emulator, server }
    }

    fn onboard(&self) {
        let numbers = match self.emulator.variables.get("GITHUB_REPOSITORY") {
            Some(_) => ["octo-org/octo-repo", "--issuer", "github", "--id", "123456789", "--owner-id", "65"],
            None => ["octo/app", "--issuer", "gitlab", "--id", "42", "--owner-id", "7"],
        };
        let mut arguments = vec!["project", "add"];
        arguments.extend_from_slice(&numbers);
        self.folder.ok(&arguments);
    }

    fn exchange(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ran {
        let mut all = vec!["exchange", "--url", &self.server.url];
        all.extend_from_slice(arguments);
        let more: BTreeMap<&str, &str> = more.iter().copied().collect();
        ran(self.folder.command(&all).envs(&self.emulator.variables).envs(more))
    }

    /// The newest exchange that fits. A refusal is written behind the answer, so it may take a moment to be there.
    fn audit(&self, arguments: &[&str]) -> serde_json::Value {
        let mut all = vec!["audit", "list", "--json"];
        all.extend_from_slice(arguments);
        let newest = (0..200).find_map(|_| self.folder.ok(&all).lines().next().map(ToOwned::to_owned));
        serde_json::from_str(&newest.expect("it is recorded")).unwrap()
    }
}

#[test]
fn an_onboarded_job_gets_a_pass_that_the_server_takes() {
    for (provider, flags) in [("github", &[][..]), ("gitlab", &["--id-token", "DAYPASS_ID_TOKEN=127.0.0.1"])]
    {
        let stage = Stage::set(provider, flags);
        stage.onboard();
        let ran = stage.exchange(&[], &[]);
        assert_eq!(ran.status, 0, "{provider}: {}", ran.stderr);
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
        assert!(
            ran.stderr.contains("a pass for http://127.0.0.1:8080 with config:read, valid for 15 minutes"),
            "{}",
            ran.stderr
        );
        let (status, body) = get(&format!("{}/v1.0/config", stage.server.url), Some(ran.stdout.trim()));
        assert_eq!(status, 200, "{body}");
        let recorded = stage.audit(&["--outcome", "success"]);
        assert_eq!(
            (recorded["issuer"].as_str(), recorded["role"].as_str()),
            (Some(provider), Some("project"))
        );
        let shown = stage.folder.ok(&["audit", "show", recorded["id"].as_str().unwrap()]);
        assert!(shown.contains("took the role `project`") && shown.contains("lets it in"), "{shown}");
    }
}

#[test]
fn a_role_is_taken_asked_about_and_printed_as_json() {
    let stage = Stage::set("github", &[]);
    let dry = stage.exchange(&["--role", "deploy", "--dry-run"], &[]);
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    let recorded = stage.audit(&["--outcome", "dry_run"]);
    let id = recorded["id"].as_str().unwrap();
    assert!(dry.stdout.contains(&format!("(exchange {id}, recorded as a dry run)")), "{}", dry.stdout);
    assert_eq!(
        (&recorded["code"], &recorded["credentials"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    let shown = stage.folder.ok(&["audit", "show", id]);
    assert!(
        shown.contains("✓ octo-org/octo-repo asked what the role `deploy` comes to (a dry run)"),
        "{shown}"
    );
    let dry = stage.exchange(&["--role", "deploy", "--dry-run", "--json"], &[]);
    let terms: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    assert_eq!((&terms["allowed"], &terms["dry_run"]), (&true.into(), &true.into()));
    assert!(terms["exchange_id"].is_string() && terms["credentials"]["api"].get("access_token").is_none());
    assert_eq!(stage.folder.ok(&["audit", "list", "--outcome", "success"]), "");
    let dry = stage.exchange(&["--role", "deploy", "--dry-run"], &[]);
    assert!(dry.stdout.contains("role deploy would give a pass"), "{}", dry.stdout);
    let ran = stage.exchange(&["--role", "deploy", "--ttl", "5m", "--credentials", "api", "--json"], &[]);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(answer["role"], "deploy");
    assert_eq!(answer["credentials"]["api"]["expires_in"], 300);
    assert_eq!(answer["credentials"]["api"]["scope"], "releases:write");
}

#[test]
fn a_dry_run_that_is_refused_says_so_loudly_is_recorded_as_one_and_ends_with_0() {
    let stage = Stage::set("github", &["--ref", "refs/heads/fix"]);
    let real = stage.exchange(&["--role", "deploy"], &[]);
    assert_eq!(real.status, 3, "{real:?}");
    let dry = stage.exchange(&["--role", "deploy", "--dry-run"], &[("RUNNER_NAME", "GitHub Actions 1")]);
    assert_eq!(dry.status, 0, "{dry:?}");
    let recorded = stage.audit(&["--outcome", "dry_run", "--code", "not_allowed"]);
    let id = recorded["id"].as_str().unwrap();
    let short = format!(
        "no rule allows this (not_allowed); what would help: run it on the branch `main`; exchange {id}\n"
    );
    assert_eq!(dry.stdout, format!("not allowed: {short}"));
    assert!(
        dry.stderr.starts_with(&format!("::warning title=daypass%3A a dry run::{short}")),
        "{}",
        dry.stderr
    );
    assert!(
        dry.stderr
            .contains("without --dry-run this would be REFUSED, and end with the status 3; this ends with 0"),
        "{}",
        dry.stderr
    );
    let without_ids = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("  ") && !line.contains("exchange: "));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_ids(&dry.stderr), without_ids(&real.stderr), "it tells no more than a real one");
    let shown = stage.folder.ok(&["audit", "show", id]);
    for part in [
        "(a dry run), and would be refused: no rule allows this (not_allowed)",
        "deploy.toml:2: 1 of 3",
        "verified by",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let dry = stage.exchange(&["--role", "deploy", "--dry-run", "--json"], &[]);
    let told: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap_or_else(|_| panic!("{dry:?}"));
    assert_eq!((&told["allowed"], &told["status"], dry.status), (&false.into(), &3.into(), 0));
    assert_eq!(told["refusal"]["code"], "not_allowed");
}

#[test]
fn a_dry_run_ends_with_0_without_a_server_a_token_or_a_url() {
    let stage = Stage::set("github", &[]);
    let away = ["exchange", "--dry-run", "--url", "http://127.0.0.1:9", "--token-variable", "TOKEN"];
    for (arguments, token, status) in [
        (&away[..], "a.b.c", 4),
        (&away[..], "", 2),
        (&["exchange", "--dry-run"], "a.b.c", 2),
        (&["exchange", "--dry-run", "--url", "https://pass.example.com", "--ttl", "x"], "a.b.c", 2),
    ] {
        let dry = ran(stage.folder.command(arguments).env("TOKEN", token));
        assert_eq!(dry.status, 0, "{dry:?}");
        let told =
            format!("without --dry-run this would FAIL, and end with the status {status}; this ends with 0");
        assert!(dry.stderr.contains(&told) && dry.stdout.starts_with("not known: "), "{dry:?}");
        let real: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--dry-run").collect();
        assert_eq!(ran(stage.folder.command(&real).env("TOKEN", token)).status, status, "{real:?}");
    }
}

#[test]
fn a_refusal_is_shown_on_the_page_of_the_run_by_githubs_runner_alone() {
    let stage = Stage::set("github", &["--ref", "refs/heads/fix"]);
    let ran = stage.exchange(&["--role", "deploy"], &[("RUNNER_NAME", "GitHub Actions 1")]);
    let first = ran.stderr.lines().next().unwrap();
    assert!(
        first.starts_with("::error title=daypass%3A no credential::no rule allows this (not_allowed); what"),
        "{first}"
    );
    assert!(ran.stderr.contains("\n  what would help: run it on the branch `main`\n"), "{}", ran.stderr);
    let emulated = stage.exchange(&["--role", "deploy"], &[]);
    assert!(!emulated.stderr.contains("::"), "{}", emulated.stderr);
}

#[test]
fn a_runner_of_github_is_told_to_hide_the_pass_and_stdout_stays_clean() {
    let stage = Stage::set("github", &[]);
    let ran = stage.exchange(&["--role", "deploy"], &[("RUNNER_NAME", "GitHub Actions 1")]);
    assert_eq!(ran.stderr.lines().next(), Some(format!("::add-mask::{}", ran.stdout.trim()).as_str()));
    let emulated = stage.exchange(&["--role", "deploy"], &[]);
    assert!(!emulated.stderr.contains(emulated.stdout.trim()), "{}", emulated.stderr);
}

#[test]
fn a_refusal_shows_what_differs_and_the_operator_sees_the_whole_of_it() {
    let stage = Stage::set("github", &["--ref", "refs/heads/fix"]);
    let ran = stage.exchange(&["--role", "deploy"], &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    assert!(
        ran.stderr.contains("claim `ref`: wanted `refs/heads/main`, got `refs/heads/fix`"),
        "{}",
        ran.stderr
    );
    let recorded = stage.audit(&["--outcome", "refused", "--code", "not_allowed", "--since", "1h"]);
    let id = recorded["id"].as_str().unwrap();
    assert!(ran.stderr.contains(id), "{}", ran.stderr);
    let shown = stage.folder.ok(&["audit", "show", id]);
    for part in [
        "✗ octo-org/octo-repo was refused the role `deploy`: no rule allows this (not_allowed)",
        "no trust block matches",
        "deploy.toml:2",
        "what to do: run the job where the claims fit",
        "deploy.toml:2: 1 of 3 claims differs\n      ref  - wanted refs/heads/main\n           + got    refs/heads/fix\n",
        "held repository_owner_id=65 repository_id=123456789",
        "Claims of the token, verified",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let table = stage.folder.ok(&["audit", "list"]);
    assert!(table.starts_with("TIME") && table.contains(id), "{table}");
}

#[test]
fn who_is_not_onboarded_and_who_is_suspended_get_nothing() {
    let stage = Stage::set("github", &[]);
    let ran = stage.exchange(&[], &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    stage.onboard();
    assert_eq!(stage.exchange(&[], &[]).status, 0);
    stage.folder.ok(&["project", "suspend", "octo-org/octo-repo"]);
    for arguments in [&[][..], &["--role", "deploy"]] {
        let ran = stage.exchange(arguments, &[]);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains("project_unavailable"), "{}", ran.stderr);
    }
    stage.folder.ok(&["project", "resume", "octo-org/octo-repo"]);
    assert_eq!(stage.exchange(&[], &[]).status, 0);
}

#[test]
fn a_suspension_revokes_the_passes_that_the_jobs_have_unless_they_are_to_be_kept() {
    for (keep, status) in [(&[][..], 401), (&["--keep-passes"], 200)] {
        let stage = Stage::set("github", &[]);
        stage.onboard();
        let pass = stage.exchange(&[], &[]).stdout.trim().to_owned();
        let whoami = || get(&format!("{}/v1.0/whoami", stage.server.url), Some(&pass));
        assert_eq!(whoami().0, 200);
        let told = stage.folder.ok(&[&["project", "suspend", "octo-org/octo-repo"], keep].concat());
        assert_eq!(told.contains("are revoked"), keep.is_empty(), "{told}");
        let resumed = stage.folder.run(&["project", "resume", "octo-org/octo-repo"]);
        assert_eq!(
            resumed.stderr.contains("are refused, by the suspension"),
            keep.is_empty(),
            "{}",
            resumed.stderr
        );
        let (answered, body) = whoami();
        assert_eq!(answered, status, "{body}");
        assert_eq!(body.contains("pass_revoked"), keep.is_empty(), "{body}");
    }
}

#[test]
fn a_server_that_others_reach_takes_no_token_of_the_emulator() {
    let mut folder = Folder::new();
    let emulator = folder.emulate(&["github"]);
    let (status, keys) = get(&format!("{}/.well-known/jwks", emulator.issuer), None);
    assert_eq!(status, 200, "{keys}");
    folder.write("keys.json", &keys);
    folder.set("DAYPASS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    let issuer = format!(
        "[[issuers]]\nname = 'github'\nprovider = 'github'\nurl = '{}'\njwks_file = 'keys.json'\n",
        emulator.issuer
    );
    // Even whoever registers the emulator's keys for a public server lets nobody in with them.
    folder.write(
        "daypass.toml",
        &format!("public_url = 'https://pass.example.com'\nlisten = '127.0.0.1:0'\n{issuer}"),
    );
    let server = folder.serve(&[]);
    let stage = Stage { folder, emulator, server };
    let ran = stage.exchange(&["--audience", "pass.example.com"], &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("token_emulated"), "{}", ran.stderr);
}

#[test]
fn a_wrong_audience_is_explained() {
    let stage = Stage::set("github", &[]);
    let ran = stage.exchange(&["--audience", "other.example.com"], &[]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stderr.contains("was made for the audience `other.example.com` (--audience"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_wrong_audience_of_a_variable_is_explained_by_the_variable() {
    let stage =
        Stage::set("gitlab", &["--id-token", "DAYPASS_ID_TOKEN=other", "--id-token", "A_TOKEN=other"]);
    let ran = stage.exchange(&["--audience", "other"], &[]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stderr.contains("set `aud:` of `DAYPASS_ID_TOKEN` in .gitlab-ci.yml, most often to the host of the server's URL: `127.0.0.1`"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("--audience"), "{}", ran.stderr);
    let ran = stage.exchange(&["--token-variable", "A_TOKEN"], &[]);
    assert!(ran.stderr.contains("set `aud:` of `A_TOKEN`"), "{}", ran.stderr);
    let ran = stage.exchange(&["--token-variable", "A_TOKEN"], &[("GITLAB_CI", "")]);
    assert!(
        ran.stderr.contains("is that of `A_TOKEN`") && !ran.stderr.contains("gitlab-ci"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_repository_that_is_onboarded_for_another_issuer_is_told() {
    let stage = Stage::set("github", &[]);
    let settings = stage.folder.read("daypass.toml");
    stage
        .folder
        .write("daypass.toml", &format!("{settings}[[issuers]]\nname = 'other'\nprovider = 'gitlab'\n"));
    stage.folder.ok(&[
        "project",
        "add",
        "octo-org/octo-repo",
        "--issuer",
        "other",
        "--id",
        "1",
        "--owner-id",
        "2",
    ]);
    assert_eq!(stage.exchange(&[], &[]).status, 3);
    let recorded = stage.audit(&["--outcome", "refused"]);
    assert_eq!(recorded["face"], "native");
    let shown = stage.folder.ok(&["audit", "show", recorded["id"].as_str().unwrap()]);
    for part in [
        "✗ octo-org/octo-repo was refused the role `project`, the one of jobs that name none: no rule allows this",
        "how the repository stands decided this: not onboarded",
        "onboarded for issuer `other`; this token is of `github`",
        ", at /v1.0/exchange\n",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains('✓') && !shown.contains("block for"), "{shown}");
    assert!(!shown.lines().any(|line| line.trim_start().starts_with("face")), "{shown}");
}

#[test]
fn a_list_of_exchanges_fits_a_hundred_columns() {
    let stage = Stage::set("github", &[]);
    stage.exchange(&[], &[]);
    stage.exchange(&["--role", "deploy"], &[]);
    let tables = (0..200).map(|_| stage.folder.ok(&["audit", "list"]));
    let table = tables.into_iter().find(|table| table.lines().count() == 3).expect("both are recorded");
    for line in table.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let last = table.lines().last().and_then(|line| line.split(' ').next_back()).unwrap();
    stage.folder.ok(&["audit", "show", last]);
}

#[test]
fn a_server_that_is_not_there_ends_with_4() {
    let stage = Stage::set("github", &[]);
    let mut arguments = vec!["exchange", "--url", "http://127.0.0.1:9"];
    arguments.extend_from_slice(&["--token-variable", "TOKEN"]);
    let mut command = stage.folder.command(&arguments);
    let ran = ran(command.env("TOKEN", "a.b.c"));
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert_eq!(ran.stderr, "error: no connection to `127.0.0.1:9`: connection refused\n");
}

#[test]
fn https_to_a_server_without_it_says_so() {
    let stage = Stage::set("github", &[]);
    let url = stage.server.url.replace("http://", "https://");
    let mut command = stage.folder.command(&["exchange", "--url", &url, "--token-variable", "TOKEN"]);
    let ran = ran(command.env("TOKEN", "a.b.c"));
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("it speaks plain HTTP"), "{}", ran.stderr);
}

#[test]
fn an_exchange_that_is_not_in_the_ledger_is_told() {
    let stage = Stage::set("github", &[]);
    for id in ["x", "01930000-0000-7000-8000-000000000000"] {
        assert_eq!(stage.folder.run(&["audit", "show", id]).status, 2, "{id}");
    }
    let ran = stage.folder.run(&["audit", "list", "--code", "not_alowed"]);
    assert!(ran.status == 2 && ran.stderr.contains("did you mean `not_allowed`?"), "{}", ran.stderr);
    let ran = Folder::new().run(&["audit", "list", "--code", "foo"]);
    assert!(ran.status == 2 && ran.stderr.contains("those that there are: "), "{}", ran.stderr);
    let ran = stage.folder.run(&["audit", "list"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
}
