//! `daypass config show`: what holds, where it is from, and that nothing secret is told or touched.

use serde_json::Value;

use crate::support::Folder;

/// Settings with all that must not be told or done.
fn with_secrets() -> Folder {
    let mut folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = \"https://pass.example.com\"

[store]
# Nobody listens there.
url = \"postgres://daypass:pa55word@127.0.0.1:1/daypass\"

[keys]
encryption_key_command = [\"touch\", \"was-run\"]
rotate_after = \"7d\"

[[issuers]]
name = \"github\"
provider = \"github\"

[outbound]
proxy = \"http://proxy.corp:3128\"
",
    );
    folder.set("DAYPASS_ENCRYPTION_KEY", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyLWI=");
    folder.set("DAYPASS_KEYS_ROTATE_AFTER", "10d");
    folder
}

#[test]
fn each_setting_is_shown_with_where_it_comes_from() {
    let folder = with_secrets();
    let flags = ["config", "show", "--listen", "127.0.0.1:9090", "--allow", "foreign_audience=moving over"];
    insta::assert_snapshot!(folder.ok(&flags));
}

#[test]
fn passwords_are_not_told_no_command_is_run_and_nothing_is_reached() {
    for json in [&["config", "show"][..], &["config", "show", "--json"]] {
        let mut folder = with_secrets();
        for url in ["postgres://u:pa55word@127.0.0.1:1/d", "postgres://u@127.0.0.1:1/d?password=pa55word"] {
            folder.set("DAYPASS_STORE_URL", url);
            let ran = folder.run(json);
            let told = ran.stdout + &ran.stderr;
            assert!(told.contains("127.0.0.1:1") || ran.status == 2, "{told}");
            assert!(!told.contains("pa55word") && !told.contains("c2VjcmV0"), "{told}");
        }
        assert!(!folder.path("was-run").exists());
    }
    let mut folder = with_secrets();
    folder.set("DAYPASS_OUTBOUND_PROXY", "http://user:pa55word@proxy.corp:3128");
    let ran = folder.run(&["config", "show"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(!ran.stderr.contains("pa55word"), "{}", ran.stderr);
}

#[test]
fn no_store_is_made_and_a_key_that_all_can_read_is_not_looked_at() {
    let folder = Folder::new();
    folder.write("tls.key", "no key, and everybody can read it");
    folder.write(
        "daypass.toml",
        "[http]\ntls_certificate_file = 'absent.crt'\ntls_key_file = 'tls.key'\n[keys]\nencryption_key_file = 'absent.key'\n",
    );
    folder.ok(&["config", "show"]);
    assert!(!folder.path("daypass.db").exists() && !folder.path("daypass.db.key").exists());
}

#[test]
fn for_machines_each_setting_is_an_object_on_a_line() {
    let told = with_secrets().ok(&["config", "show", "--json", "--policy-dir", "."]);
    let settings: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let from = |name: &str| {
        let setting = settings.iter().find(|setting| setting["setting"] == name).unwrap();
        (setting["value"].clone(), setting["from"].clone())
    };
    for (name, value, from_wanted) in [
        (
            "store.url",
            "postgres://daypass@127.0.0.1:1/daypass".into(),
            r#"{"kind":"file","file":"daypass.toml","line":5}"#,
        ),
        ("keys.rotate_after", "10d".into(), r#"{"kind":"variable","name":"DAYPASS_KEYS_ROTATE_AFTER"}"#),
        ("policy_dir", ".".into(), r#"{"kind":"flag","name":"--policy-dir"}"#),
        ("metrics.listen", Value::Null, r#"{"kind":"default"}"#),
    ] {
        assert_eq!(from(name), (value, serde_json::from_str(from_wanted).unwrap()), "{name}");
    }
}

#[test]
fn faults_are_told_as_the_server_tells_them() {
    let mut folder = Folder::new();
    let none = folder.run(&["config", "show"]);
    assert_eq!((none.status, none.stderr), (2, folder.run(&["serve"]).stderr));
    folder.write("daypass.toml", "listen = 'localhost:8080'\npolicy_dri = 'x'\n[limits]\nx = 1\n");
    folder.set("DAYPASS_PROJECTS_TTL", "soon");
    let ran = folder.run(&["config", "show", "--json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("daypass.toml:1:10") && ran.stderr.contains("4 faults"), "{}", ran.stderr);
    assert_eq!(ran.stderr, folder.run(&["serve"]).stderr);
}

#[test]
fn a_variable_that_is_almost_a_setting_is_told_beside_them() {
    let mut folder = Folder::new();
    folder.write("daypass.toml", "");
    folder.set("DAYPASS_LISTN", "127.0.0.1:1");
    let ran = folder.run(&["config", "show"]);
    assert!(ran.status == 0 && ran.stderr.contains("did you mean `DAYPASS_LISTEN`?"), "{ran:?}");
}
