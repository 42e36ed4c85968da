//! Which module of a crate names which, and circles among them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Top modules of a crate, and those that each names.
pub(crate) fn graph(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
    let top = |file: &str| file.split(['/', '.']).next().unwrap_or_default().to_owned();
    let roots = ["lib", "main"].map(str::to_owned);
    let modules: BTreeSet<String> = files.iter().map(|(file, _)| top(file)).collect();
    let reexports: BTreeMap<String, String> = files
        .iter()
        .filter(|(file, _)| roots.contains(&top(file)))
        .flat_map(|(_, code)| code.split("pub use ").skip(1))
        .filter_map(|line| line.split_once(';')?.0.split_once("::"))
        .flat_map(|(module, names)| identifiers(names).into_iter().map(move |name| (name, module.to_owned())))
        .collect();
    let mut graph = BTreeMap::new();
    for (file, code) in files.iter().filter(|(file, _)| !roots.contains(&top(file))) {
        let is_top = !file.contains('/') || (file.ends_with("/mod.rs") && file.matches('/').count() == 1);
        let mut named = named_after(code, "crate::");
        if is_top {
            named.extend(named_after(code, "super::"));
        }
        let own = top(file);
        let targets = named.into_iter().map(|name| reexports.get(&name).cloned().unwrap_or(name));
        let targets = targets.filter(|name| modules.contains(name) && *name != own);
        graph.entry(own.clone()).or_insert_with(BTreeSet::new).extend(targets);
    }
    graph
}

/// The first names after `start`, inside one pair of braces where there are any.
fn named_after(code: &str, start: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(start) {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let rest = code.get(at..).and_then(|rest| rest.strip_prefix(start)).unwrap_or_default();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':') {
            continue;
        }
        let Some(list) = rest.strip_prefix('{') else {
            names.extend(identifiers(rest).into_iter().next());
            continue;
        };
        let (mut depth, mut outer) = (1_u32, String::new());
        for letter in list.chars() {
            match letter {
                '{' => depth = depth.saturating_add(1),
                '}' => depth = depth.saturating_sub(1),
                _ if depth == 1 => outer.push(letter),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        names.extend(outer.split(',').filter_map(|part| identifiers(part).into_iter().next()));
    }
    names
}

fn identifiers(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The shortest circle through each module that lies on one.
pub(crate) fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    graph.keys().filter_map(|module| shortest_circle(graph, module)).collect()
}

fn shortest_circle(graph: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start.to_owned()]]);
    while let Some(way) = ways.pop_front() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            if next == start {
                // Told from its first module in the alphabet on, so that each circle is told once.
                let first = way.iter().enumerate().min_by_key(|(_, module)| *module)?.0;
                return Some(way.iter().cycle().skip(first).take(way.len()).cloned().collect());
            }
            if seen.insert(next.clone()) {
                ways.push_back(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let files = [
        ("lib.rs", "pub use d::Thing;"),
        ("a.rs", "use crate::{c, b::{self, x}};"),
        ("b/mod.rs", "use super::c;"),
        ("b/deep.rs", "use super::a;"),
        ("c.rs", "fn f() { crate::d::g() }"),
        ("d.rs", "use crate::e;"),
    ];
    let straight = graph(&files);
    assert_eq!(straight["a"], BTreeSet::from(["b".to_owned(), "c".to_owned()]));
    assert!(circles(&straight).is_empty());
    let closings = [
        (5, "use crate::a;", vec!["a", "c", "d"]),
        (5, "use super::a::x;", vec!["a", "c", "d"]),
        (5, "use crate::{x, a};", vec!["a", "c", "d"]),
        (4, "use crate::{Thing, a};", vec!["a", "c"]),
    ];
    for (at, closing, wanted) in closings {
        let mut files = files;
        files[at].1 = closing;
        let found = circles(&graph(&files));
        assert!(found.iter().any(|circle| *circle == wanted), "{closing}: {found:?}");
    }
}
