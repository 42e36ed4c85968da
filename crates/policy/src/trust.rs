//! Rules: blocks of conditions on the claims of a workload.

use daypass_jose::Json;
use serde::Serialize;

use crate::pattern::{Comparison, Pattern};
use crate::provider::TriggerClass;
use crate::when::When;
use crate::workload::{Workload, text};

/// Characters of a claim that a trace or a refusal shows.
const MAX_SHOWN_CHARS: usize = 512;

/// One claim and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The claim.
    pub claim: String,
    /// What it must be.
    pub pattern: Pattern,
}

/// Where a block stands in the files of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// A block of a role's trust: all of it must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBlock {
    /// The issuer, by name.
    pub issuer: String,
    /// What the claims must be.
    pub conditions: Vec<Condition>,
    /// What an expression must say of them.
    pub when: Option<When>,
    /// Whether events of the class untrusted may match.
    pub untrusted_triggers: bool,
    /// Where it stands.
    pub place: Place,
}

/// A block that denies: all of it must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyBlock {
    /// The issuer, by name.
    pub issuer: String,
    /// What the claims must be.
    pub conditions: Vec<Condition>,
    /// What an expression must say of them.
    pub when: Option<When>,
    /// Whether a claim that is absent counts as a match.
    pub absent_matches: bool,
    /// Where it stands.
    pub place: Place,
}

/// The name under which a trace shows what an expression says.
const WHEN: &str = "when";

/// How one condition was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// The claim.
    pub claim: String,
    /// What was wanted: any of these.
    pub wanted: Vec<String>,
    /// What the token has; `None` where it has none.
    pub got: Option<String>,
    /// Whether the condition holds.
    pub holds: bool,
}

impl Condition {
    fn test(&self, workload: &Workload, on_absence: bool, on_wrong_type: bool) -> Tested {
        let value = workload.claim(&self.claim);
        let holds = value.map_or(on_absence, |value| {
            let as_text = |value| text(workload.profile(), &self.claim, value);
            match self.pattern.compare(value, as_text) {
                Comparison::Same => true,
                Comparison::Other => false,
                Comparison::WrongType => on_wrong_type,
            }
        });
        let wanted = self.pattern.wanted().iter().map(ToString::to_string).collect();
        let got = value.map(|value| match value.scalar_text() {
            Some(text) => shown(&text),
            None => format!("({})", value.kind()),
        });
        Tested { claim: self.claim.clone(), wanted, got, holds }
    }

    /// Whether the condition takes this one value and names it, rather than covering it with a glob.
    fn names(&self, value: &str) -> bool {
        self.pattern.wanted().iter().any(|wanted| wanted.as_exact() == Some(value))
    }
}

/// The expression runs only for a job that meets all conditions: strangers cost nothing by it.
fn extend_by_when(tested: &mut Vec<Tested>, when: Option<&When>, workload: &Workload, on_error: bool) {
    if tested.iter().all(|tested| tested.holds) {
        tested.extend(when.map(|when| test_when(when, workload, on_error)));
    }
}

/// What an expression says. Without an answer it is no match in trust, and a match in deny.
fn test_when(when: &When, workload: &Workload, on_error: bool) -> Tested {
    let answer = when.evaluate(workload);
    let got = match answer {
        Some(true) => "true",
        Some(false) => "false",
        None => "(no answer: a claim is absent or has another type)",
    };
    Tested {
        claim: WHEN.to_owned(),
        wanted: vec![when.as_str().to_owned()],
        got: Some(got.to_owned()),
        holds: answer.unwrap_or(on_error),
    }
}

/// A value as it is recorded and shown: its beginning.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl TrustBlock {
    /// Tests every condition, the rule of triggers last. In trust, an absent claim or a wrong type is no match.
    pub fn test(&self, workload: &Workload) -> Vec<Tested> {
        let conditions = self.conditions.iter().map(|condition| condition.test(workload, false, false));
        let mut tested: Vec<Tested> = conditions.collect();
        extend_by_when(&mut tested, self.when.as_ref(), workload, false);
        let broken = self.broken_trigger(workload);
        tested.extend(
            broken.filter(|broken| !tested.iter().any(|test| test.claim == broken.claim && !test.holds)),
        );
        tested
    }

    /// The rule of triggers, where the block breaks it.
    fn broken_trigger(&self, workload: &Workload) -> Option<Tested> {
        let trigger = workload.profile().trigger.as_ref()?;
        let event = workload.text(&trigger.claim).unwrap_or_default();
        let is_admitted = match workload.trigger_class()? {
            TriggerClass::Trusted => true,
            TriggerClass::Review => {
                let on_event = |condition: &&Condition| condition.claim == trigger.claim;
                self.conditions.iter().filter(on_event).any(|condition| condition.names(&event))
            }
            TriggerClass::Untrusted => self.untrusted_triggers,
        };
        let broken = || Tested {
            claim: trigger.claim.clone(),
            wanted: trigger.trusted.clone(),
            got: Some(shown(&event)),
            holds: false,
        };
        (!is_admitted).then(broken)
    }

    /// The claims that it looks at.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        claims_of(&self.conditions, self.when.as_ref())
    }

    /// Whether the block speaks of the workload's own owner or repository, by an immutable id.
    pub fn knows(&self, workload: &Workload) -> bool {
        let profile = workload.profile();
        let is_id = |claim: &String| profile.owner_ids.contains(claim) || profile.project_ids.contains(claim);
        let binds = |condition: &Condition| {
            workload.text(&condition.claim).is_some_and(|value| condition.names(&value))
        };
        self.issuer == workload.issuer_name()
            && self.conditions.iter().any(|condition| is_id(&condition.claim) && binds(condition))
    }

    /// For each of these claims that is bound to texts alone, the texts.
    pub fn bound_texts<'a>(&'a self, claims: &'a [String]) -> impl Iterator<Item = Vec<&'a str>> {
        let conditions = self.conditions.iter().filter(|condition| claims.contains(&condition.claim));
        conditions.filter_map(|condition| condition.pattern.exact_texts())
    }
}

impl DenyBlock {
    /// Tests every condition. In deny, a wrong type or a control character matches, and absence does what
    /// the block says.
    pub fn test(&self, workload: &Workload) -> Vec<Tested> {
        let test = |condition: &Condition| {
            let mut tested = condition.test(workload, self.absent_matches, true);
            // A glob covers no control character; what holds one must not get past a block by that.
            tested.holds |= workload.claim(&condition.claim).is_some_and(holds_control);
            tested
        };
        let mut tested: Vec<Tested> = self.conditions.iter().map(test).collect();
        extend_by_when(&mut tested, self.when.as_ref(), workload, true);
        tested
    }

    /// The claims that it looks at.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        claims_of(&self.conditions, self.when.as_ref())
    }
}

fn holds_control(value: &Json) -> bool {
    let has_one = |text: &str| text.contains(char::is_control);
    match value {
        Json::String(text) => has_one(text),
        Json::Array(items) => items.iter().filter_map(Json::as_str).any(has_one),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Float(_) | Json::Object(_) => false,
    }
}

fn claims_of<'a>(conditions: &'a [Condition], when: Option<&'a When>) -> impl Iterator<Item = &'a str> {
    let conditions = conditions.iter().map(|condition| condition.claim.as_str());
    conditions.chain(when.into_iter().flat_map(When::claims))
}
