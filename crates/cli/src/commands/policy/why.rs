//! Why an answer is yes or no, in a line.

use daypass_policy::{BlockTrace, DenialReason, Effect, Tested, Trace};

/// The block that decided, or came closest.
pub(super) fn in_words(trace: &Trace) -> String {
    let place = |block: &BlockTrace| format!("{}:{}", block.place.file, block.place.line);
    let of = |effect| trace.blocks.iter().filter(move |block| block.effect == effect);
    match trace.reason {
        None => match of(Effect::Trust).find(|block| block.matches) {
            Some(block) => format!("{} lets it in", place(block)),
            None => "it is let in".to_owned(),
        },
        Some(DenialReason::DeniedByRule) => match of(Effect::Deny).find(|block| block.matches) {
            Some(block) => {
                let held: Vec<String> = block.conditions.iter().map(got).collect();
                format!("{} keeps it out: {}", place(block), held.join("; "))
            }
            None => "a rule keeps it out".to_owned(),
        },
        Some(DenialReason::NoRuleMatches) => {
            let tried = of(Effect::Trust).filter(|block| !block.conditions.is_empty());
            let nearest = tried.min_by_key(|block| block.conditions.iter().filter(|one| !one.holds).count());
            match nearest {
                Some(block) => {
                    let missed: Vec<String> =
                        block.conditions.iter().filter(|one| !one.holds).map(wanted).collect();
                    format!("{} {}", place(block), missed.join("; "))
                }
                None => "no rule is about the issuer".to_owned(),
            }
        }
        Some(DenialReason::GrantUnfillable) => {
            "a claim that stands in a grant is absent or could break out of its place".to_owned()
        }
        Some(
            reason @ (DenialReason::RoleUnknown
            | DenialReason::ProjectUnknown
            | DenialReason::ProjectPending
            | DenialReason::ProjectSuspended
            | DenialReason::ProjectDeleted),
        ) => reason.as_str().replace('_', " "),
    }
}

fn got(tested: &Tested) -> String {
    match &tested.got {
        Some(got) => format!("{} is `{got}`", tested.claim),
        None => format!("{} is absent", tested.claim),
    }
}

fn wanted(tested: &Tested) -> String {
    let wanted: Vec<String> = tested.wanted.iter().map(|one| format!("`{one}`")).collect();
    format!("wants {} {}, and {}", tested.claim, wanted.join(" or "), got(tested))
}
