//! Tokens for reading.

use daypass_jose::base64url;

use crate::support::Folder;

fn token(header: &str, claims: &str) -> String {
    format!("{}.{}.c2lnbmF0dXJl", base64url::encode(header), base64url::encode(claims))
}

fn github() -> String {
    token(
        r#"{"alg":"RS256","kid":"1","typ":"JWT"}"#,
        r#"{"iss":"https://token.actions.githubusercontent.com","aud":"pass.example.com","sub":"repo:octo-org/octo-repo:ref:refs/heads/main","repository":"octo-org/octo-repo","repository_owner_id":"65","iat":0,"exp":"never"}"#,
    )
}

#[test]
fn a_token_is_decoded_and_nothing_is_verified() {
    let folder = Folder::new();
    let shown = folder.ok(&["inspect", &github()]);
    assert!(shown.starts_with("NOTHING HERE IS VERIFIED"));
    // The only time that is told from now is the epoch's.
    let steady: Vec<&str> = shown.lines().filter(|line| !line.contains("1970-01-01")).collect();
    insta::assert_snapshot!(steady.join("\n"));
}

#[test]
fn githubs_whole_answer_is_taken_from_stdin() {
    let ran = Folder::new()
        .run_with_input(&["inspect", "-"], &format!("{{\"count\":1,\"value\":\"{}\"}}", github()));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("take it out with `jq -r .value`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("GitHub Actions job"), "{}", ran.stdout);
}

#[test]
fn a_broken_token_is_shown_as_far_as_it_goes() {
    let folder = Folder::new();
    let good = github();
    let broken = good.replacen('.', ".!", 1);
    let ran = folder.run(&["inspect", &broken]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stdout);
    let ran = folder.run(&["inspect", "hello"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("no_token", ran.stdout);
}

#[test]
fn what_a_token_says_cannot_command_the_terminal() {
    let shown =
        Folder::new().ok(&["inspect", &token(r#"{"alg":"ES256"}"#, r#"{"sub":"\u001b[2Jx\ny","exp":1}"#)]);
    assert!(!shown.contains('\u{1b}') && !shown.contains("\ny"), "{shown}");
}

#[test]
fn machines_get_json() {
    let folder = Folder::new();
    let shown: serde_json::Value =
        serde_json::from_str(&folder.ok(&["inspect", &github(), "--json"])).unwrap();
    assert_eq!(shown["verified"], false);
    assert_eq!(shown["claims"]["repository_owner_id"], "65");
    assert_eq!(shown["signature_size_bytes"], 9);
}
