//! Faults of the settings as the operator sees them. The rules themselves are tested in the crate.

use crate::support::Folder;

#[test]
fn all_faults_are_listed_at_once_with_their_places() {
    let mut folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = \"https://pass.example.com/\"
listen = \"localhost:8080\"
policy_dri = \"policies\"

[store]
url = \"postgres://u:p4ss@db/daypass?sslmode=require\"

[keys]
encryption_key_file = \"a.key\"
encryption_key_command = [\"cat\", \"b.key\"]
algorithm = \"HS256\"

[[issuers]]
name = \"git hub\"
provider = \"githb\"

[[issuers]]
name = \"gitlab\"
provider = \"gitlab\"
url = \"http://gitlab.example.com\"
audiences = [\"https://gitlab.com\"]
token_reuse = 1

[projects]
ttl = \"15\"

[limits]
failures_per_minute_per_source = -1

[policy.allow]
empty_trsut = \"because\"
",
    );
    folder.set("DAYPASS_OUTBOUND_PROXY", "proxy.corp");
    let ran = folder.run(&["serve", "--allow", "over_ceiling"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr);
    assert!(!folder.path("daypass.db").exists());
}

#[test]
fn without_a_file_the_operator_is_told_how_to_make_one() {
    let mut folder = Folder::new();
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2);
    insta::assert_snapshot!("no_file", ran.stderr);
    let ran = folder.run(&["serve", "--config", "other.toml"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("other.toml: error: there is no such file"), "{}", ran.stderr);
    // A setting from elsewhere is enough: the file is not needed then.
    folder.set("DAYPASS_PUBLIC_URL", "http://127.0.0.1:8080");
    folder.serve(&["--listen", "127.0.0.1:0"]);
}

#[test]
fn a_policy_that_is_refused_stops_the_start_with_its_findings() {
    let folder = Folder::new();
    folder.write(
        "policies/deploy.toml",
        "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = 'github'\nrfe = 'x'\n",
    );
    folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\npolicy_dir = 'policies'\n[[issuers]]\n\
         name = 'github'\nprovider = 'github'\n",
    );
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains(" --> deploy.toml:4:1\n"), "{}", ran.stderr);
}
