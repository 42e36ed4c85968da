//! The audit stream: what waits for too long is found, and a file that cannot be written.

use std::fs;

use rusqlite::Connection;

use super::kit::{Installation, Looked, end, free_port};
use crate::support::{Folder, local_settings, ran, set_mode};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\n";

#[test]
fn a_stream_to_a_file_is_well_and_a_file_that_cannot_be_written_is_found() {
    let installation = Installation::new();
    fs::create_dir(installation.folder.path("logs")).unwrap();
    let settings = installation.folder.read("daypass.toml");
    assert!(!installation.doctor(&[]).has("note", "audit-stream"), "nothing is said of what nobody wants");
    installation
        .folder
        .write("daypass.toml", &format!("{settings}[audit.stream]\nfile = 'logs/audit.jsonl'\n"));
    assert!(installation.doctor(&["--strict"]).has("note", "audit-stream"), "it has not begun");
    let server = installation.folder.serve(&[]);
    // Begun by the server that delivers, soon after its start.
    while !installation.doctor(&["--strict"]).has("ok", "audit-stream") {}
    end(server);
    let looked = installation.doctor(&["--strict"]);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    let read_only = "mount --bind logs logs; mount -o remount,ro,bind logs";
    let looked = installation.doctor_mounted(read_only);
    assert_eq!(
        (looked.status, looked.worse_than_notes()),
        (1, vec![("fault", "audit-stream")]),
        "{looked:#?}"
    );
}

#[test]
fn what_a_receiver_has_not_taken_for_long_is_found() {
    let folder = Folder::new();
    let emulator = folder.emulate(&["github"]);
    set_mode(&folder.write("secret", SECRET), 0o600);
    let webhook = format!("webhook = 'http://127.0.0.1:{}/'\nsecret_file = 'secret'", free_port());
    let stream = format!("[audit.stream]\ninsecure_http = true\n{webhook}\n");
    folder.write("daypass.toml", &format!("{}{stream}", local_settings("github", &emulator.issuer)));
    let server = folder.serve(&[]);
    let exchange = ["exchange", "--url", &server.url];
    assert_eq!(ran(folder.command(&exchange).envs(&emulator.variables)).status, 3);
    let doctor = || Looked::of(&folder.run(&["doctor", "--json"]));
    while !doctor().text().contains("exchanges wait: 1, the oldest from ") {}
    assert_eq!(doctor().worse_than_notes(), [], "not for long");
    drop(server);
    let database = Connection::open(folder.path("daypass.db")).unwrap();
    database.execute_batch("UPDATE exchanges SET at = at - 3600000").unwrap();
    database.close().unwrap();
    let looked = doctor();
    assert_eq!(
        (looked.status, looked.worse_than_notes()),
        (0, vec![("warning", "audit-stream")]),
        "{looked:#?}"
    );
    assert!(looked.text().contains("nothing was delivered yet"), "{}", looked.text());
}
