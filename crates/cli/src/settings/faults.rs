//! What is wrong with the settings: all of it, each with its place.

use std::fmt;

use daypass_policy::{Finding, Lint};

/// A fault of a setting that does not stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// The variable, the flag, or the file that could not be read.
    pub(super) place: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SettingsFaults {
    in_file: Vec<Finding>,
    elsewhere: Vec<Elsewhere>,
    is_no_file: bool,
}

impl SettingsFaults {
    pub(super) fn new(in_file: Vec<Finding>, elsewhere: Vec<Elsewhere>) -> Self {
        Self { in_file, elsewhere, is_no_file: false }
    }

    /// Every fault: what is wrong, where, and what to do.
    pub(crate) fn each(&self) -> impl Iterator<Item = SettingsFault<'_>> {
        let in_file = self.in_file.iter().map(|finding| SettingsFault {
            place: format!("{}:{}:{}", finding.file, finding.line, finding.column),
            lint: finding.lint,
            message: &finding.message,
            help: finding.help.as_deref(),
        });
        in_file.chain(self.elsewhere.iter().map(|fault| SettingsFault {
            place: fault.place.clone(),
            lint: None,
            message: &fault.message,
            help: fault.help.as_deref(),
        }))
    }

    /// The one fault that there are no settings.
    pub(super) fn no_file(place: String, message: String, help: Option<String>) -> Self {
        let elsewhere = vec![Elsewhere { place, message, help }];
        Self { in_file: Vec::new(), elsewhere, is_no_file: true }
    }

    /// Whether all that is wrong is that the file cannot be read.
    pub(crate) fn is_no_file(&self) -> bool {
        self.is_no_file
    }
}

/// One of them.
pub(crate) struct SettingsFault<'a> {
    /// File and line, or the variable, the flag, the file that could not be read.
    pub(crate) place: String,
    /// The lint that says so, if one does.
    pub(crate) lint: Option<Lint>,
    /// What is wrong.
    pub(crate) message: &'a str,
    /// What to do.
    pub(crate) help: Option<&'a str>,
}

impl std::error::Error for SettingsFaults {}

impl fmt::Display for SettingsFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_file = self.in_file.iter().map(ToString::to_string);
        let lines: Vec<String> = in_file.chain(self.elsewhere.iter().map(ToString::to_string)).collect();
        f.write_str(&lines.join("\n"))?;
        match lines.len() {
            1 => Ok(()),
            count => write!(f, "\n{count} faults"),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: error: {}", self.place, self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}
