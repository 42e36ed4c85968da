//! Where each setting stands. The reader itself keeps it while it reads, so that no other list says what a setting is.

use std::collections::BTreeMap;
use std::fmt;

/// Where a setting has its value from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands in the file.
    File {
        /// The file, as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of this name.
    Variable(String),
    /// This flag.
    Flag(String),
    /// Nobody says it.
    Default,
}

/// The origin of each setting that was asked for, by its full name, as `store.url`.
#[derive(Debug, Default)]
pub(super) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(super) fn keep(&mut self, name: String, origin: Origin) {
        self.0.insert(name, origin);
    }

    pub(super) fn of(&self, name: &str) -> Origin {
        self.0.get(name).cloned().unwrap_or(Origin::Default)
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}
