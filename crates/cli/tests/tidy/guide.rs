//! The guide is whole: each page of `docs/` is in its table of contents, and no link leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use daypass_app::Code;

use crate::files::texts;

/// Read where the code is, and so held too; their links may leave `docs/`.
const BESIDE: &[&str] = &["README.md", "CONTRIBUTING.md", "SECURITY.md"];
const CONTENTS: &str = "docs/SUMMARY.md";

/// A link: the line that it is on, the page that it leads to, as its own page names it, and the place there.
struct Link<'a> {
    line: usize,
    page: &'a str,
    anchor: &'a str,
}

fn pages() -> BTreeMap<String, String> {
    let is_page =
        |path: &str| path.starts_with("docs/") && Path::new(path).extension() == Some("md".as_ref());
    let pages: BTreeMap<String, String> =
        texts(|path| is_page(path) || BESIDE.contains(&path)).into_iter().collect();
    assert!(pages.len() > 20, "only {} pages were found", pages.len());
    pages
}

/// The lines of a page that are no block of code, with their numbers.
fn prose(page: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let lines = (1_usize..).zip(page.lines());
    let spoken = lines.filter(|(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    });
    spoken.collect()
}

/// Links within the project; `[text](PAGE#ANCHOR)` is the only form that there is.
fn links(page: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    for (line, text) in prose(page) {
        for behind in text.split("](").skip(1) {
            let target = behind.split(')').next().unwrap_or_default();
            if !target.contains("://") {
                let (page, anchor) = target.split_once('#').unwrap_or((target, ""));
                links.push(Link { line, page, anchor });
            }
        }
    }
    links
}

/// What code hosts and mdBook alike call the headings of a page in links.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).into_iter().filter(|(_, line)| line.starts_with('#'));
    let mut anchors = BTreeSet::new();
    for (_, heading) in headings {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|char| char.is_alphanumeric() || ['-', '_', ' '].contains(char));
        let anchor: String = kept.map(|char| if char == ' ' { '-' } else { char }).collect();
        let counted = (1..).map(|count| format!("{anchor}-{count}"));
        let free = std::iter::once(anchor.clone()).chain(counted).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// Where a link of a page leads, from the root of the project.
fn target(from: &str, link: &str) -> String {
    if link.is_empty() {
        return from.to_owned();
    }
    let mut path = PathBuf::from(from);
    path.pop();
    for component in Path::new(link).components() {
        if component == Component::ParentDir {
            path.pop();
        } else {
            path.push(component);
        }
    }
    path.to_string_lossy().into_owned()
}

/// What is wrong with the links of these pages; `exists` tells of files that are no pages.
fn dead_links(pages: &BTreeMap<String, String>, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, page) in pages {
        for link in links(page) {
            let to = target(path, link.page);
            let told = |what: &str| format!("{path}:{}: `{}#{}` {what}", link.line, link.page, link.anchor);
            match pages.get(&to) {
                _ if path.starts_with("docs/") && !to.starts_with("docs/") => {
                    faults.push(told("leaves docs/, and is dead in the book"));
                }
                None if link.anchor.is_empty() && exists(&to) => {}
                None => faults.push(told("leads nowhere")),
                Some(page) if !link.anchor.is_empty() && !anchors(page).contains(link.anchor) => {
                    faults.push(told("names no heading"));
                }
                Some(_) => {}
            }
        }
    }
    faults
}

/// Pages that the table of contents does not have, or has twice.
fn not_listed_once(pages: &BTreeMap<String, String>) -> Vec<String> {
    let listed: Vec<String> =
        links(&pages[CONTENTS]).iter().map(|link| target(CONTENTS, link.page)).collect();
    let is_once = |path: &str| listed.iter().filter(|one| *one == path).count() == 1;
    let of_guide = pages.keys().filter(|path| path.starts_with("docs/") && *path != CONTENTS);
    of_guide.filter(|path| !is_once(path)).cloned().collect()
}

#[test]
fn every_page_of_the_guide_is_in_its_table_of_contents() {
    let missing = not_listed_once(&pages());
    assert!(missing.is_empty(), "not once in {CONTENTS}: {}", missing.join(", "));
}

#[test]
fn no_link_of_the_guide_leads_nowhere() {
    let exists = |path: &str| crate::files::root().join(path).exists();
    let faults = dead_links(&pages(), exists);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_page_that_nobody_lists_and_links_that_are_dead_are_found() {
    let page = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let pages = BTreeMap::from([
        page(CONTENTS, "- [A](a.md)\n- [A again](a.md)\n"),
        page("docs/a.md", "# A\n[no page](c.md) [no heading](b.md#what) [good](b.md#b--c)\n"),
        page("docs/b.md", "# `b` & c\n[out](../README.md) [good](a.md)\n```\n[in code](d.md)\n```\n"),
        page("README.md", "[good](docs/a.md#a) [file](there) [none](not-there)\n"),
    ]);
    assert_eq!(not_listed_once(&pages), ["docs/a.md", "docs/b.md"]);
    assert_eq!(
        dead_links(&pages, |path| path == "there"),
        [
            "README.md:1: `not-there#` leads nowhere",
            "docs/a.md:2: `c.md#` leads nowhere",
            "docs/a.md:2: `b.md#what` names no heading",
            "docs/b.md:2: `../README.md#` leaves docs/, and is dead in the book",
        ]
    );
}

#[test]
fn the_page_on_refusals_speaks_of_codes_that_there_are() {
    let pages = pages();
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let headings = prose(&pages["docs/refused.md"]).into_iter().filter(|(_, line)| line.starts_with("## `"));
    let named: Vec<&str> = headings.flat_map(|(_, line)| line.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 5, "{named:?}");
    let strange: Vec<&&str> = named.iter().filter(|code| !known.contains(*code)).collect();
    assert!(strange.is_empty(), "docs/refused.md: {strange:?}");
}
