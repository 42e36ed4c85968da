//! The rules, each with the table that it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use daypass_app::Code;

use crate::files::{Source, root, sources, texts};
use crate::modules::{circles, graph};

/// Lines of a file before its tests: past that, look for the second idea.
const MAX_LINES: usize = 400;

/// Words that only their owners may say, tests apart: a path, or the beginning of one.
const OWNERS: &[(&str, &[&str])] = &[
    ("axum::", &["crates/web/", "crates/emulator/", "crates/bench/"]),
    ("rusqlite::", &["crates/store/src/engine/"]),
    ("tokio_postgres::", &["crates/store/src/engine/"]),
    ("prost::", &["crates/traces/src/otlp.rs"]),
    ("SystemTime::now", &["crates/cli/src/clock.rs", "crates/bench/src/clock.rs"]),
    ("Instant::now", &["crates/cli/src/clock.rs", "crates/bench/src/clock.rs"]),
    ("env::var", &["crates/cli/src/environment.rs"]),
    ("TcpStream::connect", &["crates/fetch/src/", "crates/bench/src/connection.rs"]),
    ("TcpSocket", &["crates/fetch/src/"]),
    ("UdpSocket", &["crates/fetch/src/"]),
    ("UnixStream", &["crates/fetch/src/"]),
    ("lookup_host", &["crates/fetch/src/"]),
    ("ToSocketAddrs", &["crates/fetch/src/"]),
    ("hyper::client", &["crates/fetch/src/"]),
    ("SELECT ", &["crates/store/src/"]),
    ("INSERT INTO", &["crates/store/src/"]),
    ("UPDATE ", &["crates/store/src/"]),
    ("DELETE FROM", &["crates/store/src/"]),
    ("CREATE TABLE", &["crates/store/src/"]),
    ("PRAGMA ", &["crates/store/src/"]),
];

/// Where a secret may become text, and what for.
const REVEALS: &[(&str, &str)] = &[
    ("crates/app/src/audit_stream/secret.rs", "the secret of the webhook becomes the key that signs"),
    ("crates/app/src/exchange.rs", "the identity token is parsed"),
    ("crates/app/src/pass.rs", "a pass is parsed"),
    ("crates/app/src/seal.rs", "a signing key is sealed under the encryption key"),
    ("crates/bench/src/bare.rs", "the server to compare with gives what it signed"),
    ("crates/bench/src/issuer.rs", "a load sends tokens of its own making"),
    ("crates/cli/src/commands/demo/caller.rs", "the demo sends a token of its own making"),
    ("crates/cli/src/commands/demo/tell.rs", "the demo shows the claims of a token of its own making"),
    ("crates/cli/src/commands/demo/walk.rs", "the demo forges a token"),
    ("crates/cli/src/commands/doctor/negative/forge.rs", "the doctor sends tokens of its own forging"),
    ("crates/cli/src/commands/exchange.rs", "a person or a job gets what was asked for"),
    ("crates/cli/src/settings/encryption_key.rs", "a new encryption key is written to its file"),
    ("crates/cli/src/settings/store.rs", "a server is sent the password in the URL of its database"),
    ("crates/client/src/exchange.rs", "the identity token is sent to the server"),
    ("crates/client/src/identity.rs", "the identity token is taken from the job's environment"),
    ("crates/emulator/src/github/environment.rs", "a job gets its request token"),
    ("crates/emulator/src/token_endpoint.rs", "a job gets its identity token"),
    ("crates/emulator/src/gitlab/environment.rs", "a job gets its identity token"),
    ("crates/emulator/src/state_file.rs", "the emulator's key is kept between runs"),
    ("crates/jose/src/jwt/mint.rs", "a private key is parsed"),
    ("crates/web/src/native/exchange.rs", "a face gives a credential"),
    ("crates/web/src/oauth/answer.rs", "a face gives a credential"),
    ("crates/web/src/seed/auth_jwt.rs", "a face gives a credential"),
    ("crates/web/src/tls/certificate.rs", "the private key of the server's certificate is parsed"),
];

/// Dependencies point down, from a higher floor to a lower one.
const FLOORS: &[(&str, u8)] = &[
    ("jose", 0),
    ("policy", 1),
    ("fetch", 1),
    ("store", 2),
    ("traces", 2),
    ("keys", 2),
    ("app", 3),
    ("client", 3),
    ("emulator", 3),
    ("web", 4),
    ("cli", 5),
    ("bench", 5),
];

