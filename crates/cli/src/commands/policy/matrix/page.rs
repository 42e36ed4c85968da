//! What every form of the matrix shows, with nothing in it that a terminal or a line would obey.

use std::collections::BTreeMap;

use daypass_client::printable;
use daypass_policy::{Matrix, MatrixOf, PROJECT_ROLE};

use super::super::files::Loaded;
use super::why;

/// The matrix, as it is shown.
pub(super) struct Page {
    /// Roles about which no lint can say all.
    pub(super) not_fully_linted: Vec<String>,
    pub(super) of: Vec<Part>,
}

/// A repository.
pub(super) struct Part {
    pub(super) issuer: String,
    pub(super) title: String,
    pub(super) roles: Vec<String>,
    pub(super) rows: Vec<Line>,
    /// Role, and what it gives some of the jobs.
    pub(super) given: Vec<(String, String)>,
    /// What is to be known of the repository and its jobs.
    pub(super) notes: Vec<String>,
}

/// A job.
pub(super) struct Line {
    pub(super) title: String,
    /// For each role whether it is given, and why.
    pub(super) cells: Vec<(bool, String)>,
}

impl Page {
    pub(super) fn new(matrix: &Matrix, loaded: &Loaded) -> Self {
        let of = matrix.of.iter().map(|of| Part::new(of, loaded));
        let unsure = loaded.policy.not_fully_linted();
        Self { not_fully_linted: unsure.map(printable).collect(), of: of.collect() }
    }
}

impl Part {
    fn new(of: &MatrixOf, loaded: &Loaded) -> Self {
        let issuer = loaded.context.issuer(of.repository.issuer());
        let title = issuer.map(|issuer| of.repository.title(issuer)).unwrap_or_default();
        let rows = of.rows.iter().map(|row| Line {
            title: printable(&row.title),
            cells: row
                .cells
                .iter()
                .map(|cell| (cell.is_yes(), printable(&why::in_words(&cell.trace))))
                .collect(),
        });
        Self {
            issuer: printable(of.repository.issuer()),
            title: printable(&title),
            roles: of.roles.iter().map(|role| printable(role)).collect(),
            rows: rows.collect(),
            given: given(of),
            notes: notes(of),
        }
    }
}

/// What roles give, each thing once.
fn given(of: &MatrixOf) -> Vec<(String, String)> {
    let mut given = Vec::new();
    for cell in of.rows.iter().flat_map(|row| &row.cells) {
        for one in &cell.given {
            let line = (printable(&cell.role), printable(&format!("{} {}", one.kind, one.what)));
            if !given.contains(&line) {
                given.push(line);
            }
        }
    }
    given.sort();
    given
}

/// Notes on kinds of job, each once, with all the kinds that it is about.
fn notes(of: &MatrixOf) -> Vec<String> {
    let mut about: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &of.rows {
        if let Some(note) = &row.note {
            about.entry(note).or_default().push(&row.title);
        }
    }
    let kinds = about.into_iter().map(|(note, titles)| printable(&format!("{}: {note}", titles.join("; "))));
    let mut notes: Vec<String> = kinds.collect();
    if of.roles.iter().any(|role| role == PROJECT_ROLE) {
        notes
            .push(format!("{PROJECT_ROLE}: of onboarded repositories alone; this one is taken as onboarded"));
    }
    match of.other_roles {
        0 => {}
        1 => notes.push("1 other role is not about this repository".to_owned()),
        count => notes.push(format!("{count} other roles are not about this repository")),
    }
    notes
}
