//! What is in the lock file: no library in a version whose faults are known to matter here.

use std::fs;

use crate::files::root;

/// The first version without what the advisories of `RustSec` say of those before. Whoever adds one of these finds it here.
const FLOORS: &[(&str, &str)] = &[
    ("aws-lc-sys", "0.39.0"),
    ("bytes", "1.11.1"),
    ("h2", "0.4.16"),
    ("idna", "1.0.3"),
    ("jsonwebtoken", "10.3.0"),
    ("quick-xml", "0.41.0"),
    ("ring", "0.17.12"),
    ("rustls-webpki", "0.103.13"),
    ("sqlx", "0.8.1"),
    ("time", "0.3.47"),
    ("tracing-subscriber", "0.3.20"),
    ("url", "2.5.4"),
];

/// What is never there, in no version. The private-key operations of `rsa` tell the key by their time
/// (RUSTSEC-2023-0071, without a patch).
const NEVER: &[&str] = &["openssl-sys", "rsa"];

/// Name and version of every package.
fn packages() -> Vec<(String, Vec<u64>)> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.unwrap().trim_end_matches('"').to_owned()
    };
    let packages = lock.split("[[package]]\n").skip(1);
    packages.map(|package| (value(package, "name"), numbers(&value(package, "version")))).collect()
}

fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(['+', '-']).next().unwrap_or_default().split('.');
    parts.map(|part| part.parse().unwrap()).collect()
}

#[test]
fn no_version_with_a_known_fault_is_locked() {
    let packages = packages();
    assert!(packages.len() > 100, "only {} packages were found", packages.len());
    let mut faults = Vec::new();
    for (name, floor) in FLOORS {
        let below = packages.iter().filter(|(found, version)| found == name && *version < numbers(floor));
        faults.extend(below.map(|(_, version)| format!("{name} {version:?} is below {floor}")));
    }
    let never = packages.iter().filter(|(found, _)| NEVER.contains(&found.as_str()));
    faults.extend(never.map(|(name, _)| format!("{name} is never there")));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
