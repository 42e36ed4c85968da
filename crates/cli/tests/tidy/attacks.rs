//! `docs/attacks.md` points to tests that are there. Its numbers the table of attacks itself holds, in `crates/web`.

use std::collections::BTreeSet;
use std::fs;

use crate::files::{Source, root, sources};

/// Sections of the catalogue that the document answers.
const SECTIONS: &[&str] = &["1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 ", "9 ", "10 ", "17 ", "18 "];
/// Ids that the document had when it was written: a row may be added, and none be lost.
const MIN_IDS: usize = 380;

/// A row: the line that it is on, its ids, and what holds it.
struct Row<'a> {
    line: usize,
    ids: Vec<&'a str>,
    held_by: Vec<&'a str>,
}

fn document() -> String {
    fs::read_to_string(root().join("docs/attacks.md")).unwrap()
}

fn rows(document: &str) -> Vec<Row<'_>> {
    let lines = (1_usize..).zip(document.lines()).filter(|(_, line)| line.starts_with("| `"));
    let rows = lines.map(|(line, text)| {
        let cells: Vec<&str> = text.trim_matches('|').split(" | ").map(str::trim).collect();
        let held_by = cells.get(3).copied().unwrap_or_default();
        Row {
            line,
            ids: cells[0].split(", ").map(|id| id.trim_matches('`')).collect(),
            held_by: held_by.split("; ").filter(|part| !part.is_empty()).collect(),
        }
    });
    rows.collect()
}

/// The module of a file of tests, as its runner names it: without `tests/BINARY/`, or below `src/`.
fn module(source: &Source) -> Option<(&str, String)> {
    let (name, file) = source.path.strip_prefix("crates/")?.split_once('/')?;
    let file = match file.strip_prefix("src/") {
        Some(file) => file,
        None => file.strip_prefix("tests/")?.split_once('/')?.1,
    };
    let file = file.strip_suffix(".rs")?;
    let file = file.strip_suffix("/mod").unwrap_or(file);
    let module = file.replace('/', "::");
    let is_inline = file_has_inline_tests(source);
    Some((name, if is_inline { format!("{module}::tests") } else { module }))
}

fn file_has_inline_tests(source: &Source) -> bool {
    source.path.contains("/src/") && source.all.contains("#[cfg(test)]\nmod tests {")
}

/// The names of all tests, as `CRATE MODULE::NAME`. Those that a macro makes of a list of names, one for each engine, have
/// the list's module.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources() {
        let Some((name, module)) = module(&source) else { continue };
        let lines: Vec<&str> = source.tests.lines().map(str::trim).collect();
        for (behind, line) in (1_usize..).zip(&lines) {
            let is_marked = line.starts_with("#[test]")
                || line.starts_with("#[tokio::test")
                || line.starts_with("proptest! {");
            let next = lines
                .iter()
                .skip(behind)
                .find(|line| line.starts_with("fn ") || line.starts_with("async fn "));
            if let (true, Some(next)) = (is_marked, next) {
                let test = next.trim_start_matches("async ").trim_start_matches("fn ");
                let test = test.split(['(', '<']).next().unwrap_or_default();
                found.insert(format!("{name} {module}::{test}"));
            }
        }
        if let Some((_, listed)) = source.tests.split_once("on_all! {\n") {
            let listed = listed.split("\n}\n").next().unwrap_or_default();
            let words =
                listed.lines().map(str::trim).filter(|word| word.contains('_') && !word.ends_with('{'));
            found.extend(words.map(|test| format!("{name} {module}::{test}")));
        }
    }
    found
}

#[test]
fn every_row_of_the_attacks_points_to_a_test_or_says_why_not() {
    let (document, tests) = (document(), tests());
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for row in rows(&document) {
        let told = |what: String| format!("docs/attacks.md:{}: {what}", row.line);
        for id in &row.ids {
            if !seen.insert(*id) {
                faults.push(told(format!("`{id}` stands twice")));
            }
        }
        if row.held_by.is_empty() {
            faults.push(told("neither a test nor a reason".to_owned()));
        }
        for held in &row.held_by {
            let pointer = held.trim_matches('`');
            let is_number = held
                .strip_prefix("table ")
                .is_some_and(|cases| cases.parse::<u32>().is_ok_and(|cases| cases > 0));
            let is_reason = held.strip_prefix("no: ").is_some_and(|reason| reason.len() > 20);
            if !is_number && !is_reason && !tests.contains(pointer) {
                faults.push(told(format!("`{pointer}` is no test")));
            }
        }
    }
    if seen.len() < MIN_IDS {
        faults.push(format!("docs/attacks.md: {} ids, and there were {MIN_IDS}", seen.len()));
    }
    for section in SECTIONS {
        if !document.contains(&format!("\n## {section}")) {
            faults.push(format!("docs/attacks.md: section {section}is missing"));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
