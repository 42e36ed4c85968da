//! Signing keys by hand: looked at, rotated, revoked, sealed anew.

use serde_json::Value;

use crate::support::{Emulator, Folder, Server, get, local_settings, ran, set_mode};

pub(crate) const LOCAL: &str = "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n";
pub(crate) const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub(crate) const OTHER: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

/// A folder whose database holds the first key.
pub(crate) fn started(settings: &str) -> Folder {
    let folder = Folder::new();
    folder.write("daypass.toml", settings);
    drop(folder.serve(&[]));
    folder
}

pub(crate) fn listed(folder: &Folder) -> Vec<Value> {
    folder.ok(&["keys", "list", "--json"]).lines().map(json).collect()
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{value}: no {name}")).to_owned()
}

/// The key ids that the server publishes.
pub(crate) fn published(server: &Server) -> Vec<String> {
    let (status, body) = get(&format!("{}/.well-known/jwks.json", server.url), None);
    assert_eq!(status, 200);
    json(&body)["keys"].as_array().unwrap().iter().map(|key| text(key, "kid")).collect()
}

/// What is told, with every key id as `KEY-1`, `KEY-2` and every moment as `TIME`.
pub(crate) fn masked(told: &str, ids: &[&str]) -> String {
    let mut told = told.replace("(in 10 minutes 9 seconds)", "(in 10 minutes 10 seconds)");
    for (number, id) in (1..).zip(ids) {
        told = told.replace(id, &format!("KEY-{number}"));
    }
    let is_time = |word: &str| word.len() == 19 && word.starts_with("20");
    let words = told.split_inclusive([' ', '\n']).map(|word| match word.split_once('Z') {
        Some((time, rest)) if is_time(time) => format!("TIME{rest}"),
        _ => word.to_owned(),
    });
    words.collect()
}

struct Job {
    emulator: Emulator,
    server: Server,
}

/// A server that a job of an onboarded repository can use.
fn job(folder: &Folder, keys: &str) -> Job {
    let emulator = folder.emulate(&["github"]);
    folder.write("daypass.toml", &format!("{}[keys]\n{keys}\n", local_settings("github", &emulator.issuer)));
    folder.onboard_github();
    let server = folder.serve(&[]);
    Job { emulator, server }
}

