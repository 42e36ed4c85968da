//! The job that a finding is about: whom the author did not mean.

use daypass_jose::Object;

/// A job whose token the issuer signs, and which the policy lets in.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterExample {
    /// Who it is, as a sentence that begins with it.
    pub who: String,
    /// The issuer, by name.
    pub issuer: String,
    /// The role that it takes.
    pub role: String,
    /// All of its claims but those of time and audience.
    pub claims: Object,
}

// The claims of an example are texts, whole numbers and lists of texts.
impl Eq for CounterExample {}

/// What a lint supposes: that a block lets in a job whose claims differ so from those that its author had in mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) role: String,
    /// The trust block, by its place among those of the role.
    pub(crate) block: usize,
    pub(crate) who: &'static str,
    pub(crate) changes: Vec<(String, Changed)>,
    /// Whether the lint finds nothing if the job is not let in: an expression may say what conditions do not.
    pub(crate) is_needed: bool,
}

/// How a claim differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It is this text, unless the block says otherwise.
    To(String),
    /// It is this text, whatever the block says.
    Surely(String),
}
