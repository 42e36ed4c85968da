//! What is wrong with the settings: all of it, each with its place.

use std::fmt;

use daypass_policy::Finding;

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
}

impl SettingsFaults {
    pub(super) fn new(in_file: Vec<Finding>, elsewhere: Vec<Elsewhere>) -> Self {
        Self { in_file, elsewhere }
    }

    /// The one fault that there are no settings.
    pub(super) fn no_file(place: String, message: String, help: Option<String>) -> Self {
        Self { in_file: Vec::new(), elsewhere: vec![Elsewhere { place, message, help }] }
    }
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
