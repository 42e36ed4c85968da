//! That the schemas and the readers know the same keys and values: the readers are asked, about every word of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use daypass_policy::{Policy, PolicyFile, Profile};
use serde_json::Value;

use super::{of_ceilings, of_policy, of_settings, text};
use crate::settings::{Overlay, Settings};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn the_schemas_that_are_kept_are_those_that_are_printed() {
    for (name, schema) in [("daypass", of_settings()), ("policy", of_policy()), ("ceiling", of_ceilings())] {
        let kept =
            fs::read_to_string(project(&format!("docs/schemas/{name}.schema.json"))).unwrap_or_default();
        assert!(
            kept == format!("{}\n", text(&schema)),
            "docs/schemas/{name}.schema.json is old: daypass {} > it",
            match name {
                "daypass" => "config schema",
                "policy" => "policy schema",
                _ => "policy schema --ceiling",
            }
        );
    }
}

/// Words that may be keys in the texts of source files, and their own keys in the schema.
fn words(folders: &[&str], schema: &Value) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for folder in folders {
        add_words(&project(folder), &mut words).unwrap();
    }
    add_keys(schema, &mut words);
    let claims = Profile::all().iter().flat_map(Profile::claims).map(str::to_owned);
    words.extend(claims);
    let prefixes = Profile::all().iter().flat_map(|profile| &profile.string_prefixes);
    words.extend(prefixes.map(|prefix| format!("{prefix}tier")));
    words.extend(["no_such_key".to_owned(), "daypass_emulated".to_owned()]);
    assert!(words.len() > 60, "{words:?}");
    words
}

fn add_words(path: &Path, words: &mut BTreeSet<String>) -> io::Result<()> {
    if path.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| add_words(&entry?.path(), words));
    }
    let source = fs::read_to_string(path)?;
    let is_key = |text: &&str| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    // Between any two quotation marks, so that an odd one hides nothing.
    words.extend(source.split('"').filter(is_key).map(str::to_owned));
    Ok(())
}

fn add_keys(schema: &Value, words: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        words.extend(properties.keys().cloned());
    }
    let inner = schema.as_object().into_iter().flat_map(serde_json::Map::values);
    inner.chain(schema.as_array().into_iter().flatten()).for_each(|inner| add_keys(inner, words));
}

/// Whether a schema of a table names the key.
fn names(table: &Value, key: &str) -> bool {
    assert_eq!(table["additionalProperties"], false, "a closed table: {table}");
    let prefixes = table.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
    let mut prefixes = prefixes.map(|(pattern, _)| pattern.strip_prefix('^').unwrap());
    table["properties"].get(key).is_some() || prefixes.any(|prefix| key.starts_with(prefix))
}

/// Whether what was said about a key is that there is none.
fn is_unknown(faults: &str, key: &str) -> bool {
    ["has no key `", "have no claim `", "mints no `"]
        .iter()
        .any(|words| faults.contains(&format!("{words}{key}`")))
        || (faults.contains(&format!("`{key}` is an object in the tokens")))
        || (key == "when" && faults.contains("does not evaluate `when`"))
}

/// Compares what a reader says about each word with what the schema says, in each of the tables. `document` puts a line
/// into a table.
fn compare(
    tables: &BTreeMap<&str, &Value>,
    words: &BTreeSet<String>,
    documents: impl Fn(&str, &str) -> Vec<String>,
    faults: impl Fn(&str) -> String,
) {
    let mut differences = Vec::new();
    for (place, table) in tables {
        for word in words {
            let told: Vec<String> = documents(place, word).iter().map(|text| faults(text)).collect();
            // A key that stands there twice is one that the reader needs.
            let takes = told.iter().any(|faults| !is_unknown(faults, word));
            if takes != names(table, word) {
                let who = if takes { "the reader" } else { "the schema" };
                differences.push(format!("[{place}] `{word}`: {who} alone knows it"));
            }
        }
    }
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

/// Every table of the settings, by its header.
fn tables_of_settings<'s>(name: &str, schema: &'s Value, tables: &mut BTreeMap<String, &'s Value>) {
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        tables.insert(name.to_owned(), schema);
        for (key, inner) in schema["properties"].as_object().unwrap() {
            let below = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            if inner["type"] == "array" {
                tables_of_settings(&format!("[{below}]"), &inner["items"], tables);
            } else {
                tables_of_settings(&below, inner, tables);
            }
        }
    }
}

fn settings_faults(text: &str) -> String {
    let path = Path::new("daypass.toml");
    Settings::from_text(path, text, &Overlay::default())
        .err()
        .map_or(String::new(), |faults| faults.to_string())
}

#[test]
fn the_reader_of_settings_and_the_schema_know_the_same_keys() {
    let schema = of_settings();
    let words = words(&["crates/cli/src/settings", "crates/policy/src/finding.rs"], &schema);
    let mut tables = BTreeMap::new();
    tables_of_settings("", &schema, &mut tables);
    assert!(tables.len() >= 11, "{:?}", tables.keys());
    let tables = tables.iter().map(|(name, table)| (name.as_str(), *table)).collect();
    let documents = |place: &str, word: &str| {
        let line = format!("\n{word} = 1\n");
        vec![match place {
            "" => line,
            "[issuers]" => format!("[[issuers]]\nname = 'a'\nprovider = 'github'\n{line}"),
            // What may be allowed are the lints, whatever the reason.
            "policy.allow" => format!("[policy.allow]{line}").replace("= 1", "= 'x'"),
            _ => format!("[{place}]{line}"),
        }]
    };
    let faults = |text: &str| settings_faults(text).replace("there is no lint `", "has no key `");
    compare(&tables, &words, documents, faults);
}

