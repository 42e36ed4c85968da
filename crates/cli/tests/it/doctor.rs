//! `daypass doctor`: what is planted is found by its name, and nothing else; a healthy installation has no warning.

mod between;
mod clocks;
mod kit;
mod negative;
mod running;
mod stream;

use std::fs;

use daypass_bench::clock;
use rusqlite::Connection;

use self::kit::{Installation, Issuer, OTHER_KEY, ROLE, certificate, free_port, put_certificate, weak_key};
use crate::support::set_mode;

#[test]
fn a_healthy_installation_has_no_warning_whether_it_has_run_or_not_and_nothing_is_made() {
    let installation = Installation::new();
    let before = installation.content();
    let looked = installation.doctor(&["--strict"]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    assert_eq!(installation.content(), before, "a look makes nothing");

    installation.run_once();
    let before = installation.content();
    let looked = installation.doctor(&["--strict"]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    for check in [
        "settings",
        "policy",
        "issuer-keys",
        "issuer-clock",
        "store-version",
        "store-writable",
        "encryption-key",
        "signing-keys",
    ] {
        assert!(looked.has("ok", check), "{check}: {looked:#?}");
    }
    assert!(looked.has("note", "server-reachable") && looked.has("note", "issuer-evidence"), "{looked:#?}");
    assert_eq!(installation.content(), before, "a look changes nothing");
}

#[test]
fn people_read_what_where_and_what_to_do_the_worst_last_and_without_colour_where_no_terminal_is() {
    let installation = Installation::new();
    installation.folder.write("policies/deploy.toml", &ROLE.replace("'main-issuer'", "'gitlab'"));
    let ran = installation.folder.run(&["doctor"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let told = ran.stdout;
    let lines: Vec<&str> = told.lines().collect();
    let fault = lines.iter().position(|line| line.starts_with("fault    policy-findings")).unwrap();
    assert!(lines[..fault].iter().any(|line| line.starts_with("ok       settings")), "{told}");
    assert!(lines[fault].contains("`gitlab`"), "{told}");
    assert!(lines[fault + 1].contains("where: policies/deploy.toml:3:"), "{told}");
    assert!(lines.last().unwrap().starts_with("1 fault, 0 warnings, "), "{told}");
    assert!(!told.contains('\u{1b}') && ran.stderr.is_empty(), "{told}");
}

#[test]
fn settings_that_cannot_be_read_are_faults_by_line_and_a_misspelt_variable_is_a_warning() {
    let mut installation = Installation::new();
    installation.folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:9'\nlistn = 'x'\n[keys]\nalgorithm = 'HS256'\n",
    );
    installation.folder.set("DAYPASS_STORE_ULR", "x");
    let looked = installation.doctor(&[]);
    let found = [("warning", "misspelt-variable"), ("fault", "settings"), ("fault", "settings")];
    assert_eq!((looked.status, looked.worse_than_notes()), (1, found.to_vec()));
    let text = looked.text();
    assert!(text.contains("daypass.toml:2:1") && text.contains("DAYPASS_STORE_URL"), "{text}");
    assert_eq!(installation.folder.run(&["doctor", "--no-such-flag"]).status, 2);
}

#[test]
fn an_audience_that_belongs_to_somebody_else_is_found() {
    let installation = Installation::new();
    let settings = installation.folder.read("daypass.toml");
    let foreign =
        settings.replace("provider = 'generic'", "provider = 'generic'\naudiences = ['sts.amazonaws.com']");
    installation.folder.write("daypass.toml", &foreign);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "issuer-audience")]));
    installation
        .folder
        .write("daypass.toml", &format!("{foreign}[policy.allow]\nforeign_audience = 'until May'\n"));
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![("warning", "issuer-audience")]));
    assert_eq!(installation.doctor(&["--strict"]).status, 1);
}

#[test]
fn files_that_others_can_read_are_found() {
    let installation = Installation::new();
    installation.run_once();
    set_mode(&installation.folder.path("secret.key"), 0o644);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "file-modes")]));
    assert!(looked.text().contains("chmod 600 'secret.key'"), "{}", looked.text());
    set_mode(&installation.folder.path("secret.key"), 0o600);
    set_mode(&installation.folder.path("data/daypass.db"), 0o644);
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("warning", "file-modes")]);
    set_mode(&installation.folder.path("data/daypass.db"), 0o666);
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "file-modes")]);
}

