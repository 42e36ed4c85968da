//! What is logged of an exchange, and what never is, however much is asked for. Every other test that starts a server looks
//! at its log too, when it ends: see `Standing`.

use crate::support::{Folder, get, local_settings, shows_token};

/// The identity token that the emulator gives to the job.
fn identity_token(variables: &std::collections::BTreeMap<String, String>, audience: &str) -> String {
    let url = format!("{}&audience={audience}", variables["ACTIONS_ID_TOKEN_REQUEST_URL"]);
    let (status, body) = get(&url, Some(&variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]));
    assert_eq!(status, 200, "{body}");
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    answer["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_log_of_everything_has_each_exchange_and_no_part_of_a_token() {
    let mut folder = Folder::new();
    let emulator = folder.emulate(&["github"]);
    folder.write("daypass.toml", &local_settings("github", &emulator.issuer));
    folder.set("DAYPASS_LOG", "trace");
    folder.onboard_github();
    let mut server = folder.serve(&[]);
    let exchange = |token: &str| get(&format!("{}/v1.0/auth/jwt", server.url), Some(token));
    let good = identity_token(&emulator.variables, "127.0.0.1");
    let (status, pass) = exchange(&good);
    assert_eq!(status, 200, "{pass}");
    let elsewhere = identity_token(&emulator.variables, "elsewhere.example.com");
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, elsewhere.rsplit_once('.').unwrap().1);
    let cut = good.split_at(good.len() / 2).0;
    for refused in [&good, &elsewhere, &forged, cut, pass.trim()] {
        let (status, body) = exchange(refused);
        assert_eq!(status, 401, "{body}");
    }
    assert_eq!(get(&format!("{}/v1.0/config", server.url), Some(pass.trim())).0, 200);
    assert_eq!(get(&format!("{}/v1.0/config", server.url), Some(&good)).0, 401);
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    let log = server.standing.stderr();
    let lines = |part: &str| log.iter().filter(|line| line.contains(part)).count();
    assert_eq!((lines("\"allowed\""), lines("\"refused\"")), (1, 5), "one line each: {log:#?}");
    for token in [&good, &elsewhere, &forged, pass.trim()] {
        for part in token.split('.') {
            assert_eq!(lines(part), 0, "a part of a token is in the log");
        }
    }
    assert_eq!(lines("\"answered\""), 8, "all of it was asked for: {log:#?}");
}

#[test]
fn a_part_of_a_token_is_seen_as_one() {
    for line in [
        "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ",
        "x=eyJhbGciOiJSUzI1NiJ9&y",
        "eyJeyJhbGciOiJSUzI1NiJ9",
    ] {
        assert!(shows_token(line), "{line}");
    }
    for line in ["", "eyJ", "eyJ short", "they Jumped over a long word: internationalization"] {
        assert!(!shows_token(line), "{line}");
    }
}
