//! The matrix for a person at a terminal.

use super::page::{Page, Part};
use crate::output::{BAD, BOLD, CARE, FAINT, GOOD, styled};
use crate::table::{Cell, Table};

/// Every repository, one after the other.
pub(super) fn shown(page: &Page, with_reasons: bool) -> String {
    let mut parts: Vec<String> = page.of.iter().map(|part| of(part, with_reasons)).collect();
    if !page.not_fully_linted.is_empty() {
        let note = styled(CARE, "not fully linted:");
        let roles = page.not_fully_linted.join(", ");
        parts.push(format!(
            "{note} {roles} (`when` says what no lint can follow; the answers above are those of the server all the same)"
        ));
    }
    parts.join("\n\n")
}

fn of(part: &Part, with_reasons: bool) -> String {
    let mut lines = vec![format!("{}, by the issuer `{}`", styled(BOLD, &part.title), part.issuer)];
    let mut table = Table::indented("  ");
    let head: Vec<&str> = std::iter::once("").chain(part.roles.iter().map(String::as_str)).collect();
    table.head(&head);
    for row in &part.rows {
        let marks = row.cells.iter().map(|(is_yes, _)| mark(*is_yes));
        table.row(std::iter::once(Cell::from(row.title.as_str())).chain(marks));
    }
    lines.push(table.to_string());
    if !part.given.is_empty() {
        let mut table = Table::indented("    ");
        for (role, what) in &part.given {
            table.row([role.as_str().into(), what.as_str().into()]);
        }
        lines.push(format!("  what they give\n{table}"));
    }
    if with_reasons {
        lines.push(reasons(part));
    }
    lines.extend(part.notes.iter().map(|note| format!("  {}", styled(FAINT, note))));
    lines.join("\n")
}

fn reasons(part: &Part) -> String {
    let mut table = Table::indented("    ");
    for row in &part.rows {
        for (at, (role, (is_yes, why))) in part.roles.iter().zip(&row.cells).enumerate() {
            let title = if at == 0 { row.title.as_str() } else { "" };
            table.row([title.into(), role.as_str().into(), mark(*is_yes), why.as_str().into()]);
        }
    }
    format!("  why\n{table}")
}

fn mark(is_yes: bool) -> Cell {
    if is_yes { Cell::new("✓", GOOD) } else { Cell::new("✗", BAD) }
}
