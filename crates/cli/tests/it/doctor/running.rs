//! A server that runs: it is looked at and not disturbed.

use super::between::Between;
use super::kit::{Installation, Looked, certificate, date, end, free_port, put_certificate};
use crate::support::{Folder, get, local_settings, ran};

#[test]
fn a_server_that_runs_well_has_no_warning_and_is_not_disturbed() {
    let installation = Installation::new();
    let server = installation.folder.serve(&[]);
    let log = installation.folder.path("data/daypass.db-wal");
    assert!(log.exists());
    for _ in 0..2 {
        let looked = installation.doctor(&["--strict", "--url", &server.url]);
        assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
        for check in [
            "server-reachable",
            "server-ready",
            "server-issuer",
            "server-keys",
            "server-policy",
            "server-clock",
            "store-durable",
        ] {
            assert!(looked.has("ok", check), "{check}: {looked:#?}");
        }
        assert!(log.exists(), "the log of a server was taken away");
        assert_eq!(get(&format!("{}/readyz", server.url), None).0, 200);
    }
    end(server);
}

#[test]
fn a_server_that_was_killed_is_looked_at_without_a_change() {
    let installation = Installation::new();
    drop(installation.folder.serve(&[]));
    let database = || {
        let mut content = installation.content();
        content.retain(|name, _| !name.ends_with("-shm"));
        content
    };
    let before = database();
    assert!(before.keys().any(|name| name.ends_with("-wal")));
    assert_eq!(installation.doctor(&["--strict"]).worse_than_notes(), []);
    assert!(database() == before, "a look changes nothing");
}

#[test]
fn a_server_that_does_not_run_is_a_note_and_a_fault_where_it_is_named() {
    let installation = Installation::new();
    let looked = installation.doctor(&[]);
    assert!(looked.has("note", "server-reachable") && looked.status == 0, "{looked:#?}");
    let url = format!("http://127.0.0.1:{}", free_port());
    let looked = installation.doctor(&["--url", &url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-reachable")]));
    let looked = installation.doctor(&["--url", &installation.issuer.url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-reachable")]));
    assert!(looked.text().contains("is no daypass"), "{}", looked.text());
}

#[test]
fn a_server_of_other_settings_another_database_or_another_policy_is_found() {
    let installation = Installation::new();
    installation.run_once();
    let other = ["--public-url", "http://127.0.0.1:10"];
    let server = installation.folder.serve(&other);
    let looked = installation.doctor(&["--url", &server.url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-issuer")]));
    end(server);

    let server = installation.folder.serve(&["--store-url", "sqlite://data/another.db"]);
    let looked = installation.doctor(&["--url", &server.url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-keys")]));
    end(server);

    let server = installation.folder.serve(&[]);
    installation.folder.write("policies/deploy.toml", "[roles.deploy]\n");
    let ready = format!("{}/readyz", server.url);
    while !get(&ready, None).1.contains("refused") {}
    let looked = installation.doctor(&["--url", &server.url]);
    assert!(looked.has("fault", "server-policy") && looked.has("fault", "policy-findings"), "{looked:#?}");
    end(server);
}

#[test]
fn a_server_that_cannot_exchange_is_found() {
    let installation = Installation::new();
    installation.run_once();
    let server = installation.folder.serve(&["--store-url", "sqlite://data/another.db"]);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(installation.folder.path(&format!("data/another.db{suffix}"))).unwrap();
    }
    let ready = format!("{}/readyz", server.url);
    while get(&ready, None).0 == 200 {}
    let looked = installation.doctor(&["--url", &server.url]);
    assert!(looked.status == 1 && looked.has("fault", "server-ready"), "{looked:#?}");
    assert!(looked.text().contains("it cannot exchange: store: "), "{}", looked.text());
    drop(server);
}

#[test]
fn a_server_whose_clock_is_off_is_found() {
    let installation = Installation::new();
    let server = installation.folder.serve(&[]);
    for (ahead, found) in
        [(600, vec![("fault", "server-clock")]), (-30, vec![("warning", "server-clock")]), (0, vec![])]
    {
        let between = Between::start(&server.url, move |_, answer| {
            let (before, rest) = answer.split_once("date: ").unwrap();
            let (_, after) = rest.split_once("\r\n").unwrap();
            format!("{before}date: {}\r\n{after}", date(daypass_bench::clock::now().plus_seconds(ahead)))
        });
        assert_eq!(installation.doctor(&["--url", &between.url]).worse_than_notes(), found, "{ahead}");
    }
    end(server);
}

#[test]
fn a_server_with_tls_is_reached_where_its_ca_is_trusted_by_the_system() {
    let mut installation = Installation::new();
    let settings =
        installation.folder.read("daypass.toml").replace("http://127.0.0.1:9'", "https://127.0.0.1:9'");
    let tls = "[http]\ntls_certificate_file = 'tls.crt'\ntls_key_file = 'tls.key'\n";
    installation.folder.write("daypass.toml", &format!("{settings}{tls}"));
    let ends = daypass_bench::clock::now().plus_seconds(60 * 86_400);
    put_certificate(&installation.folder, &certificate("127.0.0.1", ends));
    let server = installation.folder.serve(&[]);
    let looked = installation.doctor(&["--url", &server.url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-reachable")]));
    installation.folder.set("SSL_CERT_FILE", "tls.crt");
    let looked = installation.doctor(&["--url", &server.url]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    end(server);
}

#[test]
fn a_claim_that_no_profile_knows_is_found_in_the_metrics_of_the_server() {
    // Who asks is on the same machine, whatever addresses the metrics are told on.
    for listen in ["127.0.0.1", "0.0.0.0"] {
        finds_a_claim_in_the_metrics_at(listen);
    }
}

fn finds_a_claim_in_the_metrics_at(listen: &str) {
    let folder = Folder::new();
    let emulator = folder.emulate(&["github", "--claim", "unheard_of=x"]);
    let port = free_port();
    let metrics = format!("[metrics]\nlisten = '{listen}:{port}'\n");
    folder.write("daypass.toml", &format!("{}{metrics}", local_settings("github", &emulator.issuer)));
    let server = folder.serve(&[]);
    let doctor = || Looked::of(&folder.run(&["doctor", "--json", "--url", &server.url]));
    assert!(doctor().has("ok", "unaccounted-claims"));
    let exchange = ["exchange", "--url", &server.url];
    assert_eq!(ran(folder.command(&exchange).envs(&emulator.variables)).status, 3);
    let looked = doctor();
    assert_eq!(
        (looked.status, looked.worse_than_notes()),
        (0, vec![("warning", "unaccounted-claims")]),
        "{looked:#?}"
    );
    assert!(looked.text().contains("unheard_of of `github`"), "{}", looked.text());
}