/// What a crate may not depend on, whatever the floors say.
const NEVER: &[(&str, &[&str])] = &[
    ("jose", &["tokio", "axum", "hyper", "http", "rusqlite", "tokio-postgres", "tracing"]),
    ("policy", &["tokio", "axum", "hyper", "http", "rusqlite", "tokio-postgres", "tracing"]),
    ("fetch", &["daypass-policy", "axum", "rusqlite", "tokio-postgres"]),
    ("keys", &["daypass-policy", "axum", "rusqlite", "tokio-postgres"]),
    ("traces", &["daypass-policy", "axum", "rusqlite", "tokio-postgres"]),
    ("client", &["daypass-store", "daypass-policy", "axum"]),
    ("app", &["axum", "hyper", "http"]),
];

/// What no test says. In two parts each, so that this file does not say it either.
const NOT_IN_TESTS: &[&str] = &[
    concat!("#[ig", "nore"),
    concat!("#[should", "_panic"),
    concat!("thread::sl", "eep"),
    concat!("time::sl", "eep"),
];

/// What no file names: folders of one machine, and the addresses of registries.
const NOT_IN_FILES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("index.cra", "tes.io"),
    concat!("static.cra", "tes.io"),
    concat!("registry.npm", "js.org"),
    concat!("py", "pi.org"),
    concat!("files.python", "hosted.org"),
    concat!("deb.deb", "ian.org"),
];

#[test]
fn a_word_is_said_only_by_its_owners() {
    let mut faults = Vec::new();
    for source in sources() {
        for (word, owners) in OWNERS {
            if source.code.contains(word) && !owners.iter().any(|owner| source.path.starts_with(owner)) {
                faults.push(format!("{}: `{word}` belongs to {}", source.path, owners.join(", ")));
            }
        }
    }
    none(&faults);
}

/// Whoever names an engine knows which it is: above the store, the settings alone, and texts that people read.
const NAMES_ENGINES: &[&str] = &[
    "crates/bench/",
    "crates/store/",
    "crates/cli/src/settings/",
    "crates/cli/src/args/",
    "crates/cli/src/commands/init/templates.rs",
    "crates/cli/src/schema/settings.rs",
    "crates/cli/src/commands/demo/stage.rs",
];

#[test]
fn nothing_above_the_store_names_an_engine() {
    let mut faults = Vec::new();
    for source in sources() {
        let code = source.code.to_lowercase();
        let names = ["postgres", "sqlite"].into_iter().filter(|name| code.contains(name));
        if !NAMES_ENGINES.iter().any(|place| source.path.starts_with(place)) {
            faults.extend(names.map(|name| format!("{}: names `{name}`", source.path)));
        }
    }
    none(&faults);
}

#[test]
fn secrets_become_text_only_where_that_is_listed() {
    let sources = sources();
    let reveals = sources.iter().filter(|source| source.code.contains(".reveal()"));
    let found: BTreeSet<&str> = reveals.map(|source| source.path.as_str()).collect();
    let listed: BTreeSet<&str> = REVEALS.iter().map(|(path, _)| *path).collect();
    let unlisted = found.difference(&listed).map(|path| format!("{path}: reveals a secret"));
    let stale = listed.difference(&found).map(|path| format!("{path}: is listed, and reveals nothing"));
    none(&unlisted.chain(stale).collect::<Vec<_>>());
}

#[test]
fn a_file_says_its_one_idea_and_ends_in_time() {
    let mut faults = Vec::new();
    for source in sources() {
        let lines = source.all.lines().take_while(|line| *line != "mod tests {").count();
        if lines > MAX_LINES && source.place().is_some() && !source.code.is_empty() {
            faults.push(format!("{}: {lines} lines before its tests", source.path));
        }
        if !source.all.starts_with("//! ") {
            faults.push(format!("{}: does not begin with `//! ` and its idea", source.path));
        }
        if source.all.replace("TODO(#", "").contains("TODO") && source.place().is_some() {
            faults.push(format!("{}: a debt names its issue: `// TODO(#12): …`", source.path));
        }
    }
    none(&faults);
}

