//! The documents that speak of policies: `docs/lints.md` is made from the lints, and what is shown as good has no findings.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use daypass_policy::{Finding, Level, Lint, Policy, Rendering, render};

use crate::kit::{context, file};
use crate::lints::{findings, is_of_settings};

const PAGE: &str = "docs/lints.md";

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn level(lint: Lint) -> &'static str {
    match lint.level() {
        Level::Deny if lint.may_be_allowed() => "deny",
        Level::Deny => "deny, and nothing allows it",
        Level::Warn => "warn",
    }
}

/// What the first finding of the lint says of the policy that its tests have.
fn example(lint: Lint) -> Option<String> {
    let found: Vec<Finding> = findings(lint, "policy", &context());
    let first = found.into_iter().find(|finding| finding.lint == Some(lint))?;
    Some(render(&[first], Rendering::Plain))
}

fn page() -> String {
    let mut page = "# Lints\n\nMade from the lints themselves. `daypass policy check --explain LINT` says the same; [levels, and how a lint \
                    is\nallowed](policy.md#lints).\n\n| Lint | Level | What it found |\n|---|---|---|\n"
        .to_owned();
    for lint in Lint::ALL {
        let name = lint.name();
        writeln!(page, "| [`{name}`](#{name}) | {} | {} |", level(lint), lint.summary()).unwrap();
    }
    for lint in Lint::ALL {
        let (name, summary) = (lint.name(), lint.summary());
        let mut capital = summary.chars();
        let first = capital.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        write!(page, "\n## {name}\n\n**{}.** {first}{}.\n\n", level(lint), capital.as_str()).unwrap();
        writeln!(page, "{}", lint.explanation().trim_end()).unwrap();
        if let Some(example) = (!is_of_settings(lint)).then(|| example(lint)).flatten() {
            write!(page, "\n```text\n{}\n```\n", example.trim_end()).unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_lints_is_up_to_date() {
    let made = page();
    if fs::read_to_string(project(PAGE)).unwrap_or_default() != made {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lints.md");
        fs::write(&new, made).unwrap();
        panic!("{PAGE} is old: cp {} {PAGE}", new.display());
    }
}

/// Blocks of TOML that hold a whole role.
fn roles(page: &str) -> Vec<String> {
    let blocks =
        page.split("\n```toml").skip(1).filter_map(|rest| rest.split_once('\n')?.1.split_once("\n```"));
    let whole = blocks.map(|(block, _)| block).filter(|block| {
        block.contains("trust]]") && block.contains(".grants.api]") && !block.contains("githb")
    });
    whole.map(str::to_owned).collect()
}

#[test]
fn what_the_documents_show_as_good_has_no_findings() {
    let mut count = 0;
    for path in ["README.md", "docs/policy.md", "docs/roles.md", "docs/start.md"] {
        for role in roles(&fs::read_to_string(project(path)).unwrap()) {
            match Policy::load(&[file("roles.toml", &role)], &context()) {
                Ok((_, findings)) | Err(findings) if !findings.is_empty() => {
                    panic!("{path}\n{role}\n{}", render(&findings, Rendering::Plain))
                }
                Ok(_) | Err(_) => count += 1,
            }
        }
    }
    assert!(count >= 8, "{count}");
}
