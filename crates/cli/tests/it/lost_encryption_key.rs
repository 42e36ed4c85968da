//! Signing keys whose encryption key is lost, or which is only not the one that the settings name.

use crate::keys::{KEY, LOCAL, OTHER, json, listed, masked, published, started, text};
use crate::support::Folder;

const TELL: [&str; 3] = ["keys", "rotate", "--lost-encryption-key"];
const GIVE_UP: [&str; 4] = ["keys", "rotate", "--lost-encryption-key", "--yes"];

/// The id of the one key that is listed with this status.
fn with_status(folder: &Folder, status: &str) -> String {
    let mut all = listed(folder);
    all.retain(|key| key["status"] == status);
    let [one] = all.try_into().unwrap();
    text(&one, "key_id")
}

#[test]
fn keys_whose_encryption_key_is_lost_are_given_up_by_this_command_alone() {
    let folder = started(LOCAL);
    for command in [&TELL[..], &GIVE_UP] {
        let nothing = folder.run(command);
        assert_eq!(nothing.status, 2);
        assert!(
            nothing.stderr.contains("every signing key opens under this encryption key"),
            "{}",
            nothing.stderr
        );
    }
    let first = with_status(&folder, "signing");
    std::fs::remove_file(folder.path("daypass.db.key")).unwrap();
    for other in [&["serve"][..], &["keys", "rotate"], &["keys", "rotate", "--compromised"]] {
        let ran = folder.run(other);
        assert_eq!(ran.status, 2, "{other:?}");
        assert!(ran.stderr.contains("put the key back into `daypass.db.key`"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("--lost-encryption-key"), "{}", ran.stderr);
        assert!(!folder.path("daypass.db.key").exists());
    }
    let told = folder.run(&TELL);
    assert_eq!(told.status, 2);
    insta::assert_snapshot!(masked(&told.stdout, &[&first]), @"
    there is no encryption key in `daypass.db.key`, where it is looked for, to open KEY-1
    with `--yes`: a new encryption key is made there; what is not opened is revoked for good, and passes that it signed are taken no more; a new key is made, which signs at once
    ");
    insta::assert_snapshot!(told.stderr, @"
    error: nothing was changed: look for the encryption key that was there before, and put it back; add `--yes` only where it is lost for good
    ");
    assert!(!folder.path("daypass.db.key").exists(), "no encryption key is made");
    assert_eq!(with_status(&folder, "signing"), first, "nothing gave it up");
    let given_up = folder.run(&GIVE_UP);
    assert_eq!(given_up.status, 0, "{}", given_up.stderr);
    assert!(given_up.stderr.contains("made an encryption key in `daypass.db.key`"), "{}", given_up.stderr);
    assert_eq!(with_status(&folder, "revoked"), first);
    let new = with_status(&folder, "signing");
    insta::assert_snapshot!(masked(&given_up.stdout, &[&first, &new]), @"
    revoked, since the encryption key does not open them: KEY-1
    passes that they signed are taken no more
    KEY-2 (ES256) is new, and signs at once
    next: start every server with this encryption key; one that still runs with another gives no pass
    ");
    assert_eq!(published(&folder.serve(&[])), [new]);
}

#[test]
fn whoever_names_the_wrong_encryption_key_is_told_and_loses_nothing() {
    let mut folder = Folder::new();
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    folder.write("daypass.toml", LOCAL);
    drop(folder.serve(&[]));
    let before = listed(&folder);
    let first = text(&before[0], "key_id");
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    let told = folder.run(&TELL);
    assert_eq!(told.status, 2);
    insta::assert_snapshot!(masked(&told.stdout, &[&first]), @"
    the encryption key of DAYPASS_ENCRYPTION_KEY does not open KEY-1
    with `--yes`: what is not opened is revoked for good, and passes that it signed are taken no more; a new key is made, which signs at once
    ");
    let told = folder.run(&[&TELL[..], &["--json"]].concat());
    assert_eq!(told.status, 2);
    assert!(told.stderr.contains("nothing was changed"), "{}", told.stderr);
    assert_eq!(
        json(&told.stdout),
        serde_json::json!({
            "would_give_up": [first],
            "encryption_key": "DAYPASS_ENCRYPTION_KEY",
            "makes_encryption_key": false,
            "makes_signing_key": true,
        })
    );
    assert_eq!(listed(&folder), before);
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    assert_eq!(published(&folder.serve(&[])), [first]);
}

#[test]
fn a_key_that_was_given_up_is_told_of_where_the_others_are_sealed_anew() {
    let mut folder = Folder::new();
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    folder.write("daypass.toml", LOCAL);
    drop(folder.serve(&[]));
    let first = with_status(&folder, "signing");
    folder.set("DAYPASS_ENCRYPTION_KEY", OTHER);
    let given_up = json(&folder.ok(&[&GIVE_UP[..], &["--json"]].concat()));
    assert_eq!(given_up["given_up"], serde_json::json!([first]));
    folder.set("DAYPASS_NEW_ENCRYPTION_KEY", KEY);
    let rewrapped = folder.run(&["keys", "rewrap"]);
    assert_eq!(rewrapped.status, 0, "{}", rewrapped.stderr);
    let left =
        format!("that the encryption key of DAYPASS_ENCRYPTION_KEY does not open stay as they are: {first}");
    assert!(rewrapped.stderr.contains(&left), "{}", rewrapped.stderr);
    assert!(rewrapped.stdout.starts_with("1 signing key is sealed"), "{}", rewrapped.stdout);
    folder.set("DAYPASS_ENCRYPTION_KEY", KEY);
    folder.set("DAYPASS_NEW_ENCRYPTION_KEY", OTHER);
    let all = json(&folder.ok(&["keys", "rewrap", "--json"]));
    assert_eq!((&all["sealed_anew"], &all["left"]), (&serde_json::json!(2), &serde_json::json!([])));
}
