//! Policy files: one parser for serving, checking and testing.

mod block;
mod ceiling;
mod grants;
mod lint;
mod role;
mod when;

pub(crate) use block::named_issuer;
pub(crate) use ceiling::Ceiling;
pub(crate) use lint::idle;

use crate::context::PolicyContext;
use crate::finding::{Excerpt, Finding, Lint};
use crate::reader::{self, Section};
use crate::role::Role;
use crate::trust::{DenyBlock, Place};

/// The file that bounds the roles of its folder and of those below.
pub const CEILING_FILE: &str = "_ceiling.toml";

/// How the name of a file of cases ends. Such a file is never read as policy, wherever it stands.
pub const CASES_SUFFIX: &str = ".test.toml";

/// A policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its path below the policy folder, with `/` between names.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// What a file defines.
#[derive(Default)]
pub(crate) struct Defined {
    pub(crate) roles: Vec<DefinedRole>,
    pub(crate) deny: Vec<DenyBlock>,
}

/// A role and where its name stands.
pub(crate) struct DefinedRole {
    pub(crate) role: Role,
    pub(crate) place: Place,
    column: usize,
    excerpt: Option<Excerpt>,
    /// Where each of its trust blocks stands.
    spots: Vec<Spot>,
}

/// Where something stands in its file.
#[derive(Clone)]
struct Spot {
    line: usize,
    column: usize,
    excerpt: Option<Excerpt>,
}

impl Spot {
    fn of(section: &Section<'_>) -> Self {
        let (line, column) = section.source().position(section.span().start);
        Self { line, column, excerpt: section.source().excerpt(&section.span()) }
    }
}

impl DefinedRole {
    /// What is wrong with one of its trust blocks beside others.
    fn finding_at(&self, block: usize, lint: Lint, message: String, help: &str) -> Finding {
        let finding = self.finding(lint, message, help);
        match self.spots.get(block).cloned() {
            Some(Spot { line, column, excerpt }) => Finding { line, column, excerpt, ..finding },
            None => finding,
        }
    }

    /// What is wrong with the role beside others.
    pub(crate) fn finding(&self, lint: Lint, message: String, help: &str) -> Finding {
        Finding {
            file: self.place.file.clone(),
            line: self.place.line,
            column: self.column,
            level: lint.level(),
            lint: Some(lint),
            message,
            help: Some(help.to_owned()),
            excerpt: self.excerpt.clone(),
            counter_example: None,
            suspect: None,
        }
    }
}

/// What reading a file needs to know beside the file.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) context: &'a PolicyContext,
    /// Those that bound the file's roles.
    pub(crate) ceilings: &'a [&'a Ceiling],
}

impl PolicyFile {
    /// Whether it bounds roles rather than defining them.
    pub(crate) fn is_ceiling(&self) -> bool {
        self.path.rsplit('/').next() == Some(CEILING_FILE)
    }

    /// Whether it holds cases, so that it is never read as policy.
    pub fn is_cases(&self) -> bool {
        self.path.ends_with(CASES_SUFFIX)
    }

    /// Its folder with a `/` at the end; empty for the topmost.
    pub(crate) fn folder(&self) -> &str {
        self.path.rfind('/').and_then(|at| self.path.get(..=at)).unwrap_or("")
    }
}

/// Reads a file of roles.
pub(crate) fn roles(file: &PolicyFile, surroundings: Surroundings<'_>) -> (Defined, Vec<Finding>) {
    let (defined, findings) = reader::read(&file.path, &file.text, |top| {
        let mut defined = Defined::default();
        if let Some(section) = top.section("roles") {
            defined.roles =
                section.rest().iter().filter_map(|entry| role::read(&section, entry, surroundings)).collect();
        }
        let deny = top.sections("deny");
        defined.deny = deny.iter().filter_map(|section| block::deny(section, surroundings)).collect();
        top.finish();
        defined
    });
    (defined.unwrap_or_default(), findings)
}

/// Looks through a file of cases for what belongs into a policy file.
pub(crate) fn misplaced(file: &PolicyFile) -> Vec<Finding> {
    let (_, findings) = reader::read(&file.path, &file.text, |top| {
        for entry in ["roles", "deny"].into_iter().filter_map(|key| top.entry(key)) {
            let message = format!("`{}` in a file of cases, which no server goes by", entry.key);
            let help = format!("move it to a file whose name does not end in `{CASES_SUFFIX}`");
            top.source().error(entry.span, message, Some(help));
        }
    });
    findings
}

/// Reads a ceiling.
pub(crate) fn ceiling(file: &PolicyFile, context: &PolicyContext) -> (Option<Ceiling>, Vec<Finding>) {
    let (ceiling, findings) =
        reader::read(&file.path, &file.text, |top| ceiling::read(top, file.folder(), context));
    (ceiling, findings)
}

fn place(section: &Section<'_>) -> Place {
    let (line, _) = section.source().position(section.span().start);
    Place { file: section.source().file().to_owned(), line }
}
