//! What is wrong with a file that a person wrote: where, what, and what to do.

use std::fmt;

mod counter_example;
mod excerpt;
mod lint;

pub use counter_example::CounterExample;
pub(crate) use counter_example::{Changed, Suspect};
pub use excerpt::Excerpt;
pub(crate) use excerpt::Lines;
pub use lint::Lint;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The file is refused.
    Deny,
    /// The file is taken, and the finding is logged.
    Warn,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named when it was read.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How much it weighs.
    pub level: Level,
    /// Which lint says so; `None` where the file cannot be understood, which nothing allows.
    pub lint: Option<Lint>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The lines where it stands; `None` where it stands in no file.
    pub excerpt: Option<Excerpt>,
    /// A job that the author did not mean, and that the policy treats as if he had.
    pub counter_example: Option<CounterExample>,
    pub(crate) suspect: Option<Suspect>,
}

impl Finding {
    /// What is wrong with something that stands in no file.
    pub(crate) fn without_place(of: &str, message: String, help: Option<String>) -> Self {
        Self {
            file: of.to_owned(),
            line: 1,
            column: 1,
            level: Level::Deny,
            lint: None,
            message,
            help,
            excerpt: None,
            counter_example: None,
            suspect: None,
        }
    }
}

impl fmt::Display for Finding {
    /// `FILE:LINE:COLUMN: error: MESSAGE`, and the help on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Deny => "error",
            Level::Warn => "warning",
        };
        write!(f, "{}:{}:{}: {level}", self.file, self.line, self.column)?;
        if let Some(lint) = self.lint {
            write!(f, "[{}]", lint.name())?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// The one of `known` that a person may have meant by `word`.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LEAST_LIKENESS: f64 = 0.8;
    let likeness = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    let best = known.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(&best) >= LEAST_LIKENESS).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_and_its_help_another() {
        let finding = Finding {
            file: "deploy.toml".to_owned(),
            line: 3,
            column: 1,
            level: Level::Deny,
            lint: Some(Lint::EmptyTrust),
            message: "anybody may take this role".to_owned(),
            help: Some("name the owner".to_owned()),
            excerpt: None,
            counter_example: None,
            suspect: None,
        };
        let shown = "deploy.toml:3:1: error[empty_trust]: anybody may take this role\n  help: name the owner";
        assert_eq!(finding.to_string(), shown);
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let known = ["repository_id", "repository_owner_id", "ref", "environment"];
        assert_eq!(did_you_mean("repositry_id", known), Some("repository_id"));
        assert_eq!(did_you_mean("enviroment", known), Some("environment"));
        assert_eq!(did_you_mean("zzz", known), None);
    }
}
