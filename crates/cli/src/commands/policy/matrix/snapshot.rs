//! The matrix as a text to be kept beside the policy: each line says all, so that what a change adds or takes away reads alone.

use std::collections::BTreeSet;

use super::page::{Page, Part};

const HEAD: &str =
    "# Who can get what, as `daypass policy matrix --snapshot FILE` writes it and `--check` compares it.";

/// The text.
pub(super) fn text(page: &Page) -> String {
    let mut lines = vec![HEAD.to_owned()];
    lines.extend(page.not_fully_linted.iter().map(|role| format!("# not fully linted: {role}")));
    lines.extend(page.of.iter().flat_map(of));
    lines.push(String::new());
    lines.join("\n")
}

fn of(part: &Part) -> Vec<String> {
    let before = format!("{}: {}", part.issuer, part.title);
    let mut lines = vec![String::new()];
    for row in &part.rows {
        for (role, (is_yes, _)) in part.roles.iter().zip(&row.cells) {
            let answer = if *is_yes { "✓" } else { "✗" };
            lines.push(format!("{answer} {role}: {before}: {}", row.title));
        }
    }
    lines.extend(part.given.iter().map(|(role, what)| format!("= {role}: {before}: gives {what}")));
    lines
}

/// Lines that are gone and lines that are new, in the order of the texts. Which lines there are is all that matters: each says
/// all by itself.
pub(super) fn difference<'a>(before: &'a str, now: &'a str) -> Vec<(char, &'a str)> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), now.lines().collect());
    let gone = before.lines().filter(|line| !new.contains(line)).map(|line| ('-', line));
    let added = now.lines().filter(|line| !old.contains(line)).map(|line| ('+', line));
    let mut all: Vec<(char, &str)> = gone.chain(added).collect();
    // A line that only turned from one answer to the other stands beside its old self.
    all.sort_by_key(|(_, line)| line.split_once(' ').map_or(*line, |(_, rest)| rest));
    all
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn an_answer_that_turned_stands_beside_its_old_self() {
        let (before, now) = ("✓ a: x\n✗ b: x\n✓ c: x\n", "✗ a: x\n✗ b: x\n✓ d: x\n");
        let lines = [('-', "✓ a: x"), ('+', "✗ a: x"), ('-', "✓ c: x"), ('+', "✓ d: x")];
        assert_eq!(difference(before, now), lines);
        assert_eq!(difference(now, now), []);
    }
}