const SETTINGS: &str = "[[issuers]]\nname = 'github'\nprovider = 'github'\n[[issuers]]\nname = 'gitlab'\nprovider = 'gitlab'\n\
                        [[issuers]]\nname = 'other'\nprovider = 'generic'\nurl = 'https://id.example.com'\n";

fn policy_faults(path: &str, text: &str) -> String {
    let settings =
        Settings::from_text(Path::new("daypass.toml"), SETTINGS, &Overlay::default()).ok().unwrap();
    let file = PolicyFile { path: path.to_owned(), text: text.to_owned() };
    let findings = match Policy::load(&[file], &settings.policy) {
        Ok((_, findings)) | Err(findings) => findings,
    };
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reader_of_policy_files_and_the_schema_know_the_same_keys() {
    let schema = of_policy();
    let words = words(&["crates/policy/src/parse"], &schema);
    let defined = &schema["$defs"];
    let tables = BTreeMap::from([
        ("", &schema),
        ("roles.x", &defined["role"]),
        ("roles.x.trust", &defined["trust"]),
        ("roles.x.deny", &defined["deny"]),
        ("deny", &defined["deny"]),
        ("roles.x.grants", &defined["grants"]),
        ("roles.x.grants.api", &defined["grants"]["properties"]["api"]),
    ]);
    let documents = |place: &str, word: &str| {
        let line = format!("\n{word} = 'x'\n");
        let with = |at: &str, text: &str| if at == place { format!("{text}{line}") } else { text.to_owned() };
        let for_issuer = |issuer: &str| {
            let issuer = format!("\nissuer = '{issuer}'\n");
            [
                with("", ""),
                with("roles.x", "[roles.x]\n"),
                with("roles.x.trust", &format!("[[roles.x.trust]]{issuer}")),
                if place == "roles.x.deny" {
                    format!("[[roles.x.deny]]{issuer}{line}")
                } else {
                    String::new()
                },
                with("roles.x.grants", "[roles.x.grants]\n"),
                if place == "roles.x.grants" {
                    String::new()
                } else {
                    with("roles.x.grants.api", "[roles.x.grants.api]\n\naudience = 'a'\n")
                },
                if place == "deny" { format!("[[deny]]{issuer}{line}") } else { String::new() },
            ]
            .concat()
        };
        ["github", "gitlab", "other"].map(for_issuer).to_vec()
    };
    compare(&tables, &words, documents, |text| policy_faults("a.toml", text));
}

#[test]
fn the_reader_of_ceilings_and_the_schema_know_the_same_keys() {
    let schema = of_ceilings();
    let words = words(&["crates/policy/src/parse"], &schema);
    let documents = |_: &str, word: &str| vec![format!("\n{word} = 1\n")];
    compare(&BTreeMap::from([("", &schema)]), &words, documents, |text| policy_faults("_ceiling.toml", text));
}

/// The documents of a file: each is a comment of what it shows, then TOML.
fn documents(name: &str) -> Vec<String> {
    let text = fs::read_to_string(project(&format!("tests/clients/schemas/{name}"))).unwrap();
    let documents: Vec<String> = text.split("#----\n").skip(1).map(str::to_owned).collect();
    assert!(documents.len() > 8, "{name}");
    documents
}

#[test]
fn the_readers_take_and_refuse_the_documents_by_which_the_schemas_are_judged() {
    type Faults = fn(&str) -> String;
    let policy: Faults = |text| policy_faults("a.toml", text);
    let ceiling: Faults = |text| policy_faults("_ceiling.toml", text);
    let kinds: [(&str, Faults); 3] = [("daypass", settings_faults), ("policy", policy), ("ceiling", ceiling)];
    for (kind, faults) in kinds {
        for document in documents(&format!("{kind}.good.toml")) {
            assert_eq!(faults(&document), "", "{kind}: {document}");
        }
        for document in documents(&format!("{kind}.bad.toml")) {
            assert_ne!(faults(&document), "", "{kind}: {document}");
        }
    }
}

#[test]
fn defaults_are_those_of_the_reader() {
    let schema = of_settings();
    for (place, wanted) in [
        ("/properties/listen", "127.0.0.1:8080"),
        ("/properties/store/properties/url", "sqlite://daypass.db"),
        ("/properties/keys/properties/rotate_after", "30d"),
        ("/properties/keys/properties/algorithm", "ES256"),
    ] {
        assert_eq!(schema.pointer(place).unwrap()["default"], wanted, "{place}");
    }
    assert_eq!(
        schema["properties"]["limits"]["properties"]["failures_per_minute_per_source"]["default"],
        600
    );
    assert!(schema["properties"]["public_url"].get("default").is_none());
}
