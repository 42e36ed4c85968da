//! A policy that changes while a server runs: whole or not at all, and on record.

use crate::support::{Emulator, Folder, Server, get, local_settings, ran};

fn role(git_ref: &str) -> String {
    format!(
        "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = 'github'\nrepository_owner_id = '65'\n\
         repository_id = '123456789'\n{git_ref}\n[roles.deploy.grants.api]\naudience = 'https://api.example.com'\n\
         scopes = ['releases:write']\n"
    )
}

/// The status of an exchange, and the version of the policy that its record names.
fn exchanged(folder: &Folder, emulator: &Emulator, server: &Server) -> (i32, String) {
    let asked = ["exchange", "--url", &server.url, "--role", "deploy"];
    let status = ran(folder.command(&asked).envs(&emulator.variables)).status;
    let outcome = if status == 0 { "success" } else { "refused" };
    let list = ["audit", "list", "--json", "--limit", "1", "--outcome", outcome];
    // A refusal is written behind its answer.
    let newest = (0..200).find_map(|_| folder.ok(&list).lines().next().map(ToOwned::to_owned));
    let newest: serde_json::Value = serde_json::from_str(&newest.expect("it is recorded")).unwrap();
    (status, newest["policy_version"].as_str().unwrap().to_owned())
}

#[test]
fn a_bad_version_changes_nothing_and_is_told_in_the_log_in_readiness_and_in_a_metric() {
    let folder = Folder::new();
    let emulator = folder.emulate(&["github"]);
    let settings = local_settings("github", &emulator.issuer);
    folder.write(
        "daypass.toml",
        &format!("policy_dir = 'policies'\n{settings}[metrics]\nlisten = '127.0.0.1:0'\n"),
    );
    folder.write("policies/deploy.toml", &role("ref = 'refs/heads/main'"));
    let server = folder.serve(&[]);
    let metrics = server.standing.stderr_line(|line| line.contains("metrics are at"));
    let metrics = metrics.split_once("metrics are at ").unwrap().1;
    let metrics = metrics.split_once('"').unwrap().0.to_owned();
    let told = || (get(&format!("{}/readyz", server.url), None), get(&metrics, None).1);
    let first = exchanged(&folder, &emulator, &server);
    assert_eq!(first.0, 0);
    folder.write("policies/deploy.toml", &role("reff = 'refs/heads/main'"));
    let line =
        server.standing.stderr_line(|line| line.contains("the new policy is refused, the old one stays"));
    assert!(line.contains(&first.1), "it names the version in force: {line}");
    let ((status, ready), metric) = told();
    assert!(
        status == 200 && ready.contains(&first.1) && ready.contains("newer one that is refused"),
        "{ready}"
    );
    assert!(metric.contains("daypass_policy_newer_refused 1"), "{metric}");
    assert_eq!(exchanged(&folder, &emulator, &server), first, "the old one stays, and is on record");
    folder.write("policies/deploy.toml", &role("ref = 'refs/heads/other'"));
    server.standing.stderr_line(|line| line.contains("a new version of the policy is in force"));
    let ((_, ready), metric) = told();
    assert!(!ready.contains("refused") && metric.contains("daypass_policy_newer_refused 0"), "{ready}");
    let next = exchanged(&folder, &emulator, &server);
    assert!(next.0 == 3 && next.1 != first.1 && ready.contains(&next.1), "{next:?}, {ready}");
}