#[test]
fn another_encryption_key_is_found_and_one_that_is_gone() {
    let installation = Installation::new();
    installation.run_once();
    installation.folder.write("secret.key", OTHER_KEY);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "encryption-key")]));
    assert!(looked.text().contains("sealed under another encryption key"), "{}", looked.text());
    fs::remove_file(installation.folder.path("secret.key")).unwrap();
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "encryption-key")]);
    assert!(!installation.folder.path("secret.key").exists());
}

#[test]
fn a_database_of_a_newer_version_is_found_and_left_alone() {
    let installation = Installation::new();
    installation.run_once();
    let database = Connection::open(installation.folder.path("data/daypass.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    database.close().unwrap();
    let before = installation.content();
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "store-version")]));
    assert_eq!(installation.content(), before);
    installation.folder.write("data/daypass.db", &"no database ".repeat(1000));
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "store-opens")]);
}

#[test]
fn another_encryption_key_is_found_where_the_tables_are_older_too() {
    let installation = Installation::new();
    installation.run_once();
    let set_version = |version: u32| {
        let database = Connection::open(installation.folder.path("data/daypass.db")).unwrap();
        database.pragma_update(None, "user_version", version).unwrap();
        database.close().unwrap();
    };
    set_version(2);
    assert!(installation.doctor(&[]).has("ok", "encryption-key"));
    installation.folder.write("secret.key", OTHER_KEY);
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "encryption-key")]);
    // Of a newer database nobody can say it.
    set_version(99);
    let looked = installation.doctor(&[]);
    assert_eq!(looked.worse_than_notes(), [("fault", "store-version")]);
    assert!(looked.has("note", "encryption-key") && !looked.has("ok", "encryption-key"), "{looked:#?}");
}

#[test]
fn of_a_database_that_cannot_be_read_nobody_says_that_it_needs_no_key() {
    let installation = Installation::new();
    let settings = installation.folder.read("daypass.toml");
    installation.folder.write("daypass.toml", &settings.replace("encryption_key_file = 'secret.key'", ""));
    let looked = installation.doctor(&[]);
    assert!(
        looked.has("note", "encryption-key") && looked.text().contains("there is none yet"),
        "{looked:#?}"
    );
    set_mode(&installation.folder.write("data/daypass.db", &"no database ".repeat(1000)), 0o600);
    let looked = installation.doctor(&[]);
    assert_eq!(looked.worse_than_notes(), [("warning", "encryption-key"), ("fault", "store-opens")]);
    assert!(
        !looked.text().contains("there is none yet") && looked.text().contains("not looked at"),
        "{looked:#?}"
    );
}

#[test]
fn of_a_server_of_databases_that_does_not_answer_nobody_says_that_the_key_opens_its_keys() {
    let installation = Installation::new();
    let settings = installation.folder.read("daypass.toml");
    let url = format!("postgres://daypass@127.0.0.1:{}/daypass", free_port());
    installation.folder.write("daypass.toml", &settings.replace("sqlite://data/daypass.db", &url));
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "store-opens")]));
    assert!(looked.has("note", "encryption-key") && looked.text().contains("not looked at"), "{looked:#?}");
}

#[test]
fn a_copy_of_a_database_with_its_log_is_looked_at_and_nothing_is_made_beside_it() {
    let installation = Installation::new();
    drop(installation.folder.serve(&[]));
    fs::remove_file(installation.folder.path("data/daypass.db-shm")).unwrap();
    let before = installation.content();
    assert!(before.keys().any(|name| name.ends_with("-wal")));
    let looked = installation.doctor(&["--strict"]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    assert!(looked.has("ok", "signing-keys"), "{looked:#?}");
    assert!(installation.content() == before, "a look makes and changes nothing");
}

#[test]
fn a_store_that_cannot_be_written_and_a_disk_that_is_full_are_found() {
    let installation = Installation::new();
    installation.run_once();
    let read_only = "mount --bind data data; mount -o remount,ro,bind data";
    let looked = installation.doctor_mounted(read_only);
    assert_eq!(
        (looked.status, looked.worse_than_notes()),
        (1, vec![("fault", "store-writable")]),
        "{looked:#?}"
    );
    let full =
        "mkdir old; mount --bind data old; mount -t tmpfs -o size=1m,mode=700 none data; cp old/* data";
    let looked = installation.doctor_mounted(full);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "disk-space")]), "{looked:#?}");
}

