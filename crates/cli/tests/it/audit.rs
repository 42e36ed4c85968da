//! `daypass audit`, on ledgers that were filled for it: filters, exports, following, and what strangers wrote.

mod export;
mod ledger;
mod tail;

use daypass_store::{ExchangeRecord, Outcome};

use crate::support::Folder;
use ledger::{EVIL, Ledger, at, evil, refused, success};

fn ids(lines: &str) -> Vec<String> {
    let id =
        |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    lines.lines().map(id).collect()
}

fn of(exchanges: &[&ExchangeRecord]) -> Vec<String> {
    exchanges.iter().map(|exchange| exchange.id.to_string()).collect()
}

#[test]
fn each_filter_narrows_the_list_the_export_and_what_is_followed() {
    let ledger = Ledger::new();
    let project = ledger.onboard("octo-org/octo-repo", "1");
    let a = ExchangeRecord { project_id: Some(project), ..success(1_000) };
    let b = ExchangeRecord { run_id: Some("7".to_owned()), project_id: Some(project), ..refused(2_000) };
    let c = ExchangeRecord { source: "2001:db8::1".to_owned(), ..refused(3_000) };
    let d = ExchangeRecord { role: None, code: Some("token_expired".to_owned()), ..refused(4_000) };
    ledger.record(&[&a, &b, &c, &d]);
    let id = project.to_string();
    for (filter, wanted) in [
        (&[][..], &[&a, &b, &c, &d][..]),
        (&["--project", "octo-org/octo-repo"], &[&a, &b]),
        (&["--project", &id], &[&a, &b]),
        (&["--outcome", "success"], &[&a]),
        (&["--outcome", "refused"], &[&b, &c, &d]),
        (&["--code", "not_allowed"], &[&b, &c]),
        (&["--role", "deploy"], &[&a, &b, &c]),
        (&["--run", "7"], &[&b]),
        (&["--source", "2001:0DB8:0::1"], &[&c]),
        (&["--since", "1970-01-01T00:00:02Z"], &[&b, &c, &d]),
        (&["--until", "1970-01-01T01:00:02+01:00"], &[&a]),
        (&["--since", "1970-01-01", "--until", "1970-01-02"], &[&a, &b, &c, &d]),
        (&["--since", "2h"], &[]),
        (
            &["--until", "2h", "--project", &id, "--run", "7", "--code", "not_allowed", "--role", "deploy"],
            &[&b],
        ),
    ] {
        let run = |command: &[&str]| ids(&ledger.folder.ok(&[&["audit"], command, filter].concat()));
        let wanted = of(wanted);
        assert_eq!(run(&["export"]), wanted, "{filter:?}");
        let newest_first: Vec<String> = wanted.iter().rev().cloned().collect();
        assert_eq!(run(&["list", "--json"]), newest_first, "{filter:?}");
        if !filter.contains(&"--until") {
            assert_eq!(run(&["tail", "--json", "--until", "1h"]), wanted, "{filter:?}");
        }
    }
}

#[test]
fn what_is_looked_for_and_is_not_there_is_an_empty_list() {
    let ledger = Ledger::new();
    ledger.record(&[&success(1_000), &refused(2_000)]);
    for filter in [
        ["--role", "%"],
        ["--role", "deplo_"],
        ["--role", "DEPLOY"],
        ["--role", ""],
        ["--role", "' OR 1=1 --"],
        ["--run", "%"],
        ["--run", "*"],
        ["--project", "%"],
        ["--project", "octo-org/octo-repo"],
        ["--project", "01930000-0000-7000-8000-000000000000"],
        ["--source", "192.0.2.99"],
        ["--code", "overloaded"],
        ["--since", "1s"],
    ] {
        for command in [&["list"][..], &["list", "--json"], &["export"], &["tail", "--json", "--until", "1h"]]
        {
            assert_eq!(
                ledger.folder.ok(&[&["audit"], command, &filter].concat()),
                "",
                "{command:?} {filter:?}"
            );
        }
    }
}

#[test]
fn a_path_that_several_projects_have_is_not_guessed() {
    let ledger = Ledger::new();
    let ids = ["1", "2"].map(|id| ledger.onboard("octo-org/octo-repo", id));
    let ran = ledger.folder.run(&["audit", "list", "--project", "octo-org/octo-repo"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ids.iter().all(|id| ran.stderr.contains(&id.to_string())), "{}", ran.stderr);
}

#[test]
fn what_a_stranger_wrote_reaches_no_terminal_raw() {
    let mut ledger = Ledger::new();
    // As at a terminal: otherwise colours are taken out, those of the stranger too.
    ledger.folder.set("CLICOLOR_FORCE", "1");
    let exchange = evil(1_000);
    ledger.record(&[&exchange]);
    let id = exchange.id.to_string();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["tail", "--until", "1h"],
        &["tail", "--until", "1h", "--json"],
        &["show", &id],
        &["show", &id, "--json"],
        &["export"],
    ] {
        let told = ledger.folder.ok(&[&["audit"], arguments].concat());
        assert!(told.contains("::add-mask::"), "it is there, made harmless: {told}");
        let lines_are_ours = told.lines().all(|line| !line.starts_with("::"));
        let colours = told.matches('\u{1b}').count();
        let foreign = told.chars().find(|character| {
            *character != '\n' && *character != '\u{1b}' && daypass_client::is_obeyed(*character)
        });
        assert!(lines_are_ours && foreign.is_none(), "{arguments:?} {foreign:?}: {told:?}");
        assert!(!told.contains("\u{1b}[35m"), "{arguments:?}: {told:?}");
        let is_json = arguments.contains(&"--json") || arguments.contains(&"export");
        assert_eq!(colours > 0, !is_json, "{arguments:?}: {told:?}");
        if is_json {
            let value: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!(value["claims"][EVIL], EVIL, "nothing is lost");
        }
    }
}

#[test]
fn an_exchange_is_shown_for_machines_as_it_is_exported() {
    let ledger = Ledger::new();
    let exchange = success(1_795_512_600_123);
    ledger.record(&[&exchange]);
    let shown = ledger.folder.ok(&["audit", "show", &exchange.id.to_string(), "--json"]);
    assert_eq!(shown, ledger.folder.ok(&["audit", "export"]));
    assert_eq!(shown, ledger.folder.ok(&["audit", "list", "--json"]));
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&shown).unwrap()).unwrap()
    );
    assert_eq!(at(1_795_512_600_123).to_string(), "2026-11-24T09:30:00Z");
    assert_eq!(exchange.outcome, Outcome::Success);
}

#[test]
fn both_uses_of_a_token_are_told_with_their_addresses() {
    let ledger = Ledger::new();
    let first = ExchangeRecord { source: "198.51.100.7".to_owned(), ..success(1_000) };
    let second = success(13_000);
    ledger.record_spending(&[&first, &second]);
    let shown = ledger.folder.ok(&["audit", "show", &second.id.to_string()]);
    for part in [
        "the token has been exchanged before (token_already_used)",
        "first from  198.51.100.7, not 192.0.2.1 as this time",
        "12 seconds before",
        &first.id.to_string(),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let folder = Folder::new();
    assert_eq!(folder.run(&["audit", "show", "x"]).status, 2);
}
