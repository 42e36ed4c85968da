//! What a check came to, and how all of it is told.

use std::fmt::Display;

use anstyle::Style;
use daypass_client::printable;
use serde_json::{Value, json};

use super::check::Check;
use crate::fault::CommandFault;
use crate::output;

/// The version of the JSON: another one where something is taken out or means something else.
const JSON_VERSION: u32 = 1;
/// Columns of the level.
const LEVEL_WIDTH: usize = 9;

/// How much it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// All is well.
    Ok,
    /// Worth knowing.
    Note,
    /// It works, and may not for long, or less well than it could.
    Warning,
    /// It does not work, or lets somebody in.
    Fault,
}

/// What one check came to for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) level: Level,
    message: String,
    place: Option<String>,
    help: Option<String>,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Ok => output::GOOD,
            Self::Note => Style::new(),
            Self::Warning => output::CARE,
            Self::Fault => output::BAD,
        }
    }
}

impl Finding {
    /// A text may bring its own advice, on lines that begin with `help:`.
    pub(super) fn new(check: Check, level: Level, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut lines = text.split("\n  help: ");
        let message = lines.next().unwrap_or("").to_owned();
        let own: Vec<&str> = lines.collect();
        let advice = || (level >= Level::Warning).then(|| check.advice().to_owned());
        let help = if own.is_empty() { advice() } else { Some(own.join("; ")) };
        Self { check, level, message, place: None, help }
    }

    pub(super) fn ok(check: Check, text: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, text)
    }

    pub(super) fn note(check: Check, text: impl Into<String>) -> Self {
        Self::new(check, Level::Note, text)
    }

    pub(super) fn warning(check: Check, text: impl Into<String>) -> Self {
        Self::new(check, Level::Warning, text)
    }

    pub(super) fn fault(check: Check, text: impl Into<String>) -> Self {
        Self::new(check, Level::Fault, text)
    }

    /// Where it is.
    pub(super) fn at(mut self, place: &(impl Display + ?Sized)) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// What to do, better than the check knows by itself.
    pub(super) fn help(mut self, help: Option<&str>) -> Self {
        if let Some(help) = help {
            self.help = Some(help.to_owned());
        }
        self
    }

    fn as_json(&self) -> Value {
        json!({
            "check": self.check.name(),
            "level": self.level.name(),
            "message": self.message,
            "where": self.place,
            "help": self.help,
        })
    }

    /// The names of checks take so many columns.
    fn print(&self, name_width: usize) -> Result<(), CommandFault> {
        let level = output::styled(self.level.style(), &format!("{:LEVEL_WIDTH$}", self.level.name()));
        let name = format!("{:name_width$}", self.check.name());
        output::line(format_args!("{level}{name} {}", printable(&self.message)))?;
        // Of what is well nobody asks where.
        let place = self.place.as_ref().filter(|_| self.level != Level::Ok);
        let rest = [("where", place), ("do", self.help.as_ref())];
        for (word, text) in rest.into_iter().filter_map(|(word, text)| Some((word, text?))) {
            let word = output::styled(output::FAINT, &format!("{:LEVEL_WIDTH$}{word}:", ""));
            output::line(format_args!("{word} {}", printable(text)))?;
        }
        Ok(())
    }
}

/// All findings, the worst last: those are read on a terminal.
pub(super) struct Report(Vec<Finding>);

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.level);
        Self(findings)
    }

    pub(super) fn worst(&self) -> Level {
        self.0.last().map_or(Level::Ok, |finding| finding.level)
    }

    pub(super) fn print(&self, as_json: bool) -> Result<(), CommandFault> {
        if as_json {
            return output::json(&self.as_json());
        }
        let name_width = self.0.iter().map(|finding| finding.check.name().len()).max().unwrap_or(0);
        self.0.iter().try_for_each(|finding| finding.print(name_width))?;
        let worst = self.worst();
        let counted = [(Level::Fault, "faults"), (Level::Warning, "warnings"), (Level::Note, "notes")];
        let counted = counted.map(|(level, many)| {
            let count = self.count(level);
            if count == 1 { format!("1 {}", level.name()) } else { format!("{count} {many}") }
        });
        let told = format!("{}, {} ok", counted.join(", "), self.count(Level::Ok));
        output::line(format_args!("\n{}", output::styled(worst.style(), &told)))
    }

    fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    fn as_json(&self) -> Value {
        let findings: Vec<Value> = self.0.iter().map(Finding::as_json).collect();
        json!({
            "version": JSON_VERSION,
            "faults": self.count(Level::Fault),
            "warnings": self.count(Level::Warning),
            "findings": findings,
        })
    }
}
