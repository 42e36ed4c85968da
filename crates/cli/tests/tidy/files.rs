//! The files of the project.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Rust file: what it says before its tests, without comments; and its tests.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) all: String,
    pub(crate) code: String,
    pub(crate) tests: String,
}

impl Source {
    fn new(path: String, all: String) -> Self {
        let (code, tests) = match all.split_once("#[cfg(test)]\nmod tests {") {
            _ if path.contains("/tests/") || path.ends_with("/tests.rs") => ("", all.as_str()),
            Some((code, tests)) => (code, tests),
            None => (all.as_str(), ""),
        };
        let spoken = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = spoken.collect::<Vec<_>>().join("\n");
        let tests = tests.to_owned();
        Self { path, all, code, tests }
    }

    /// The crate, and the file below its `src`.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        self.path.strip_prefix("crates/")?.split_once("/src/")
    }
}

pub(crate) fn sources() -> Vec<Source> {
    let files =
        texts(|path| path.starts_with("crates/") && Path::new(path).extension() == Some("rs".as_ref()));
    let sources: Vec<Source> = files.into_iter().map(|(path, text)| Source::new(path, text)).collect();
    assert!(sources.len() > 100, "only {} files were found", sources.len());
    sources
}

/// Files of the project whose path is wanted, as text.
pub(crate) fn texts(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let paths = listed().unwrap_or_else(|| walked(&root()));
    let paths = paths.into_iter().filter(|path| wanted(path));
    let read = |path: String| {
        let bytes = fs::read(root().join(&path)).ok()?;
        Some((path, String::from_utf8_lossy(&bytes).into_owned()))
    };
    paths.filter_map(read).collect()
}

/// What git has, or would take.
fn listed() -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    let paths: BTreeSet<String> =
        String::from_utf8(output.stdout).ok()?.split_terminator('\0').map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then(|| paths.into_iter().collect())
}

/// What there is outside a checkout, but for what tools make.
fn walked(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["target", ".git", ".cache", "node_modules", "__pycache__"].contains(&name) {
            paths.extend(walked(&path));
        } else if path.is_file() {
            paths.extend(path.strip_prefix(root()).ok().and_then(Path::to_str).map(str::to_owned));
        }
    }
    paths
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
