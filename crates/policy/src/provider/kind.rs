//! Kinds of job: on which events and refs a CI system runs one, as data.

use std::collections::BTreeMap;

/// A kind of job that matters to who can get what.
#[derive(Debug)]
pub struct Kind {
    /// What people call it; `{claim}` stands for a claim.
    pub title: String,
    /// What is to be known of it.
    pub note: Option<String>,
    /// Whether there is one for each value that rules name.
    pub each: Option<Each>,
    /// The claim on which it turns: a kind that no rule tells from another is left out.
    pub only_if_tested: Option<String>,
    /// Its claims, where they are not the usual ones.
    pub claims: BTreeMap<String, String>,
}

/// The values of a claim that rules name; `{_each}` stands for one.
#[derive(Debug)]
pub struct Each {
    /// The claim.
    pub claim: String,
    /// What stands before the value.
    pub before: String,
}
