//! Counter-examples: claims of a job that the author of a block surely did not mean, shown only if `decide` lets it in.

use daypass_jose::{Json, Object};

use crate::context::PolicyContext;
use crate::decide::Ask;
use crate::draft::{Draft, sample};
use crate::finding::{Changed, CounterExample, Suspect};
use crate::issuer::RegisteredIssuer;
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::reason::ProjectStanding;
use crate::suppose::Supposition;
use crate::trust::TrustBlock;

/// The job of a suspicion; `None` where the policy does not let it in after all.
pub(crate) fn of(suspect: &Suspect, policy: &Policy, context: &PolicyContext) -> Option<CounterExample> {
    let block = policy.role(&suspect.role)?.trust.get(suspect.block)?;
    let issuer = context.issuer(&block.issuer)?;
    let claims = claims(block, issuer, &suspect.changes);
    let supposition = Supposition::new(claims.clone(), issuer).ok()?;
    let ask = Ask { role: &suspect.role, standing: ProjectStanding::Unknown };
    let is_let_in = supposition.decide(&ask, policy).reason.is_none();
    is_let_in.then(|| CounterExample {
        who: suspect.who.to_owned(),
        issuer: issuer.name.clone(),
        role: suspect.role.clone(),
        claims,
    })
}

/// The usual claims of the provider, then what the block wants, with the changes between or above.
fn claims(block: &TrustBlock, issuer: &RegisteredIssuer, changes: &[(String, Changed)]) -> Object {
    let mut draft = Draft::of(issuer.profile);
    for (claim, changed) in changes {
        if let Changed::To(text) = changed {
            draft.text(claim, text);
        }
    }
    meet(block, &mut draft);
    for (claim, changed) in changes {
        if let Changed::Surely(text) = changed {
            draft.text(claim, text);
        }
    }
    draft.claims()
}

/// Gives the job what a block wants: of several values, the first.
pub(crate) fn meet(block: &TrustBlock, draft: &mut Draft<'_>) {
    for condition in &block.conditions {
        match &condition.pattern {
            Pattern::AnyOf(wanted) => {
                if let Some(wanted) = wanted.first() {
                    draft.text(&condition.claim, &sample(wanted));
                }
            }
            Pattern::Contains(wanted) => {
                draft.json(&condition.claim, Json::Array(vec![Json::String(sample(wanted))]));
            }
        }
    }
}

/// The usual claims of the provider.
pub(crate) fn usual(issuer: &RegisteredIssuer) -> Object {
    Draft::of(issuer.profile).claims()
}
