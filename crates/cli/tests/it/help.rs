//! What `--help` says, command by command.

use crate::support::Folder;

#[test]
fn each_command_has_help_with_an_example() {
    let folder = Folder::new();
    for command in [
        "",
        "serve",
        "emulate",
        "emulate github",
        "emulate gitlab",
        "exchange",
        "project",
        "project add",
        "project list",
        "project show",
        "project suspend",
        "project resume",
        "project config",
        "audit",
        "audit list",
        "audit tail",
        "audit show",
        "audit export",
        "keys",
        "keys list",
        "keys rotate",
        "keys rewrap",
        "revoke",
        "policy check",
        "policy matrix",
        "policy who",
        "policy can",
        "config",
        "config show",
        "config schema",
        "policy",
        "policy schema",
        "policy test",
        "doctor",
        "inspect",
        "init",
        "openapi",
        "completions",
        "man",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = folder.ok(&arguments);
        let has_example = help.contains("Example") || command.is_empty();
        assert!(has_example, "{command}: no example");
        insta::assert_snapshot!(format!("help {command}").trim().replace(' ', "_"), help);
    }
}

#[test]
fn the_emulators_guide_names_every_option() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for provider in ["github", "gitlab"] {
        let help = Folder::new().ok(&["emulate", provider, "--help"]);
        let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
        let names: Vec<&str> = options.map(|rest| rest.split([' ', '[', '=']).next().unwrap()).collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            assert!(guide.contains(&format!("--{name}")), "docs/emulator.md does not name --{name}");
        }
    }
}

#[test]
fn the_version_is_told() {
    assert_eq!(Folder::new().ok(&["--version"]), format!("daypass {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_command_line_that_is_wrong_ends_with_2() {
    let folder = Folder::new();
    for arguments in [
        &["nothing"][..],
        &[],
        &["serve", "--nothing"],
        &["emulate", "github"],
        &["emulate", "github", "--print-env", "--serve"],
        &["emulate", "github", "--claim", "x", "--", "true"],
        &["emulate", "github", "--listen", "0.0.0.0:0", "--", "true"],
        &["emulate", "gitlab", "--id-token", "A", "--", "true"],
        &["audit", "list", "--limit", "0"],
        &["audit", "list", "--since", "soon"],
        &["audit", "tail", "--until", "2026-02-30"],
        &["audit", "tail", "--lines", "-1"],
        &["audit", "export", "--source", "192.0.2.%"],
        &["audit", "export", "--after", "%"],
        &["keys", "rotate", "--compromised", "--lost-encryption-key"],
        &["keys", "rotate", "--yes"],
        &["revoke"],
        &["revoke", "--role", ""],
        &["revoke", "--role", "a", "--all"],
        &["revoke", "--job", "77001"],
        &["revoke", "--run", "github:"],
        &["revoke", "--credential", "x"],
        &["revoke", "--all", "--before", "yesterday"],
        &["revoke", "--exchange", "01930000-0000-7000-8000-000000000000", "--before", "2026-11-24T09:30:00Z"],
        &["keys", "rewrap", "--new-key-file", "a", "--new-key-command", "b"],
        &["serve", "--log-level", "loud"],
        &["openapi", "--url", "pass.example.com"],
        &["exchange"],
        &["exchange", "--url", "http://pass.example.com"],
        &["exchange", "--url", "https://pass.example.com", "--ttl", "soon"],
        &["exchange", "--url", "https://pass.example.com"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Folder::new().ok(&["completions", shell]);
        assert!(script.contains("emulate") && script.contains("exchange"), "{shell}");
    }
}
