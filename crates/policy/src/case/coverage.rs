//! Which blocks of the policy files some case has reached.

use std::collections::BTreeSet;

use super::{CaseResult, Outcome};
use crate::finding::{Excerpt, Finding, Level, Lines};
use crate::parse::PolicyFile;
use crate::policy::Policy;
use crate::trace::Effect;
use crate::trust::Place;

/// The blocks that stand in policy files, and those of them that some case has reached: that let it in, or kept it out, as
/// far as they have a say.
#[derive(Debug)]
pub struct Coverage {
    blocks: Vec<(Effect, String, Place)>,
    reached: BTreeSet<(String, usize)>,
}

impl Coverage {
    /// What these cases come to.
    pub fn of(results: &[CaseResult<'_>], policy: &Policy) -> Self {
        let mut blocks = Vec::new();
        blocks.extend(policy.deny().iter().map(|block| (Effect::Deny, String::new(), block.place.clone())));
        for role in policy.roles().filter(|role| !role.onboarded_only) {
            let trust = role.trust.iter().map(|block| (Effect::Trust, &block.place));
            let deny = role.deny.iter().map(|block| (Effect::Deny, &block.place));
            blocks
                .extend(trust.chain(deny).map(|(effect, place)| (effect, role.name.clone(), place.clone())));
        }
        blocks.sort_by(|(.., one), (.., other)| (&one.file, one.line).cmp(&(&other.file, other.line)));
        let traces = results.iter().filter_map(|result| match &result.outcome {
            Outcome::Decided(trace) => Some(trace),
            Outcome::NoJob(_) => None,
        });
        let matched = traces.flat_map(|trace| &trace.blocks).filter(|block| block.matches);
        let reached = matched.map(|block| (block.place.file.clone(), block.place.line)).collect();
        Self { blocks, reached }
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Number of blocks that some case has reached.
    pub fn reached(&self) -> usize {
        self.blocks.len().saturating_sub(self.unreached().count())
    }

    /// A finding for each block that no case has reached.
    pub fn findings(&self, files: &[PolicyFile]) -> Vec<Finding> {
        let finding = |(effect, role, place): &(Effect, String, Place)| {
            let what = match effect {
                Effect::Trust => "lets in none of the cases",
                Effect::Deny => "keeps out none of the cases",
            };
            let of = if role.is_empty() { "for all roles".to_owned() } else { format!("of `{role}`") };
            Finding {
                file: place.file.clone(),
                line: place.line,
                column: 1,
                level: Level::Warn,
                lint: None,
                message: format!("a block {of} {what}"),
                help: Some("add a case that it decides".to_owned()),
                excerpt: excerpt(files, place),
                counter_example: None,
                suspect: None,
            }
        };
        self.unreached().map(finding).collect()
    }

    fn unreached(&self) -> impl Iterator<Item = &(Effect, String, Place)> {
        self.blocks.iter().filter(|(.., place)| !self.reached.contains(&(place.file.clone(), place.line)))
    }
}

/// The line of a place.
fn excerpt(files: &[PolicyFile], place: &Place) -> Option<Excerpt> {
    let text = &files.iter().find(|file| file.path == place.file)?.text;
    let mut start = 0_usize;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number.saturating_add(1) == place.line {
            let end = start.saturating_add(line.trim_end().len());
            return Lines::of(text).excerpt(text, &(start..end));
        }
        start = start.saturating_add(line.len());
    }
    None
}
