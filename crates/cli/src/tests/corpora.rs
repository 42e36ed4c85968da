//! The seeds of the fuzz targets, and what fuzzing once found, before the very functions that are fuzzed (`fuzz/src`).

#[path = "../../../../fuzz/src/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

/// Shows every seed of a target to it, and what comes of each by cutting it off.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut seeds = 0_usize;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        let seed = fs::read(path).unwrap();
        body(&seed);
        for end in (0..seed.len()).step_by(seed.len().div_ceil(50).max(1)) {
            body(&seed[..end]);
        }
        seeds = seeds.saturating_add(1);
    }
    assert!(seeds >= 5, "{target}: {seeds} seeds");
}

#[test]
fn seeds_of_the_target_token() {
    replay("token", bodies::token);
}

#[test]
fn seeds_of_the_target_jwks() {
    replay("jwks", bodies::jwks);
}

#[test]
fn seeds_of_the_target_bearer() {
    replay("bearer", bodies::bearer);
}

#[test]
fn seeds_of_the_target_policy() {
    replay("policy", bodies::policy);
}

#[test]
fn seeds_of_the_target_settings() {
    replay("settings", bodies::settings);
}

#[test]
fn the_corpora_are_small_and_every_target_has_one() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| {
        let entries = fs::read_dir(fuzz.join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("targets"), names("seeds"));
    assert_eq!(names("targets"), ["bearer", "jwks", "policy", "settings", "token"]);
    let sizes = names("seeds").into_iter().flat_map(|target| {
        let entries = fs::read_dir(fuzz.join("seeds").join(target)).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().len()).collect::<Vec<_>>()
    });
    assert!(sizes.sum::<u64>() <= 200 * 1024);
}
