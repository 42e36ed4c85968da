//! `docs/attacks.md` says how many cases each of its rows has in the table. Held here: the numbers, and that no case
//! is outside the document. That its other pointers lead to tests, a tidy rule holds.

use std::collections::{BTreeMap, BTreeSet};

use super::kit::Kit;

/// The ids of a row, each whole or a beginning with a star, and its number of cases, where it has any.
struct Row {
    ids: Vec<String>,
    cases: Option<usize>,
}

fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/attacks.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let ids = cells[0].split(", ").map(|id| id.trim_matches('`').to_owned()).collect();
        let cases = cells[cells.len() - 1].split("; ").find_map(|part| part.strip_prefix("table "));
        Row { ids, cases: cases.map(|cases| cases.parse().unwrap()) }
    });
    rows.collect()
}

/// How well an id of the document fits that of a case: wholly, or by so many characters of its beginning.
fn fit(id: &str, case: &str) -> Option<usize> {
    match id.strip_suffix('*') {
        Some(start) => case.starts_with(start).then_some(start.len()),
        None => (id == case).then_some(usize::MAX),
    }
}

#[tokio::test]
async fn the_document_has_every_case_of_the_table_and_counts_them_right() {
    let kit = Kit::start().await;
    let cases = super::table(&kit).cases;
    let unique: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(unique.len(), cases.len(), "two cases have one id");
    let rows = rows();
    let (mut found, mut faults) = (BTreeMap::<usize, usize>::new(), Vec::new());
    for case in &cases {
        let fits = rows.iter().enumerate().filter(|(_, row)| row.cases.is_some());
        let fits =
            fits.filter_map(|(at, row)| Some((row.ids.iter().filter_map(|id| fit(id, &case.id)).max()?, at)));
        match fits.max() {
            Some((_, at)) => *found.entry(at).or_default() += 1,
            None => faults.push(format!("`{}` is in no row that has cases in the table", case.id)),
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let found = found.get(&at).copied();
        if found != row.cases {
            faults.push(format!(
                "`{}`: says {:?} cases, the table has {found:?}",
                row.ids.join(", "),
                row.cases
            ));
        }
    }
    assert!(faults.is_empty(), "docs/attacks.md:\n{}", faults.join("\n"));
}
