//! Onboarding: add, list, show, suspend, resume, configure.

use crate::support::Folder;

const ADD: &[&str] =
    &["project", "add", "octo-org/octo-repo", "--issuer", "github", "--id", "123456789", "--owner-id", "65"];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'https://pass.example.com'\n[[issuers]]\nname = 'github'\nprovider = 'github'\n",
    );
    folder
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn a_project_goes_its_way() {
    let folder = folder();
    let added = folder.ok(ADD);
    assert!(added.starts_with("onboarded octo-org/octo-repo as project "), "{added}");
    assert!(
        added.contains("its jobs get a pass for https://pass.example.com with config:read, valid for 15m")
    );
    let listed = folder.ok(&["project", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let shown = json(&folder.ok(&["project", "show", "octo-org/octo-repo", "--json"]));
    assert_eq!(
        (shown["status"].as_str(), shown["account"]["external_id"].as_str()),
        (Some("active"), Some("65"))
    );
    let id = shown["id"].as_str().unwrap();

    let suspended = folder.ok(&["project", "suspend", id]);
    assert!(suspended.contains("suspended"), "{suspended}");
    let again = folder.run(ADD);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains(&format!("`daypass project resume {id}`")), "{}", again.stderr);
    assert_eq!(json(&folder.ok(&["project", "list", "--json"]))["status"], "suspended");
    assert_eq!(json(&folder.ok(&["project", "resume", "octo-org/octo-repo", "--json"]))["status"], "active");

    let renamed: Vec<&str> = ADD
        .iter()
        .map(|word| if *word == "octo-org/octo-repo" { "octo-org/new-name" } else { *word })
        .collect();
    let told = folder.ok(&renamed);
    let first = format!("updated octo-org/new-name as project {id}, renamed from octo-org/octo-repo\n");
    assert!(told.starts_with(&first), "{told}");
    assert!(folder.ok(&renamed).starts_with(&format!("updated octo-org/new-name as project {id}\n")));
    assert!(folder.ok(&["project", "show", id]).contains("octo-org/new-name"));
}

#[test]
fn the_configuration_is_one_json_object() {
    let folder = folder();
    folder.ok(ADD);
    let project = "octo-org/octo-repo";
    assert_eq!(folder.ok(&["project", "config", project]), "{}\n");
    folder.write("config.json", "{\"region\": \"eu\", \"level\": 3}");
    assert!(folder.ok(&["project", "config", project, "--set", "config.json"]).starts_with("configured"));
    assert_eq!(folder.ok(&["project", "config", project, "--json"]), "{\"level\":3,\"region\":\"eu\"}\n");
    for input in ["", "[1]", "{\"a\":1,\"a\":2}", "{"] {
        let ran = folder.run_with_input(&["project", "config", project, "--set", "-"], input);
        assert_eq!(ran.status, 2, "{input}");
        assert!(ran.stderr.contains("a configuration is one JSON object"), "{}", ran.stderr);
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024));
    let ran = folder.run_with_input(&["project", "config", project, "--set", "-"], &large);
    assert!(ran.stderr.contains("at most 65536 bytes"), "{}", ran.stderr);
    assert_eq!(folder.ok(&["project", "config", project, "--json"]), "{\"level\":3,\"region\":\"eu\"}\n");
}

#[test]
fn what_cannot_be_onboarded_is_refused_with_a_reason() {
    let folder = folder();
    for (from, to, fault) in [
        ("github", "githb", "did you mean `github`?"),
        ("github", "zzz", "the settings register `github`"),
        ("123456789", "octo-repo", "--id: `octo-repo` is not an id of GitHub Actions"),
        ("65", "octo-org", "--owner-id: `octo-org` is not an id"),
        ("octo-org/octo-repo", "", "PATH: \"\" is not a text"),
        ("octo-org/octo-repo", "a\nb", "PATH:"),
        (
            "octo-org/octo-repo",
            "octo-repo",
            "PATH: `octo-repo` is not the path of a repository of GitHub Actions",
        ),
        ("octo-org/octo-repo", "/octo-repo", "write it with its owner, as `octo-org/octo-repo`"),
    ] {
        let arguments: Vec<&str> = ADD.iter().map(|word| if *word == from { to } else { *word }).collect();
        let ran = folder.run(&arguments);
        assert_eq!(ran.status, 2, "{to}: {}", ran.stderr);
        assert!(ran.stderr.contains(fault), "{to}: {}", ran.stderr);
    }
    assert_eq!(folder.ok(&["project", "list"]), "");
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    let folder = folder();
    for arguments in [&["project", "list"][..], &["audit", "list"], &["project", "suspend", "a/b"]] {
        let ran = folder.run(arguments);
        assert_eq!(ran.status, 4, "{arguments:?}");
        assert!(ran.stderr.contains("there is no database `daypass.db` yet"), "{}", ran.stderr);
    }
    assert!(!folder.path("daypass.db").exists());
    folder.ok(ADD);
    for name in ["a/b", "01930000-0000-7000-8000-000000000000"] {
        let ran = folder.run(&["project", "show", name]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(&format!("there is no project `{name}`")), "{}", ran.stderr);
    }
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let mut folder = folder();
    folder.set("DAYPASS_STORE_URL", "sqlite://data/daypass.db");
    for arguments in [ADD, &["audit", "list"]] {
        let ran = folder.run(arguments);
        assert_eq!(ran.status, 4, "{arguments:?}");
        assert!(ran.stderr.contains("there is no folder `data`"), "{}", ran.stderr);
    }
}

#[test]
fn of_two_projects_of_one_name_the_id_tells() {
    let folder = folder();
    folder.ok(ADD);
    let other: Vec<&str> = ADD.iter().map(|word| if *word == "123456789" { "7" } else { *word }).collect();
    folder.ok(&other);
    let ran = folder.run(&["project", "suspend", "octo-org/octo-repo"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("several projects are called"), "{}", ran.stderr);
}
