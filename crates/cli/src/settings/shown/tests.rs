//! That the reader, what is shown and the table of the documentation know the same settings, with the same defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::settings::Settings;
use crate::settings::origins::Origin;
use crate::settings::overlay::{Overlay, SCALARS};

/// What makes every setting appear: an issuer, and a lint that is allowed.
const LEAST: &str =
    "[[issuers]]\nname = 'github'\nprovider = 'github'\n[policy.allow]\nforeign_audience = 'x'\n";

fn read(text: &str, overlay: &Overlay) -> Settings {
    Settings::from_text(Path::new("daypass.toml"), text, overlay).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Keys of the documentation's table with their defaults; `[store] url` is `store.url`.
fn documented() -> BTreeMap<String, String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| Key |")).skip(2);
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let key = cells.next().unwrap().trim_matches('`').replace("[[", "").replace("]] ", ".");
        let key = key.replace("] ", ".").replace(['[', ']'], "");
        (key, cells.next().unwrap().to_owned())
    };
    rows.take_while(|line| line.starts_with('|')).map(row).collect()
}

/// `issuers.github.url` is one of the keys `issuers.url`, and each lint one of `policy.allow`.
fn key_of(name: &str) -> String {
    if name.starts_with("policy.allow.") {
        return "policy.allow".to_owned();
    }
    name.replace("issuers.github.", "issuers.")
}

fn keys<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.map(key_of).collect()
}

#[test]
fn reader_documentation_and_what_is_shown_know_the_same_settings() {
    let settings = read(LEAST, &Overlay::default());
    let shown = settings.shown();
    let shown = keys(shown.iter().map(|setting| setting.name.as_str()));
    assert_eq!(shown, keys(settings.origins.names()), "what the reader asked for");
    assert_eq!(shown, documented().into_keys().collect(), "docs/settings.md");
}

#[test]
fn the_documented_defaults_are_those_that_hold() {
    let documented = documented();
    let settings = read(LEAST, &Overlay::default()).shown();
    let mut compared = 0;
    for setting in settings.iter().filter(|setting| setting.origin == Origin::Default) {
        let default = documented[&key_of(&setting.name)].as_str();
        let shown = setting.value.as_str().map_or_else(|| setting.value.to_string(), str::to_owned);
        let (shown, default) = match default {
            "" | "see below" => ("none", setting.absence()),
            _ if setting.value.is_null() => (setting.absence(), default.split(':').next().unwrap()),
            // The others say in words what they depend on.
            "`public_url`" | "the provider's" => continue,
            _ if default.contains(' ') => continue,
            _ => (shown.as_str(), default.trim_matches('`')),
        };
        assert_eq!(shown, default, "{}", setting.name);
        compared += 1;
    }
    assert!(compared >= 15, "{compared}");
}

#[test]
fn each_setting_that_is_one_value_can_be_given_by_a_variable() {
    let shown = read(LEAST, &Overlay::default()).shown();
    let in_file_only = |name: &str| name.starts_with("issuers.") || name.starts_with("policy.allow.");
    let lists = ["http.trusted_proxies", "keys.encryption_key_command", "projects.scopes", "projects.events"];
    let scalars = shown
        .iter()
        .map(|setting| setting.name.as_str())
        .filter(|name| !in_file_only(name) && !lists.contains(name) && *name != "outbound.no_proxy");
    assert_eq!(scalars.collect::<BTreeSet<_>>(), SCALARS.iter().copied().collect());
}

#[test]
fn each_place_is_told() {
    let text = format!(
        "listen = '127.0.0.1:1'\n\n[store]\nurl = 'sqlite://a.db'\n[http]\ntrusted_proxies = ['10.0.0.1']\n{LEAST}"
    );
    let overlay =
        variables_of(&[("DAYPASS_STORE_URL", "sqlite://b.db"), ("DAYPASS_STORE_KEEP_EXCHANGES", "400d")])
            .with_flag("listen", "--listen", Some("127.0.0.1:2"))
            .with_allowed(&["empty_trust=y".to_owned()]);
    let shown = read(&text, &overlay).shown();
    let line = |name: &str| {
        let setting = shown.iter().find(|setting| setting.name == name).unwrap();
        format!("{} {}", setting.value, setting.origin)
    };
    for (name, wanted) in [
        ("public_url", "\"http://127.0.0.1:2\" default"),
        ("listen", "\"127.0.0.1:2\" --listen"),
        ("store.url", "\"sqlite://b.db\" DAYPASS_STORE_URL"),
        ("store.keep_exchanges", "\"400d\" DAYPASS_STORE_KEEP_EXCHANGES"),
        ("http.trusted_proxies", "[\"10.0.0.1/32\"] daypass.toml:6"),
        ("issuers.github.provider", "\"github\" daypass.toml:9"),
        ("issuers.github.url", "\"https://token.actions.githubusercontent.com\" default"),
        ("policy.allow.foreign_audience", "\"x\" daypass.toml:11"),
        ("policy.allow.empty_trust", "\"y\" --allow"),
    ] {
        assert_eq!(line(name), wanted, "{name}");
    }
}

fn variables_of(pairs: &[(&str, &str)]) -> Overlay {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Overlay::of_environment(&pairs.collect())
}
