//! `daypass doctor --negative`: a real server refuses all of it, and one that wrongly says yes is found.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::between::Between;
use super::kit::{Looked, free_port};
use crate::support::{Emulator, Folder, Server, get, local_settings, shows_token};

/// What somebody is told who runs a server that lets strangers in.
const ALARM: &str = "off the network";

struct Stage {
    folder: Folder,
    #[expect(dead_code, reason = "runs until it is dropped")]
    emulator: Emulator,
    server: Server,
}

impl Stage {
    fn new() -> Self {
        let folder = Folder::new();
        let emulator = folder.emulate(&["github"]);
        folder.write("daypass.toml", &local_settings("github", &emulator.issuer));
        let server = folder.serve(&[]);
        Self { folder, emulator, server }
    }

    fn negative(&self, url: &str) -> Looked {
        let ran = self.folder.run(&["doctor", "--negative", "--json", "--url", url]);
        assert!(!ran.stdout.lines().chain(ran.stderr.lines()).any(shows_token), "{ran:?}");
        Looked::of(&ran)
    }
}

#[test]
fn a_server_refuses_all_of_it_gives_nothing_and_one_that_says_yes_to_anything_is_found_by_its_name() {
    let stage = Stage::new();
    let clean = Between::start(&stage.server.url, |_, answer| answer);
    let looked = stage.negative(&clean.url);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    let refusals = clean.refusals.load(Ordering::SeqCst);
    assert!(refusals >= 20 && looked.count("refuses-") == refusals, "{refusals} {looked:#?}");
    let given = stage.folder.ok(&["audit", "list", "--outcome", "success", "--json"]);
    assert_eq!(given, "", "nothing was obtained");

    let (mut names, mut alarms) = (BTreeSet::new(), 0);
    for number in 1..=refusals {
        let looked = stage.negative(&Between::with_status(&stage.server.url, number, "200 OK").url);
        let found = looked.worse_than_notes();
        assert!(looked.status == 1 && found.len() == 1 && found[0].0 == "fault", "{number}: {looked:#?}");
        assert!(looked.text().contains("it said yes: 200"), "{}", looked.text());
        alarms += usize::from(looked.text().contains(ALARM));
        names.insert(found[0].1.to_owned());
    }
    assert_eq!(names.len(), refusals, "each by its own name");
    assert!(alarms > refusals / 2, "{alarms}");
}

#[test]
fn a_server_that_cannot_answer_is_a_fault_and_no_alarm() {
    let stage = Stage::new();
    let broken: [fn(&str) -> Between; 3] = [
        |server| Between::with_status(server, 1, "502 Bad Gateway"),
        |server| Between::with_status(server, 1, "429 Too Many Requests"),
        |server| Between::start(server, |number, answer| if number == 1 { String::new() } else { answer }),
    ];
    for between in broken {
        let looked = stage.negative(&between(&stage.server.url).url);
        assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "refuses-no-token")]));
        let text = looked.text();
        assert!(text.contains("not told whether it is refused: ") && text.contains("try again"), "{text}");
        assert!(!text.contains(ALARM), "{text}");
    }
    let looked = stage.negative(&Between::with_status(&stage.server.url, 1, "302 Found").url);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "refuses-no-token")]));
    assert!(looked.text().contains("nothing was given") && !looked.text().contains(ALARM), "{looked:#?}");
}

#[test]
fn from_elsewhere_without_settings_all_is_sent_that_needs_no_key_of_an_issuer() {
    let stage = Stage::new();
    let elsewhere = Folder::new();
    let ran = elsewhere.run(&["doctor", "--negative", "--json", "--url", &stage.server.url]);
    let looked = Looked::of(&ran);
    assert_eq!((looked.status, looked.worse_than_notes()), (0, vec![]), "{looked:#?}");
    assert!(
        looked.has("note", "refuses-forged-signature") && looked.has("ok", "refuses-unsigned"),
        "{looked:#?}"
    );
    assert_eq!(get(&format!("{}/readyz", stage.server.url), None).0, 200);
    // Settings that are named must be there.
    let named = ["doctor", "--negative", "--json", "--config", "no.toml", "--url", &stage.server.url];
    let looked = Looked::of(&elsewhere.run(&named));
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "settings")]));
}

#[test]
fn without_a_server_there_is_nothing_to_send_it_to() {
    let stage = Stage::new();
    let looked = stage.negative(&format!("http://127.0.0.1:{}", free_port()));
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "server-reachable")]));
}

#[test]
fn a_server_that_refuses_for_another_reason_than_it_should_is_found() {
    let (stage, other) = (Stage::new(), Stage::new());
    // The settings at hand name an issuer that this server does not know.
    let looked = stage.negative(&other.server.url);
    let found = ["unknown-key", "forged-signature", "expired", "other-audience"];
    let found = found.map(|name| ("fault".to_owned(), format!("refuses-{name}")));
    let told =
        looked.worse_than_notes().into_iter().map(|(level, check)| (level.to_owned(), check.to_owned()));
    assert_eq!((looked.status, told.collect::<Vec<_>>()), (1, found.to_vec()));
    assert!(
        looked.text().contains("401 with issuer_unknown, where 401 signature_invalid is the answer"),
        "{}",
        looked.text()
    );
    assert!(!looked.text().contains(ALARM), "{}", looked.text());
}