#[test]
fn the_modules_of_a_crate_form_no_circle() {
    let sources = sources();
    let mut faults = Vec::new();
    for (name, _) in FLOORS {
        let files: Vec<(&str, &str)> = sources
            .iter()
            .filter_map(|source| source.place().map(|(of, file)| (of, file, source.code.as_str())))
            .filter_map(|(of, file, code)| (of == *name && !code.is_empty()).then_some((file, code)))
            .collect();
        let circles = circles(&graph(&files));
        faults.extend(circles.iter().map(|circle| format!("crates/{name}: {}", circle.join(" → "))));
    }
    none(&faults);
}

#[test]
fn manifests_keep_their_floor() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut faults = Vec::new();
    for (path, text) in texts(|path| path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
        let name = path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml");
        let Some(floor) = floors.get(name) else {
            faults.push(format!("{path}: has no floor in FLOORS"));
            continue;
        };
        let dependencies = dependencies(&text);
        for below in dependencies.iter().filter_map(|dependency| dependency.strip_prefix("daypass-")) {
            if floors.get(below).is_none_or(|below| below >= floor) {
                faults.push(format!("{path}: `{below}` is not on a lower floor"));
            }
        }
        for (_, never) in NEVER.iter().filter(|(of, _)| *of == name) {
            let found = never.iter().filter(|never| dependencies.contains(**never));
            faults.extend(found.map(|never| format!("{path}: never depends on `{never}`")));
        }
        if !text.contains("[lints]\nworkspace = true\n") {
            faults.push(format!("{path}: lacks the lints of the workspace"));
        }
    }
    none(&faults);
}

#[test]
fn every_refusal_code_is_in_a_test_and_in_the_documentation() {
    let own = ["crates/app/src/refusal.rs", "crates/cli/tests/tidy/rules.rs"];
    let sources = sources();
    let tests: Vec<&str> = sources
        .iter()
        .filter(|source| !own.contains(&source.path.as_str()))
        .map(|source| source.tests.as_str())
        .collect();
    let clients = texts(|path| path.starts_with("tests/clients/"));
    let tests: Vec<&str> = tests.into_iter().chain(clients.iter().map(|(_, text)| text.as_str())).collect();
    let documentation = fs::read_to_string(root().join("docs/errors.md")).unwrap_or_default();
    let mut faults = Vec::new();
    for code in Code::ALL {
        let variant = format!("Code::{code:?}");
        if !tests.iter().any(|test| says(test, code.as_str()) || says(test, &variant)) {
            faults.push(format!("no test provokes `{code}`"));
        }
        if !documentation.contains(&format!("`{code}`")) {
            faults.push(format!("docs/errors.md: `{code}` is missing"));
        }
    }
    none(&faults);
}

#[test]
fn tests_neither_wait_nor_look_away() {
    let sources = sources();
    let said = |source: &Source| {
        let words = NOT_IN_TESTS.iter().filter(|word| source.tests.contains(**word));
        words.map(|word| format!("{}: `{word}` in a test", source.path)).collect::<Vec<_>>()
    };
    none(&sources.iter().flat_map(said).collect::<Vec<_>>());
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let said = |(path, text): &(String, String)| {
        let words = NOT_IN_FILES.iter().filter(|word| text.contains(**word));
        words.map(|word| format!("{path}: names `{word}`")).collect::<Vec<_>>()
    };
    none(&texts(|_| true).iter().flat_map(said).collect::<Vec<_>>());
}

/// Names under `[dependencies]` of any kind, those of tests apart.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for section in manifest.split("\n[") {
        let (header, lines) = section.split_once('\n').unwrap_or((section, ""));
        if header.ends_with("dependencies]") && !header.contains("dev-") {
            let lines = lines.lines().filter(|line| !line.starts_with('#'));
            names.extend(lines.filter_map(|line| Some(line.split(['.', ' ', '=']).next()?.to_owned())));
        } else if let Some(name) = header.strip_prefix("dependencies.") {
            names.insert(name.trim_end_matches(']').to_owned());
        }
    }
    names
}

/// Whether a name stands in a text, and not as a part of a longer one.
fn says(text: &str, name: &str) -> bool {
    let in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = text.match_indices(name);
    found.any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at.saturating_add(name.len())..));
        !before.is_some_and(|before| before.ends_with(in_name))
            && !after.is_some_and(|after| after.starts_with(in_name))
    })
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
