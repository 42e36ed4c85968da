//! Metrics are shown on a listener of their own, and only where the settings say so.

use crate::support::{Folder, get};

const SETTINGS: &str = "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:0'\n";

fn metrics_url(line: &str) -> String {
    let url = line.split_once("metrics are at ").unwrap().1;
    url.split_once('"').unwrap().0.to_owned()
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let folder = Folder::new();
    folder.write("daypass.toml", &format!("{SETTINGS}[metrics]\nlisten = '127.0.0.1:0'\n"));
    let server = folder.serve(&[]);
    let line = server.standing.stderr_line(|line| line.contains("metrics are at"));
    let url = metrics_url(&line);
    assert_eq!(get(&format!("{}/v1.0/config", server.url), None).0, 401);
    let (status, text) = get(&url, None);
    assert_eq!(status, 200, "{line}: {text}");
    let counted = "daypass_http_requests_total{route=\"/v1.0/config\",status=\"401\"} 1";
    assert!(text.lines().any(|line| line == counted), "{text}");
    assert_eq!(get(&format!("{}/metrics", server.url), None).0, 404, "not where strangers come");
    assert_eq!(get(&url.replace("/metrics", "/v1.0/config"), None).0, 404, "and nothing else is there");
}

#[test]
fn without_the_setting_there_are_none() {
    let folder = Folder::new();
    folder.write("daypass.toml", SETTINGS);
    let mut server = folder.serve(&[]);
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    assert!(!server.standing.stderr().iter().any(|line| line.contains("metrics")));
}

#[test]
fn the_listener_of_the_server_is_refused_and_one_that_others_reach_is_a_warning() {
    let folder = Folder::new();
    folder.write(
        "daypass.toml",
        "public_url = 'http://127.0.0.1:8080'\nlisten = '127.0.0.1:18080'\n[metrics]\nlisten = '127.0.0.1:18080'\n",
    );
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("is that of the server itself") && ran.stderr.contains(":4:"),
        "{}",
        ran.stderr
    );
    folder.write("daypass.toml", &format!("{SETTINGS}[metrics]\nlisten = '0.0.0.0:0'\n"));
    let server = folder.serve(&[]);
    let line = server.standing.stderr_line(|line| line.contains("can read the metrics"));
    assert!(line.contains("WARN"), "{line}");
}

#[test]
fn an_address_that_is_taken_is_told_with_the_setting_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Folder::new();
    let address = taken.local_addr().unwrap();
    folder.write("daypass.toml", &format!("{SETTINGS}[metrics]\nlisten = '{address}'\n"));
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains("choose another address with `[metrics] listen`"), "{}", ran.stderr);
    assert!(!folder.path("daypass.db").exists(), "nothing was made");
}
