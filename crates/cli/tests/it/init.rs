//! What `init` writes loads as it is.

use crate::support::{Folder, get, set_mode};

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
        assert!(log.contains(&format!("\"issuers\":\"{ci}\"")), "{log}");
        assert!(!server.standing.stderr().iter().any(|line| line.contains("example.toml")));
    }
}

#[test]
fn the_role_in_the_example_is_one_when_its_marks_are_taken_away() {
    for ci in ["github", "gitlab"] {
        let folder = Folder::new();
        folder.ok(&["init", "--ci", ci]);
        let example = folder.read("policies/example.toml");
        let (_, role) = example.split_once("\n\n").unwrap();
        let role: Vec<&str> = role.lines().map(|line| line.trim_start_matches('#').trim_start()).collect();
        folder.write("policies/example.toml", &role.join("\n"));
        folder.serve(&["--listen", "127.0.0.1:0"]);
    }
}

#[test]
fn a_server_for_others_needs_its_key_first() {
    let folder = Folder::new();
    let told = folder.ok(&["init", "--url", "https://pass.example.com"]);
    assert!(told.contains("openssl rand -base64 32 > daypass.key"), "{told}");
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("`daypass.key`: there is no such file"), "{}", ran.stderr);
    set_mode(&folder.write("daypass.key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600);
    folder.serve(&["--listen", "127.0.0.1:0"]);
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
