//! Blocks beside each other: one that another covers does nothing.

use crate::context::PolicyContext;
use crate::finding::{Finding, Lint};
use crate::parse::DefinedRole;
use crate::provider::TriggerClass;
use crate::trust::{Condition, DenyBlock, TrustBlock};

/// Reports blocks of a role that let in nobody, beside the blocks that deny to all.
pub(crate) fn idle(defined: &DefinedRole, global: &[DenyBlock], context: &PolicyContext) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in 0..defined.role.trust.len() {
        findings.extend(shadowed(defined, at, global).or_else(|| unreachable(defined, at, context)));
    }
    findings
}

fn shadowed(defined: &DefinedRole, at: usize, global: &[DenyBlock]) -> Option<Finding> {
    let block = defined.role.trust.get(at)?;
    let deny = defined.role.deny.iter().chain(global).find(|deny| denies_all_of(deny, block))?;
    let message = format!(
        "the deny block at {}:{} keeps out all that this one lets in",
        deny.place.file, deny.place.line
    );
    let help = "delete the block, or narrow the one that denies: deny wins";
    Some(defined.finding_at(at, Lint::ShadowedByDeny, message, help))
}

fn unreachable(defined: &DefinedRole, at: usize, context: &PolicyContext) -> Option<Finding> {
    let block = defined.role.trust.get(at)?;
    let trigger = context.issuer(&block.issuer)?.profile.trigger.as_ref();
    if let Some(trigger) = trigger {
        let events: Vec<&str> = block.bound_texts(std::slice::from_ref(&trigger.claim)).flatten().collect();
        let is_untrusted = |event: &&str| trigger.class(event) == TriggerClass::Untrusted;
        if !events.is_empty() && events.iter().all(is_untrusted) && !block.untrusted_triggers {
            let message =
                format!("`{}` runs on the words of a stranger: no such job is let in", events.join("`, `"));
            let help = "delete the block; `untrusted_triggers = true` would open it to them";
            return Some(defined.finding_at(at, Lint::UnreachableBlock, message, help));
        }
    }
    let is_review = |event: &str| trigger.is_some_and(|trigger| trigger.class(event) == TriggerClass::Review);
    let claim = trigger.map_or("", |trigger| trigger.claim.as_str());
    let covers = |one: &TrustBlock, other: &TrustBlock| covers(one, other, claim, &is_review);
    let mut others = defined.role.trust.iter().enumerate().filter(|(other, _)| *other != at);
    // Of two that say the same, the first stays.
    let (_, wider) =
        others.find(|(other, wider)| covers(wider, block) && (*other < at || !covers(block, wider)))?;
    let message =
        format!("the block at {}:{} lets in all that this one does", wider.place.file, wider.place.line);
    Some(defined.finding_at(at, Lint::UnreachableBlock, message, "delete it, or narrow the other one"))
}

/// Whether the one lets in whatever the other does, for sure.
fn covers(wide: &TrustBlock, narrow: &TrustBlock, trigger: &str, is_review: &dyn Fn(&str) -> bool) -> bool {
    let named = |block: &TrustBlock, event: &str| {
        let mut conditions = block.conditions.iter().filter(|condition| condition.claim == trigger);
        conditions.any(|condition| condition.pattern.wanted().iter().any(|one| one.as_exact() == Some(event)))
    };
    let of_trigger = narrow.conditions.iter().filter(|condition| condition.claim == trigger);
    let mut events =
        of_trigger.flat_map(|condition| condition.pattern.wanted()).filter_map(|one| one.as_exact());
    wide.issuer == narrow.issuer
        && (wide.untrusted_triggers || !narrow.untrusted_triggers)
        && (wide.when.is_none() || wide.when == narrow.when)
        && events.all(|event| !is_review(event) || named(wide, event))
        && all_cover(&wide.conditions, &narrow.conditions)
}

/// Whether whatever the block lets in is denied, for sure.
fn denies_all_of(deny: &DenyBlock, block: &TrustBlock) -> bool {
    deny.issuer == block.issuer
        && (deny.when.is_none() || deny.when == block.when)
        && all_cover(&deny.conditions, &block.conditions)
}

fn all_cover(wide: &[Condition], narrow: &[Condition]) -> bool {
    let is_met = |condition: &Condition| {
        let mut same = narrow.iter().filter(|other| other.claim == condition.claim);
        same.any(|other| condition.pattern.covers(&other.pattern))
    };
    wide.iter().all(is_met)
}
