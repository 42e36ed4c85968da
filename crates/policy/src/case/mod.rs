//! Cases: jobs that nobody has run, and what the policy is to say of each. Read by the reader of policy files, decided by
//! the function that serves.

mod claims;
mod coverage;
mod read;
mod run;

pub use coverage::Coverage;
pub use run::{CaseResult, Outcome};

use daypass_jose::Object;

use crate::finding::Excerpt;
use crate::reason::ProjectStanding;

/// A job, what it asks for, and what it is to get.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file.
    pub file: String,
    /// What the file is about.
    pub title: Option<String>,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its name, which no other case of the file has.
    pub name: String,
    /// What a reader may want to know beside it.
    pub about: Option<String>,
    /// The case that differs little and gets the other answer, by name: without it nobody knows whether a refusal is for
    /// the reason that was meant.
    pub twin: Option<String>,
    /// The issuer, by name.
    pub issuer: String,
    /// The claims of its token, but for those of time and audience.
    pub claims: Object,
    /// How its repository stands.
    pub standing: ProjectStanding,
    /// What it asks for.
    pub role: String,
    /// What it is to get.
    pub expected: Expected,
    expected_at: Spot,
}

/// What a case is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The role.
    Allow,
    /// Nothing.
    Deny {
        /// Why, if the case says so: the name of a reason, or the code of a fault of the claims.
        reason: Option<String>,
        /// The claims that are to differ, if the case says so: these and no others.
        differs: Option<Vec<String>>,
    },
}

/// A place in a file of cases, kept for the day on which the policy says something else.
#[derive(Debug, Clone)]
struct Spot {
    line: usize,
    column: usize,
    excerpt: Option<Excerpt>,
}

impl Expected {
    fn is_allow(&self) -> bool {
        match self {
            Self::Allow => true,
            Self::Deny { .. } => false,
        }
    }

    /// `allow` or `deny`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny { .. } => "deny",
        }
    }
}
