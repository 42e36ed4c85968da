//! Where the encryption key may come from, and what stops the start.

use crate::support::{Folder, mode_of, set_mode};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
const PUBLIC: &str = "public_url = 'https://pass.example.com'\nlisten = '127.0.0.1:0'\n";
const LOCAL: &str = "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n";

fn refused(folder: &Folder) -> String {
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains(KEY.trim()));
    ran.stderr
}

fn settings(folder: &Folder, base: &str, keys: &str) {
    folder.write("daypass.toml", &format!("{base}[keys]\n{keys}\n"));
}

#[test]
fn a_server_on_this_machine_makes_a_key_once() {
    let folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    let server = folder.serve(&[]);
    server.standing.stderr_line(|line| line.contains("made an encryption key in `daypass.db.key`"));
    drop(server);
    let key = folder.read("daypass.db.key");
    assert_eq!((key.len(), mode_of(&folder.path("daypass.db.key"))), (45, 0o600));
    let mut server = folder.serve(&[]);
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    assert!(!server.standing.stderr().iter().any(|line| line.contains("made an encryption key")));
    assert_eq!(folder.read("daypass.db.key"), key);
}

#[test]
fn a_made_key_that_others_can_read_is_refused() {
    let folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    set_mode(&folder.write("daypass.db.key", KEY), 0o640);
    assert!(refused(&folder).contains("other users can read"));
}

#[test]
fn a_server_for_others_makes_none() {
    let folder = Folder::new();
    folder.write("daypass.toml", PUBLIC);
    insta::assert_snapshot!(refused(&folder));
    assert!(!folder.path("daypass.db.key").exists() && !folder.path("daypass.db").exists());
}

#[test]
fn a_server_whose_database_others_use_too_makes_none_and_shows_no_password() {
    let mut folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    folder.set("DAYPASS_STORE_URL", "postgres://daypass:s3cret@127.0.0.1:1/daypass");
    let told = refused(&folder);
    assert!(told.contains("there is no encryption key") && told.contains("the store is a file"), "{told}");
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY.trim());
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains("postgres://daypass@127.0.0.1:1/daypass"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn a_key_file_is_the_owners_alone() {
    let folder = Folder::new();
    settings(&folder, PUBLIC, "encryption_key_file = 'secret.key'");
    assert!(refused(&folder).contains("`secret.key`: there is no such file"));
    let path = folder.write("secret.key", KEY);
    for mode in [0o644, 0o640, 0o604, 0o660] {
        set_mode(&path, mode);
        assert!(refused(&folder).contains("chmod 600 'secret.key'"), "{mode:o}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&path, mode);
        folder.serve(&[]);
    }
    folder.write("short.key", "MDEyMzQ1\n");
    set_mode(&folder.path("short.key"), 0o600);
    settings(&folder, PUBLIC, "encryption_key_file = 'short.key'");
    assert!(refused(&folder).contains("`short.key`: an encryption key is 32 bytes in base64"));
}

#[test]
fn a_command_prints_the_key_and_no_shell_runs_it() {
    let folder = Folder::new();
    folder.write("secret.key", KEY);
    settings(&folder, PUBLIC, "encryption_key_command = ['cat', 'secret.key']");
    folder.serve(&[]);
    for (command, fault) in [
        ("['cat', 'secret.key; true']", "`cat` failed"),
        ("['false']", "`false` failed"),
        ("['no-such-command']", "cannot be started"),
        ("['echo', 'x']", "what `echo` printed: an encryption key is 32 bytes"),
        ("['head', '-c', '5000', '/dev/zero']", "printed more than 4096 bytes"),
    ] {
        settings(&folder, PUBLIC, &format!("encryption_key_command = {command}"));
        let told = refused(&folder);
        assert!(told.contains(fault), "{command}: {told}");
    }
}

#[test]
fn the_environment_gives_the_key_then_the_service_manager() {
    let mut folder = Folder::new();
    folder.write("daypass.toml", PUBLIC);
    folder.write("credentials/daypass-encryption-key", KEY);
    let credentials = folder.path("credentials").display().to_string();
    folder.set("CREDENTIALS_DIRECTORY", &credentials);
    folder.serve(&[]);
    folder.set("DAYPASS_ENCRYPTION_KEY", "x");
    assert!(refused(&folder).contains("DAYPASS_ENCRYPTION_KEY: an encryption key is 32 bytes"));
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY.trim());
    folder.serve(&[]);
}

#[test]
fn another_key_than_that_of_the_database_is_noticed_at_the_start() {
    let mut folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    folder.serve(&[]);
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY.trim());
    let told = refused(&folder);
    insta::assert_snapshot!(told, @r#"
    error: the signing keys in `daypass.db` are sealed under another encryption key than that of DAYPASS_ENCRYPTION_KEY, or altered
      help: name the key that was there before: `[keys]`, DAYPASS_ENCRYPTION_KEY, or the systemd credential `daypass-encryption-key`
      help: only if it is lost for good, and not while it may still be found: docs/keys.md, "The encryption key is lost"; every pass that is out becomes invalid then
    "#);
}

#[test]
fn no_key_takes_the_place_of_one_that_is_lost() {
    let folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    folder.serve(&[]);
    let key = folder.read("daypass.db.key");
    std::fs::remove_file(folder.path("daypass.db.key")).unwrap();
    insta::assert_snapshot!(refused(&folder), @r#"
    error: the encryption key is not there under which the signing keys in `daypass.db` are sealed; no other can take its place
      help: put the key back into `daypass.db.key` (mode 0600)
      help: only if it is lost for good, and not while it may still be found: docs/keys.md, "The encryption key is lost"; every pass that is out becomes invalid then
    "#);
    assert!(!folder.path("daypass.db.key").exists());
    settings(&folder, LOCAL, "encryption_key_file = 'mine.key'");
    assert!(refused(&folder).contains("put the key back into `mine.key`"));
    folder.write("daypass.toml", PUBLIC);
    assert!(refused(&folder).contains("put the key back and name it"));
    folder.write("daypass.toml", LOCAL);
    set_mode(&folder.write("daypass.db.key", &key), 0o600);
    folder.serve(&[]);
}

#[test]
fn a_start_that_fails_leaves_no_key_behind() {
    let folder = Folder::new();
    folder.write("policies/broken.toml", "[roles.deploy]\nrfe = 'x'\n");
    folder.write("daypass.toml", &format!("policy_dir = 'policies'\n{LOCAL}"));
    assert!(refused(&folder).contains("broken.toml:2"));
    assert!(!folder.path("daypass.db.key").exists());
    folder.write("daypass.toml", LOCAL);
    let ran = folder.run(&["serve", "--store-url", "sqlite://nowhere/daypass.db"]);
    assert_eq!(ran.status, 4);
    folder.write("no.db", "this is not a database, and never was one");
    assert_eq!(folder.run(&["serve", "--store-url", "sqlite://no.db"]).status, 4);
    assert!(!folder.path("no.db.key").exists());
    folder.serve(&[]);
    assert!(folder.path("daypass.db.key").exists());
}
