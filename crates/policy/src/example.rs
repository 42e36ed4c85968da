//! Counter-examples: claims of a job that the author of a block surely did not mean, shown only if `decide` lets it in.

use std::collections::BTreeMap;

use daypass_jose::{Json, Object};

use crate::context::PolicyContext;
use crate::decide::Ask;
use crate::finding::{Changed, CounterExample, Suspect};
use crate::issuer::RegisteredIssuer;
use crate::pattern::{Pattern, Shape, Wanted};
use crate::policy::Policy;
use crate::provider::ClaimType;
use crate::reason::ProjectStanding;
use crate::suppose::Supposition;
use crate::trust::TrustBlock;

/// How often places are filled: a value may name a claim whose value names another.
const FILLINGS: usize = 3;

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
    let mut texts = issuer.profile.example.clone();
    for (claim, changed) in changes {
        if let Changed::To(text) = changed {
            texts.insert(claim.clone(), text.clone());
        }
    }
    let mut lists = BTreeMap::new();
    for condition in &block.conditions {
        match &condition.pattern {
            Pattern::AnyOf(wanted) => {
                texts.extend(wanted.first().map(|wanted| (condition.claim.clone(), sample(wanted))));
            }
            Pattern::Contains(wanted) => {
                lists.insert(condition.claim.clone(), Json::Array(vec![Json::String(sample(wanted))]));
            }
        }
    }
    for (claim, changed) in changes {
        if let Changed::Surely(text) = changed {
            texts.insert(claim.clone(), text.clone());
        }
    }
    let mut claims = filled_claims(texts, issuer);
    for (claim, list) in lists {
        claims.insert(claim, list);
    }
    claims
}

/// Texts as claims: `{claim}` in one stands for another, and a claim that is a number in the tokens is one.
pub(crate) fn filled_claims(mut texts: BTreeMap<String, String>, issuer: &RegisteredIssuer) -> Object {
    for _ in 0..FILLINGS {
        texts = texts.iter().map(|(claim, text)| (claim.clone(), filled(text, &texts))).collect();
    }
    let mut claims = Object::default();
    for (claim, text) in texts {
        let value = match (issuer.profile.claim_type(&claim), text.parse::<i64>()) {
            (Some(ClaimType::Integer), Ok(number)) => Json::Integer(number.into()),
            _ => Json::String(text),
        };
        claims.insert(claim, value);
    }
    claims
}

fn filled(text: &str, claims: &BTreeMap<String, String>) -> String {
    let mut filled = text.to_owned();
    for (claim, value) in claims {
        filled = filled.replace(&format!("{{{claim}}}"), value);
    }
    filled
}

/// A text that is wanted.
fn sample(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Exact(text) => text.clone(),
        Wanted::Glob(glob) => {
            let texts = glob.shapes().iter().map(|shape| match shape {
                Shape::Literal(character) => character.to_string(),
                Shape::Star | Shape::DoubleStar => "x".to_owned(),
            });
            texts.collect()
        }
    }
}
