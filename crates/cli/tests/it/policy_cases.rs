//! `daypass policy test`: what cases come to, in which form, and with which status.

use serde_json::Value;

use crate::support::{Folder, Ran};

const ROLE: &str = "[roles.deploy]
[[roles.deploy.trust]]
issuer              = \"github\"
repository_owner_id = \"65\"
ref                 = \"refs/heads/main\"

[[roles.deploy.trust]]
issuer              = \"github\"
repository_owner_id = \"65\"
ref                 = { glob = \"refs/tags/v*\" }

[[roles.deploy.deny]]
issuer             = \"github\"
runner_environment = \"self-hosted\"
absent             = \"allow\"

[roles.deploy.grants.api]
audience = \"https://api.example.com\"
scopes   = [\"releases:write\"]
";

const CASES: &str = "[[case]]
name   = \"main deploys\"
github = { ref = \"refs/heads/main\" }
role   = \"deploy\"
expect = \"allow\"

[[case]]
name    = \"a branch does not\"
twin    = \"main deploys\"
github  = { ref = \"refs/heads/wip\" }
role    = \"deploy\"
expect  = \"deny\"
reason  = \"no_rule_matches\"
differs = \"ref\"
";

/// Settings whose store and issuer are not there: whoever asked them would fail.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = \"https://pass.example.com\"\npolicy_dir = \"policies\"\n\
         [store]\nurl = \"postgres://daypass@127.0.0.1:1/daypass\"\n\
         [[issuers]]\nname = \"github\"\nprovider = \"github\"\n",
    );
    folder.write("policies/team/deploy.toml", ROLE);
    folder.write("policies/team/deploy.test.toml", CASES);
    folder
}

fn test(folder: &Folder, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = ["policy", "test"].iter().chain(more).copied().collect();
    folder.run(&arguments)
}

#[test]
fn cases_that_are_as_expected_have_the_status_0_and_blocks_that_none_reaches_are_named() {
    let folder = folder();
    let ran = test(&folder, &[]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(test(&folder, &["--require-coverage"]).status, 1);
}

#[test]
fn every_block_can_be_reached() {
    let folder = folder();
    let more = "[[case]]\nname = \"a version deploys\"\ngithub = { ref = \"refs/tags/v1\" }\nrole = \"deploy\"\nexpect = \"allow\"\n\
                [[case]]\nname = \"a runner of one's own\"\ngithub = { runner_environment = \"self-hosted\" }\nrole = \"deploy\"\n\
                expect = \"deny\"\nreason = \"denied_by_rule\"\n";
    folder.write("policies/more.test.toml", more);
    let ran = test(&folder, &["--require-coverage"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stdout.ends_with("4 cases, 0 failed; 3 of 3 blocks reached\n"), "{ran:?}");
}

#[test]
fn a_case_that_comes_to_something_else_has_the_status_1_and_shows_why() {
    let folder = folder();
    folder.write("policies/team/deploy.toml", &ROLE.replace("refs/heads/main", "refs/heads/trunk"));
    let ran = test(&folder, &["policies/team/deploy.test.toml"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_answer_for_machines_tells_each_case() {
    let folder = folder();
    folder.write("policies/team/deploy.toml", &ROLE.replace("refs/heads/main", "refs/heads/trunk"));
    let ran = test(&folder, &["--json"]);
    assert_eq!(ran.status, 1);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn nothing_is_tested_where_the_policy_or_a_case_cannot_be_understood() {
    let folder = folder();
    folder.write("policies/team/deploy.test.toml", &CASES.replace("ref =", "reff ="));
    let ran = test(&folder, &[]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("have no claim `reff`") && ran.stdout.ends_with("nothing was tested\n"),
        "{ran:?}"
    );
    folder.write("policies/team/deploy.test.toml", CASES);
    folder.write("policies/team/deploy.toml", &ROLE.replace("\"65\"", "65"));
    let ran = test(&folder, &["--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.status, &told["cases"]), (1, &Value::Null));
}

#[test]
fn what_cannot_be_tested_has_the_status_2() {
    let folder = folder();
    for (more, part) in [
        (&["nowhere"][..], "`nowhere` cannot be read"),
        (&["--config", "nowhere.toml"], "nowhere.toml"),
        (&["--policy-dir", "nowhere"], "nowhere"),
    ] {
        let ran = test(&folder, more);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{more:?}");
        assert!(ran.stderr.contains(part), "{more:?}: {ran:?}");
    }
    std::fs::remove_file(folder.path("policies/team/deploy.test.toml")).unwrap();
    let ran = test(&folder, &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("no file of cases") && ran.stderr.contains("NAME.test.toml"), "{ran:?}");
}

#[test]
fn cases_may_stand_elsewhere_and_are_called_as_they_like() {
    let folder = folder();
    folder.write("elsewhere/my-cases.toml", CASES);
    folder.write("elsewhere/x.test.toml", CASES);
    for (name, cases) in
        [("elsewhere/my-cases.toml", "2 cases"), ("elsewhere", "2 cases"), ("policies", "2 cases")]
    {
        let ran = test(&folder, &[name]);
        assert!(ran.status == 0 && ran.stdout.contains(&format!("\n{cases}, 0 failed")), "{name}: {ran:?}");
    }
}

#[test]
fn a_server_and_the_check_take_no_file_of_cases_for_policy() {
    let folder = folder();
    let ran = folder.run(&["policy", "check"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "1 file, nothing to say\n"), "{ran:?}");
    folder.write(
        "policies/deny.test.toml",
        "[[deny]]\nissuer = \"github\"\nactor_id = \"1\"\nabsent = \"allow\"\n",
    );
    let ran = folder.run(&["policy", "check"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("error: `deny` in a file of cases, which no server goes by"), "{ran:?}");
    let settings = crate::support::local_settings("github", "http://127.0.0.1:1");
    folder.write("daypass.toml", &format!("policy_dir = \"policies\"\n{settings}"));
    let ran = folder.run(&["serve"]);
    assert!(ran.status == 2 && ran.stderr.contains("`deny` in a file of cases"), "{ran:?}");
}

#[test]
fn the_cases_of_this_project_are_as_expected() {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/tests/cases/daypass.toml");
    let ran = test(&Folder::new(), &["--require-coverage", "--config", settings]);
    assert_eq!(ran.status, 0, "{ran:?}");
}