impl Job {
    fn pass(&self, folder: &Folder) -> String {
        let mut command = folder.command(&["exchange", "--url", &self.server.url]);
        let ran = ran(command.envs(&self.emulator.variables));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    fn whoami(&self, pass: &str) -> u16 {
        get(&format!("{}/v1.0/whoami", self.server.url), Some(pass)).0
    }

    /// Waits until this holds of what the server publishes.
    fn until_published(&self, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        loop {
            let keys = published(&self.server);
            if is_so(&keys) {
                return keys;
            }
        }
    }
}

#[test]
fn a_key_is_announced_once_and_listed() {
    let folder = started(&format!("{LOCAL}[keys]\nalgorithm = 'EdDSA'\n"));
    let [first] = listed(&folder).try_into().unwrap();
    assert_eq!((text(&first, "status"), text(&first, "algorithm")), ("signing".into(), "EdDSA".into()));
    assert_eq!(first["published_until"], Value::Null);
    folder.write("daypass.toml", LOCAL);
    let told = folder.ok(&["keys", "rotate"]);
    let [first, second] = listed(&folder).try_into().unwrap();
    let ids = [text(&first, "key_id"), text(&second, "key_id")];
    let ids = [ids[0].as_str(), ids[1].as_str()];
    assert_eq!((text(&second, "status"), text(&second, "algorithm")), ("announced".into(), "ES256".into()));
    insta::assert_snapshot!(masked(&told, &ids), @r"
    KEY-2 (ES256) is made and published, and signs from TIME (in 10 minutes 10 seconds)
    until then KEY-1 signs; its passes are taken until they expire
    ");
    insta::assert_snapshot!(masked(&folder.ok(&["keys", "rotate"]), &ids), @r"
    KEY-2 (ES256) is published already, and signs from TIME (in 10 minutes 10 seconds); no other was made
    ");
    insta::assert_snapshot!(masked(&folder.ok(&["keys", "list"]), &ids), @r"
    KEY ID                                       STATUS     ALGORITHM  SIGNS FROM            UNTIL
    KEY-1  signing    EdDSA      TIME  TIME
    KEY-2  announced  ES256      TIME
    ");
    let again = json(&folder.ok(&["keys", "rotate", "--json"]));
    assert_eq!((again["made"].as_bool(), again["key"]["key_id"].as_str()), (Some(false), Some(ids[1])));
    // One that is announced has another algorithm than the settings say now.
    folder.write("daypass.toml", &format!("{LOCAL}[keys]\nalgorithm = 'RS256'\n"));
    let made = json(&folder.ok(&["keys", "rotate", "--json"]));
    assert_eq!((made["made"].as_bool(), made["replaces"].as_str()), (Some(true), Some(ids[1])));
    assert_eq!(made["key"]["algorithm"], "RS256");
    let server = folder.serve(&[]);
    server
        .standing
        .stderr_line(|line| line.contains("the key that signs is of EdDSA and the settings say RS256"));
    assert_eq!(published(&server).len(), 3);
}

#[test]
fn a_compromised_key_is_refused_by_servers_that_run() {
    let folder = Folder::new();
    let job = job(&folder, "jwks_max_age = '1m'");
    let stolen = job.pass(&folder);
    let [first] = listed(&folder).try_into().unwrap();
    let first = text(&first, "key_id");
    assert_eq!((job.whoami(&stolen), published(&job.server)), (200, vec![first.clone()]));
    let told = folder.ok(&["keys", "rotate", "--compromised"]);
    let keys = job.until_published(|keys| !keys.contains(&first));
    assert_eq!(job.whoami(&stolen), 401);
    assert_eq!(job.whoami(&job.pass(&folder)), 200);
    insta::assert_snapshot!(masked(&told, &[&first, &keys[0]]), @r"
    KEY-1 is revoked since TIME: servers take no pass that it signed and publish it no more within 2 s, or 10 s where they cannot reach the database
    other APIs refuse them when they next fetch the keys, which they may keep for 1m, or when they restart
    KEY-2 (ES256) signs now
    ");
    insta::assert_snapshot!(masked(&folder.ok(&["keys", "list"]), &[&first, &keys[0]]), @r"
    KEY ID                                       STATUS   ALGORITHM  SIGNS FROM            UNTIL
    KEY-1  revoked  ES256      TIME  TIME
    KEY-2  signing  ES256      TIME
    ");

    // The answer was lost, and the command is given again.
    let retried = folder.ok(&["keys", "rotate", "--compromised"]);
    insta::assert_snapshot!(masked(&retried, &[&first, &keys[0]]), @r"
    KEY-1 is revoked already, since TIME, and KEY-2 signs in its place: nothing was done
    to revoke that one too: daypass keys rotate --compromised=KEY-2
    ");
    let retried = json(&folder.ok(&["keys", "rotate", "--compromised", "--json"]));
    assert_eq!(
        (&retried["revoked"], &retried["was_before"]),
        (&Value::from(first.as_str()), &Value::from(true))
    );
    assert_eq!(published(&job.server), keys);
    let again = folder.run(&["keys", "rotate", &format!("--compromised={first}")]);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("is revoked already"), "{}", again.stderr);
    let empty = folder.run(&["keys", "rotate", "--compromised="]);
    assert_eq!(empty.status, 2, "a variable that is not set revokes nothing: {}", empty.stdout);
    let unknown = folder.run(&["keys", "rotate", "--compromised=x"]);
    assert_eq!(unknown.status, 2);
    assert!(
        unknown.stderr.contains("there is no signing key `x`; `daypass keys list`"),
        "{}",
        unknown.stderr
    );
    // One that does not sign yet needs no successor.
    let announced = text(&json(&folder.ok(&["keys", "rotate", "--json"]))["key"], "key_id");
    job.until_published(|keys| keys.contains(&announced));
    let revoked = folder.ok(&["keys", "rotate", &format!("--compromised={announced}"), "--json"]);
    let revoked = json(&revoked);
    assert_eq!((&revoked["successor"], &revoked["signing"]), (&Value::Null, &Value::from(keys[0].as_str())));
    assert_eq!(revoked["was_before"], false);
    job.until_published(|published| *published == keys);
}

#[test]
fn keys_are_sealed_anew_while_a_server_runs() {
    let mut folder = Folder::new();
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    let job = job(&folder, "");
    let pass = job.pass(&folder);
    set_mode(&folder.write("new.key", &format!("{OTHER}\n")), 0o640);
    let exposed = folder.run(&["keys", "rewrap", "--new-key-file", "new.key"]);
    assert_eq!(exposed.status, 2);
    assert!(exposed.stderr.contains("other users can read or change it"), "{}", exposed.stderr);
    set_mode(&folder.path("new.key"), 0o600);
    let told = folder.ok(&["keys", "rewrap", "--new-key-file", "new.key"]);
    insta::assert_snapshot!(told, @r"
    1 signing key is sealed under the encryption key of `new.key`, and no longer under that of DAYPASS_ENCRYPTION_KEY
    next:
      1. give the new key to the settings, where the old one is now
      2. restart every server; until then they go on with the keys that they have, and cannot make or open another
      3. keep the old key for as long as you keep backups of the database from before
    ");
    assert_eq!((job.whoami(&pass), job.whoami(&job.pass(&folder))), (200, 200));
    // What has the old key only does not go on by itself.
    for command in [
        &["serve"][..],
        &["keys", "rotate"],
        &["keys", "rotate", "--compromised"],
        &["keys", "rewrap", "--new-key-file", "new.key"],
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.status, 2, "{command:?}");
        assert!(
            ran.stderr.contains("sealed under another encryption key than that of DAYPASS_ENCRYPTION_KEY"),
            "{}",
            ran.stderr
        );
    }
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    let restarted = folder.serve(&[]);
    assert_eq!(get(&format!("{}/v1.0/whoami", restarted.url), Some(&pass)).0, 200);
    let same = folder.run(&["keys", "rewrap", "--new-key-file", "new.key"]);
    assert_eq!(same.status, 2);
    assert!(same.stderr.contains("the new encryption key is the present one"), "{}", same.stderr);
    for (variable, stderr) in [
        ("", "there is no new encryption key"),
        ("x", "DAYPASS_NEW_ENCRYPTION_KEY: an encryption key is 32 bytes"),
    ] {
        folder.set("DAYPASS_NEW_ENCRYPTION_KEY", variable);
        let ran = folder.run(&["keys", "rewrap"]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(stderr) && !ran.stderr.contains(OTHER), "{}", ran.stderr);
    }
    folder.set("DAYPASS_NEW_ENCRYPTION_KEY", KEY);
    let by_variable = folder.run(&["keys", "rewrap", "--json"]);
    assert!(
        by_variable.stderr.starts_with("keep the key of DAYPASS_NEW_ENCRYPTION_KEY"),
        "{}",
        by_variable.stderr
    );
    let by_variable = json(&by_variable.stdout);
    assert_eq!(
        (&by_variable["sealed_anew"], &by_variable["to"]),
        (&Value::from(1), &Value::from("DAYPASS_NEW_ENCRYPTION_KEY"))
    );
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    let by_command = folder.ok(&["keys", "rewrap", "--new-key-command", "cat", "new.key"]);
    assert!(by_command.contains("of what `cat` printed"), "{by_command}");
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    let failed = folder.run(&["keys", "rewrap", "--new-key-command", "false"]);
    assert!(
        failed.status == 2 && failed.stderr.contains("`--new-key-command`: `false` failed"),
        "{}",
        failed.stderr
    );
}

#[test]
fn nothing_is_sealed_under_a_key_that_is_kept_nowhere() {
    let mut folder = Folder::new();
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    folder.write("daypass.toml", LOCAL);
    drop(folder.serve(&[]));
    let script = "head -c 32 /dev/urandom | base64";
    let made = folder.run(&["keys", "rewrap", "--new-key-command", "sh", "-c", script]);
    assert_eq!((made.status, made.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(made.stderr, @"error: `--new-key-command`: `sh` prints another key each time; it must print one that is kept, or nothing would open what is sealed under it");
    let daypass = env!("CARGO_BIN_EXE_daypass");
    let piped = format!("'{daypass}' keys rewrap --new-key-file <({script})");
    let piped = ran(&mut folder.command_of("bash", &["-c", &piped]));
    assert_eq!((piped.status, piped.stdout.as_str()), (2, ""));
    assert!(piped.stderr.contains("it is no file that is kept"), "{}", piped.stderr);
    // What was sealed before is still sealed so.
    drop(folder.serve(&[]));
    set_mode(&folder.write("new.key", &format!("{OTHER}\n")), 0o600);
    folder.ok(&["keys", "rewrap", "--new-key-command", "cat", "new.key"]);
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    drop(folder.serve(&[]));
}

#[test]
fn commands_that_find_no_keys_make_none() {
    let folder = Folder::new();
    folder.write("daypass.toml", LOCAL);
    for command in [
        &["keys", "list"][..],
        &["keys", "rotate"],
        &["keys", "rotate", "--compromised"],
        &["keys", "rotate", "--lost-encryption-key"],
        &["keys", "rewrap"],
    ] {
        let ran = folder.run(command);
        assert_eq!((ran.status, ran.stdout.as_str()), (4, ""), "{command:?}");
        assert!(ran.stderr.contains("there is no database `daypass.db` yet"), "{}", ran.stderr);
    }
    folder.write("daypass.toml", &format!("{LOCAL}[[issuers]]\nname = 'github'\nprovider = 'github'\n"));
    folder.ok(&["project", "add", "a/b", "--issuer", "github", "--id", "1", "--owner-id", "2"]);
    for command in [
        &["keys", "rotate"][..],
        &["keys", "rotate", "--compromised"],
        &["keys", "rotate", "--lost-encryption-key"],
        &["keys", "rewrap"],
    ] {
        let ran = folder.run(command);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{command:?}");
        assert!(ran.stderr.contains("there is no signing key yet"), "{}", ran.stderr);
    }
    assert_eq!(folder.run(&["keys", "list"]).stdout, "");
    assert!(!folder.path("daypass.db.key").exists());
}

#[test]
fn a_running_server_rotates_on_schedule() {
    let folder = Folder::new();
    let job = job(&folder, "rotate_after = '10s'\njwks_max_age = '1s'");
    let (pass, first) = (job.pass(&folder), published(&job.server));
    let both = job.until_published(|keys| keys.len() > 1);
    assert_eq!(both[0], first[0], "the one that signs comes first");
    assert_eq!(job.whoami(&pass), 200);
    let listed = listed(&folder);
    assert_eq!((text(&listed[0], "key_id"), text(&listed[1], "key_id")), (both[0].clone(), both[1].clone()));
    assert_eq!(
        (text(&listed[0], "status"), text(&listed[1], "status")),
        ("signing".into(), "announced".into())
    );
}

#[test]
fn a_key_that_a_wrong_clock_dated_is_told_of_and_can_be_taken_out() {
    let folder = started(LOCAL);
    let first = text(&listed(&folder)[0], "key_id");
    let wrong = text(&json(&folder.ok(&["keys", "rotate", "--json"]))["key"], "key_id");
    let database = rusqlite::Connection::open(folder.path("daypass.db")).unwrap();
    let later = "UPDATE signing_keys SET created_at = created_at + 86400000, activates_at = activates_at + 86400000 \
                 WHERE key_id = ?1";
    assert_eq!(database.execute(later, [&wrong]).unwrap(), 1);
    database.close().unwrap();
    let told = folder.run(&["keys", "rotate"]);
    assert_eq!((told.status, told.stdout.as_str()), (4, ""));
    insta::assert_snapshot!(masked(&told.stderr, &[&first, &wrong]), @"error: the signing key `KEY-2` was made at TIME, and it is TIME by the clock of this machine: set the clock right that is wrong, of this machine or of the one that made the key; if it was that one's, take the key out: daypass keys rotate --compromised=KEY-2");
    folder.serve(&[]).standing.stderr_line(|line| line.contains("the signing keys are not rotated"));
    let revoked = json(&folder.ok(&["keys", "rotate", &format!("--compromised={wrong}"), "--json"]));
    assert_eq!((&revoked["signing"], &revoked["successor"]), (&Value::from(first.as_str()), &Value::Null));
    let made = json(&folder.ok(&["keys", "rotate", "--json"]));
    assert_eq!((made["made"].as_bool(), &made["replaces"]), (Some(true), &Value::from(first.as_str())));
}
