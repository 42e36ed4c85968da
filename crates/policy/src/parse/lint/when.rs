//! Expressions that say yes to everything.

use std::collections::BTreeMap;

use daypass_jose::{Json, Object};

use super::Suspected;
use crate::example;
use crate::finding::{Changed, Lint};
use crate::issuer::RegisteredIssuer;
use crate::provider::ClaimType;
use crate::when::When;
use crate::workload::Workload;

/// The most jobs that an expression is asked about. One that needs more to be judged is believed.
const MAX_TRIALS: usize = 512;

/// A value that stands in no expression.
const NOT_MEANT: &str = "not-meant";

impl Suspected<'_> {
    pub(super) fn vacuous_when(&self) {
        let Some(when) = self.block.when.as_ref().filter(|when| says_yes_to_all(when, self.issuer)) else {
            return;
        };
        let message = "this says yes, whatever the claims are".to_owned();
        let help = "leave it out, or say what a claim must be, as `claims.run_attempt == '1'`".to_owned();
        let free = when.claims().filter(|claim| !self.block.conditions.iter().any(|one| one.claim == *claim));
        let changes = free.map(|claim| (claim.to_owned(), Changed::To(NOT_MEANT.to_owned()))).collect();
        let who = "a job of the kind that the expression looks as if it kept out";
        self.flag(&self.span_of("when"), Lint::VacuousWhen, (message, help), (who, changes));
    }
}

/// Whether it says yes to jobs whose claims are what it names, nearly that, something else, and, where a token may lack
/// them, absent. Stops at the first no.
fn says_yes_to_all(when: &When, issuer: &RegisteredIssuer) -> bool {
    let mut trials = vec![BTreeMap::new()];
    for claim in when.claims() {
        let Some(values) = values(when, issuer, claim) else { return false };
        if trials.len().saturating_mul(values.len()) > MAX_TRIALS {
            return false;
        }
        let with = |trial: &BTreeMap<String, Option<Json>>, value: &Option<Json>| {
            let mut trial = trial.clone();
            trial.insert(claim.to_owned(), value.clone());
            trial
        };
        trials = trials.iter().flat_map(|trial| values.iter().map(move |value| with(trial, value))).collect();
    }
    trials.iter().all(|trial| says_yes(when, issuer, trial))
}

fn values(when: &When, issuer: &RegisteredIssuer, claim: &str) -> Option<Vec<Option<Json>>> {
    let kind = issuer.profile.claim_type(claim);
    if matches!(kind, Some(ClaimType::List | ClaimType::Object)) {
        return None;
    }
    let mut texts = vec![NOT_MEANT.to_owned(), "1".to_owned(), "999999999".to_owned()];
    for literal in when.literals().filter(|literal| !literal.is_empty()) {
        texts.extend([literal.to_owned(), format!("{literal}x"), format!("x{literal}")]);
    }
    let value = |text: String| match kind {
        Some(ClaimType::Integer) => text.parse::<i64>().ok().map(|number| Json::Integer(number.into())),
        _ => Some(Json::String(text)),
    };
    let mut values: Vec<Option<Json>> = texts.into_iter().filter_map(value).map(Some).collect();
    if !issuer.profile.guarantees(claim) {
        values.push(None);
    }
    Some(values)
}

fn says_yes(when: &When, issuer: &RegisteredIssuer, trial: &BTreeMap<String, Option<Json>>) -> bool {
    let mut claims = Object::default();
    for (claim, value) in example::usual(issuer).iter() {
        if !trial.contains_key(claim) {
            claims.insert(claim, value.clone());
        }
    }
    for (claim, value) in trial {
        if let Some(value) = value {
            claims.insert(claim, value.clone());
        }
    }
    Workload::supposed(claims, issuer).is_ok_and(|job| when.evaluate(&job) == Some(true))
}