#[test]
fn signing_keys_that_are_dated_ahead_revoked_or_overdue_are_found() {
    for (sql, found) in [
        (
            "created_at = created_at + 86400000, activates_at = activates_at + 86400000",
            vec![("fault", "keys-ahead")],
        ),
        ("revoked_at = 1795512600000", vec![("fault", "signing-keys")]),
        ("activates_at = 1", vec![("warning", "key-rotation")]),
    ] {
        let installation = Installation::new();
        installation.run_once();
        let database = Connection::open(installation.folder.path("data/daypass.db")).unwrap();
        database.execute_batch(&format!("UPDATE signing_keys SET {sql}")).unwrap();
        database.close().unwrap();
        assert_eq!(installation.doctor(&[]).worse_than_notes(), found, "{sql}");
    }
}

#[test]
fn a_policy_with_findings_is_found() {
    let installation = Installation::new();
    for (file, line) in [
        (ROLE.replace("sub = 'job'\n", ""), "policies/deploy.toml:2:"),
        (ROLE.replace("'main-issuer'", "'another'"), "policies/deploy.toml:3:"),
        (ROLE.replace("sub = 'job'", "sub = 'job*'"), "policies/deploy.toml:4:"),
    ] {
        installation.folder.write("policies/deploy.toml", &file);
        let looked = installation.doctor(&[]);
        assert_eq!(
            (looked.status, looked.worse_than_notes()),
            (1, vec![("fault", "policy-findings")]),
            "{file}"
        );
        assert!(looked.text().contains(line), "{}", looked.text());
    }
}

#[test]
fn an_issuer_that_cannot_be_reached_or_names_another_or_has_weak_keys_is_found() {
    let installation = Installation::new();
    installation.issuer.publishes(&[weak_key()], true);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![("warning", "issuer-skipped-keys")]));
    assert!(looked.text().contains("weak (its modulus is shorter than 2048"), "{}", looked.text());
    installation.issuer.publishes(&[weak_key()], false);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "issuer-keys")]));
    installation.issuer.publishes(&[], true);
    installation.issuer.calls_itself("https://somebody-else.example");
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "issuer-keys")]));
    assert!(looked.text().contains("names another issuer"), "{}", looked.text());

    let installation = Installation::of(&[&format!("http://127.0.0.1:{}", free_port())], Issuer::new());
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "issuer-keys")]));
    assert!(looked.text().contains("connection refused"), "{}", looked.text());
}

#[test]
fn an_old_file_of_keys_is_found() {
    let installation = Installation::new();
    let set = installation.issuer.key_set();
    let path = installation.folder.write("keys.json", &set);
    let settings = installation.folder.read("daypass.toml");
    let settings = settings.replace("insecure_http = true", "insecure_http = true\njwks_file = 'keys.json'");
    installation.folder.write("daypass.toml", &settings);
    let looked = installation.doctor(&[]);
    assert!(looked.has("ok", "issuer-key-file") && looked.worse_than_notes().is_empty(), "{looked:#?}");
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("warning", "issuer-key-file")]);
}

#[test]
fn the_certificate_of_the_server_is_found_that_has_another_host_or_ends_or_has_ended() {
    let installation = Installation::new();
    let settings =
        installation.folder.read("daypass.toml").replace("http://127.0.0.1:9'", "https://localhost:9'");
    installation.folder.write(
        "daypass.toml",
        &format!("{settings}[http]\ntls_certificate_file = 'tls.crt'\ntls_key_file = 'tls.key'\n"),
    );
    let day = 86_400;
    for (host, ends_in, found) in [
        ("localhost", 60 * day, vec![]),
        ("other.example", 60 * day, vec![("fault", "certificate-host")]),
        ("localhost", 5 * day, vec![("warning", "certificate-end")]),
        ("localhost", -5 * day, vec![("fault", "certificate")]),
    ] {
        put_certificate(&installation.folder, &certificate(host, clock::now().plus_seconds(ends_in)));
        assert_eq!(installation.doctor(&[]).worse_than_notes(), found, "{host} {ends_in}");
    }
    put_certificate(&installation.folder, &certificate("localhost", clock::now().plus_seconds(60 * day)));
    set_mode(&installation.folder.path("tls.key"), 0o644);
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "file-modes")]);
}
