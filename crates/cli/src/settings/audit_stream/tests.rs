//! Each rule of the stream, by tables of texts and what is said of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use daypass_app::audit_stream::Destination;
use daypass_store::StreamStart;

use crate::settings::{Overlay, Settings};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// A folder with secrets of several kinds.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        ("secret", SECRET, 0o600),
        ("exposed", SECRET, 0o644),
        ("hunter2", "hunter2", 0o600),
        ("short", "whsec_MDEy", 0o600),
    ];
    for (name, text, mode) in secrets {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    folder
}

fn read(folder: &Path, stream: &str) -> Result<Settings, String> {
    let text = format!("[audit.stream]\n{stream}\n");
    Settings::from_text(&folder.join("daypass.toml"), &text, &Overlay::default())
        .map_err(|faults| faults.to_string())
}

#[test]
fn each_destination_is_taken_and_nothing_said_is_none() {
    let folder = folder();
    assert!(read(folder.path(), "").is_err(), "a section that says nothing is a slip");
    let none = Settings::from_text(Path::new("daypass.toml"), "", &Overlay::default());
    assert!(none.is_ok_and(|settings| settings.audit_stream.settings.is_none()));
    for (text, start) in [
        ("stdout = true", StreamStart::Beginning),
        ("file = 'audit.jsonl'\nfrom = 'now'", StreamStart::Now),
        ("webhook = 'https://siem.example.com/in?key=1'\nsecret_file = 'secret'", StreamStart::Beginning),
        (
            "webhook = 'https://10.0.0.1/'\nsecret_file = 'secret'\nprivate_network = true",
            StreamStart::Beginning,
        ),
        (
            "webhook = 'http://127.0.0.1:1/'\nsecret_file = 'secret'\ninsecure_http = true",
            StreamStart::Beginning,
        ),
        ("webhook = 'https://localhost/'\nsecret_file = 'secret'", StreamStart::Beginning),
    ] {
        let settings = read(folder.path(), text).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
        let stream = settings.audit_stream.settings.unwrap();
        assert_eq!(stream.start, start, "{text}");
        match stream.destination {
            Destination::Webhook(webhook) => assert!(!webhook.shown().contains("key=1")),
            Destination::File(path) => assert_eq!(path, folder.path().join("audit.jsonl")),
            Destination::Stdout => assert!(text.contains("stdout")),
        }
    }
}

#[test]
fn each_rule_of_the_stream() {
    let folder = folder();
    for (text, fault) in [
        ("stdout = false", "says nowhere where to"),
        ("stdout = true\nfile = 'a'", "has one destination, and several are named"),
        ("file = 'absent/audit.jsonl'", "there is no folder `"),
        ("file = '.'", "is no file"),
        ("file = '/dev/null'", "is no file"),
        ("stdout = true\nfrom = 'today'", "`today` is neither"),
        ("stdout = true\nsecret_file = 'secret'", "`secret_file` belongs to a `webhook`"),
        ("file = 'a'\ninsecure_http = true", "`insecure_http` belongs to a `webhook`"),
        ("webhook = 'https://a.example/'", "needs `secret_file`"),
        ("webhook = 'http://a.example/'\nsecret_file = 'secret'", "write `https://…`"),
        ("webhook = 'http://a.example/'\nsecret_file = 'secret'\ninsecure_http = true", "without TLS"),
        ("webhook = 'http://127.0.0.1/'\nsecret_file = 'secret'", "write `insecure_http = true`"),
        (
            "webhook = 'http://127.0.0.1.example/'\nsecret_file = 'secret'\ninsecure_http = true",
            "without TLS",
        ),
        ("webhook = 'https://u:hunter2@a.example/'\nsecret_file = 'secret'", "it has a user name"),
        ("webhook = 'siem.example.com'\nsecret_file = 'secret'", "it has no scheme"),
        ("webhook = 'ftp://a.example/'\nsecret_file = 'secret'", "scheme"),
        ("webhook = 'https://a.example/'\nsecret_file = 'absent'", "there is no such file"),
        ("webhook = 'https://a.example/'\nsecret_file = 'exposed'", "chmod 600"),
        ("webhook = 'https://a.example/'\nsecret_file = 'hunter2'", "does not begin with `whsec_`"),
        ("webhook = 'https://a.example/'\nsecret_file = 'short'", "where 24 to 64 are wanted"),
        ("webhook = 'https://a.example/'\nsecret_file = 'secret'\nca_file = 'hunter2'", "`ca_file`"),
        ("webhok = 'https://a.example/'", "did you mean `webhook`?"),
        ("stdout = 'yes'", "`stdout`"),
    ] {
        let faults = read(folder.path(), text).err().unwrap_or_else(|| panic!("taken: {text}"));
        assert!(faults.contains(fault), "{text}\n{faults}");
        let told = faults.replace("hunter2`", "");
        assert!(!told.contains("hunter2") && !told.contains("MDEy"), "a secret is shown: {faults}");
    }
}
