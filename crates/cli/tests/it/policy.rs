//! `daypass policy check`: what is said of policy files, in which form, and with which status.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, Ran};

const GOOD: &str = "[roles.deploy]
[[roles.deploy.trust]]
issuer              = \"github\"
repository_owner_id = \"65\"
repository_id       = \"123456789\"
ref                 = \"refs/heads/main\"

[roles.deploy.grants.api]
audience = \"https://api.example.com\"
scopes   = [\"releases:write\"]
";

/// Settings whose store and issuer are not there: whoever asked them would fail.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = \"https://pass.example.com\"\npolicy_dir = \"policies\"\n\
         [store]\nurl = \"postgres://daypass@127.0.0.1:1/daypass\"\n\
         [keys]\nencryption_key_command = [\"touch\", \"was-run\"]\n\
         [[issuers]]\nname = \"github\"\nprovider = \"github\"\n",
    );
    folder.write("policies/team/deploy.toml", GOOD);
    folder
}

fn check(folder: &Folder, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = ["policy", "check"].iter().chain(more).copied().collect();
    folder.run(&arguments)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|fault| panic!("{fault}: {ran:?}"))
}

#[test]
fn a_policy_without_faults_has_the_status_0_and_nothing_is_reached_or_made() {
    let folder = folder();
    let ran = check(&folder, &[]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "1 file, nothing to say\n", ""));
    let names: Vec<_> =
        fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn findings_have_the_status_1_and_show_their_lines_without_colours_where_nobody_looks() {
    let folder = folder();
    folder.write("policies/team/deploy.toml", &GOOD.replace("repository_owner_id", "repositry_owner_id"));
    folder.write(
        "policies/team/other.toml",
        &GOOD.replace("deploy", "other").replace("\"github\"", "\"githb\""),
    );
    let ran = check(&folder, &[]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn a_warning_has_the_status_1_with_the_job_that_it_is_about_and_0_where_it_is_allowed() {
    let folder = folder();
    let reviewed = GOOD
        .replace("ref                 = \"refs/heads/main\"", "event_name = [\"push\", \"pull_request\"]");
    folder.write("policies/team/deploy.toml", &reviewed);
    let ran = check(&folder, &["--json"]);
    assert_eq!(ran.status, 1);
    let told = json(&ran);
    let finding = &told["findings"][0];
    assert_eq!((&finding["level"], &finding["lint"]), (&"warn".into(), &"review_can_write".into()));
    assert_eq!(finding["counter_example"]["claims"]["event_name"], "pull_request");
    assert!(told["version"].is_string(), "a server would take it: {told}");
    assert_eq!(check(&folder, &["--allow", "review_can_write=reviewed by two"]).status, 0);
    assert_eq!(check(&folder, &["--allow", "review_can_write"]).status, 2);
}

#[test]
fn the_answer_for_machines_has_a_place_for_each_finding() {
    let folder = folder();
    folder.write("policies/team/deploy.toml", &GOOD.replace("\"65\"", "65"));
    let ran = check(&folder, &["--json"]);
    assert_eq!(ran.status, 1);
    let pretty = serde_json::to_string_pretty(&json(&ran)).unwrap();
    insta::assert_snapshot!(pretty);
}

#[test]
fn a_code_host_gets_the_same_as_sarif() {
    let folder = folder();
    folder.write(
        "policies/team/a b.toml",
        &GOOD.replace("repository_owner_id = \"65\"\n", "").replace("deploy", "other"),
    );
    let ran = check(&folder, &["--sarif"]);
    assert_eq!(ran.status, 1);
    let log = json(&ran);
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!((&result["ruleId"], &result["level"]), (&"no_immutable_owner".into(), &"error".into()));
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "no_immutable_owner");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "policies/team/a%20b.toml");
    assert_eq!(
        place["region"],
        serde_json::json!({ "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 22 })
    );
}

#[test]
fn a_file_is_checked_with_the_ceilings_above_it_however_it_is_named() {
    let folder = folder();
    folder.write("policies/_ceiling.toml", "scopes = [\"releases:read\"]\n");
    folder.write("policies/broken.toml", "x");
    let absolute = folder.path("policies/team/deploy.toml");
    for name in [
        "policies/team/deploy.toml",
        "./policies/team",
        "policies/../policies/team",
        absolute.to_str().unwrap(),
    ] {
        let ran = check(&folder, &[name]);
        assert_eq!(ran.status, 1, "{name}: {ran:?}");
        assert!(
            ran.stdout.contains("error[over_ceiling]") && !ran.stdout.contains("broken"),
            "{name}: {ran:?}"
        );
    }
    let mut inside = folder.command(&["policy", "check", "deploy.toml", "--config", "../../daypass.toml"]);
    let ran = crate::support::ran(inside.current_dir(folder.path("policies/team")));
    assert!(ran.stdout.contains("error[over_ceiling]"), "{ran:?}");
    folder.write("elsewhere/deploy.toml", GOOD);
    assert_eq!(check(&folder, &["elsewhere"]).status, 0);
    folder.write("elsewhere/_ceiling.toml", "scopes = []\n");
    assert_eq!(check(&folder, &["elsewhere/deploy.toml"]).status, 1);
}

#[test]
fn a_policy_that_uses_when_is_marked_as_not_fully_linted() {
    let folder = folder();
    let text = GOOD.replace("\n\n", "\nwhen = \"claims.run_attempt == '1'\"\n\n");
    folder.write("policies/team/deploy.toml", &text);
    let ran = check(&folder, &[]);
    assert_eq!(ran.status, 0);
    assert!(ran.stdout.starts_with("not fully linted: deploy"), "{ran:?}");
    assert_eq!(json(&check(&folder, &["--json"]))["not_fully_linted"], serde_json::json!(["deploy"]));
    let sarif = json(&check(&folder, &["--sarif"]));
    assert_eq!(sarif["runs"][0]["properties"]["not_fully_linted"], serde_json::json!(["deploy"]));
}

#[test]
fn a_server_names_the_roles_that_are_not_fully_linted() {
    let folder = folder();
    let settings = crate::support::local_settings("github", "http://127.0.0.1:1");
    folder.write("daypass.toml", &format!("policy_dir = \"policies\"\n{settings}"));
    let text = GOOD.replace("\n\n", "\nwhen = \"claims.run_attempt == '1'\"\n\n");
    folder.write("policies/team/deploy.toml", &text);
    let server = folder.serve(&[]);
    server.standing.stderr_line(|line| line.contains("not fully linted") && line.contains("deploy"));
}

#[test]
fn what_cannot_be_checked_has_the_status_2() {
    let folder = folder();
    for (more, part) in [
        (&["nowhere"][..], "`nowhere` cannot be read"),
        (&["--explain", "star_in_txt"], "did you mean `star_in_text`?"),
        (&["--config", "nowhere.toml"], "nowhere.toml"),
        (&["--json", "--sarif"], "cannot be used with"),
    ] {
        let ran = check(&folder, more);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{more:?}");
        assert!(ran.stderr.contains(part), "{more:?}: {ran:?}");
    }
}

#[test]
fn a_lint_is_explained_without_settings() {
    let told = Folder::new().ok(&["policy", "check", "--explain", "star_in_text"]);
    assert!(
        told.starts_with("star_in_text: a text with a `*`, which in a text is a letter\ndeny: "),
        "{told}"
    );
}

#[test]
fn a_start_shows_the_same_lines() {
    let folder = folder();
    folder.write(
        "daypass.toml",
        "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\npolicy_dir = \"policies\"\n\
         [store]\nurl = \"sqlite://x.db\"\n[[issuers]]\nname = \"github\"\nprovider = \"github\"\n",
    );
    folder.write("policies/team/deploy.toml", &GOOD.replace("\"github\"", "\"githb\""));
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2);
    let shown = "error: no issuer is named `githb`\n --> team/deploy.toml:3:23\n  |\n3 | issuer              = \"githb\"\n";
    assert!(ran.stderr.contains(shown), "{}", ran.stderr);
}
