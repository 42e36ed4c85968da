//! The jobs of a repository that matter: the kinds of its provider, and what rules single out.

use std::collections::BTreeSet;

use daypass_jose::{Json, Object};

use super::{SupposedRepository, ids};
use crate::draft::{Draft, sample};
use crate::example;
use crate::issuer::RegisteredIssuer;
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::provider::{Kind, Profile};
use crate::suppose::Supposition;
use crate::trust::{Condition, DenyBlock, TrustBlock};

/// Values of one claim that have rows of their own: more are not read.
const MAX_VALUES: usize = 100;

/// A job that is supposed.
pub(super) struct Job {
    pub(super) title: String,
    pub(super) note: Option<String>,
    pub(super) claims: Object,
    pub(super) supposed: Supposition,
}

/// Every job of the repository that matters.
pub(super) fn of(
    repository: &SupposedRepository,
    default_branch: &str,
    policy: &Policy,
    issuer: &RegisteredIssuer,
) -> Vec<Job> {
    let usual = usual(repository, default_branch, issuer);
    let rules = Rules::about(&usual, policy, issuer);
    let mut jobs = Jobs { issuer, seen: BTreeSet::new(), all: Vec::new() };
    for kind in issuer.profile.kinds.iter().filter(|kind| rules.tell(kind)) {
        let mut draft = usual.clone();
        draft.templates(&kind.claims);
        let Some(each) = &kind.each else {
            jobs.add(&kind.title, kind.note.as_deref(), &draft, true);
            continue;
        };
        // The default branch has kinds of its own.
        let is_default =
            |value: &String| value == default_branch && issuer.profile.workload.git_ref.contains(&each.claim);
        for value in rules.values(&each.claim, &each.before).into_iter().filter(|value| !is_default(value)) {
            draft.text("_each", &value);
            jobs.add(&kind.title, kind.note.as_deref(), &draft, false);
        }
    }
    for block in &rules.trust {
        jobs.add_of_rule(block, &usual);
    }
    jobs.all
}

/// A job of the repository as there are many.
pub(super) fn usual<'a>(
    repository: &SupposedRepository,
    default_branch: &str,
    issuer: &'a RegisteredIssuer,
) -> Draft<'a> {
    let mut draft = Draft::of(issuer.profile);
    draft.text("_default_branch", default_branch);
    draft.templates(&issuer.profile.usual);
    repository.describe(issuer, &mut draft);
    draft
}

/// The kind that comes closest: of this event, and of a tag or not.
pub(super) fn nearest<'a>(profile: &'a Profile, event: Option<&str>, is_tag: bool) -> Option<&'a Kind> {
    let kinds = || profile.kinds.iter().filter(|kind| kind.each.is_none() && kind.only_if_tested.is_none());
    let has_event = |kind: &&Kind| {
        let of_kind = profile.trigger.as_ref().and_then(|trigger| {
            kind.claims.get(&trigger.claim).or_else(|| profile.example.get(&trigger.claim))
        });
        event.is_none() || event == of_kind.map(String::as_str)
    };
    let is_of_tag = |kind: &&Kind| (kind.claims.get("ref_type").map(String::as_str) == Some("tag")) == is_tag;
    kinds()
        .find(|kind| has_event(kind) && is_of_tag(kind))
        .or_else(|| kinds().find(has_event))
        .or_else(|| kinds().find(is_of_tag))
        .or_else(|| kinds().next())
}

struct Jobs<'a> {
    issuer: &'a RegisteredIssuer,
    /// The claims of each, as text.
    seen: BTreeSet<String>,
    all: Vec<Job>,
}

impl Jobs<'_> {
    /// One job more, unless there is one with its claims. One that no token can be of is none.
    fn add(&mut self, title: &str, note: Option<&str>, draft: &Draft<'_>, even_if_seen: bool) {
        let claims = draft.claims();
        let is_new = self.seen.insert(claims.to_string());
        let Ok(supposed) = Supposition::new(claims.clone(), self.issuer) else { return };
        if is_new || even_if_seen {
            self.all.push(Job {
                title: draft.filled(title),
                note: note.map(str::to_owned),
                claims,
                supposed,
            });
        }
    }

    /// The job that a block describes, where its conditions name more than an event.
    fn add_of_rule(&mut self, block: &TrustBlock, usual: &Draft<'_>) {
        let profile = self.issuer.profile;
        if !is_possible(block, usual, profile) {
            return;
        }
        let texts = |condition: &Condition| condition.pattern.wanted().first().map(sample);
        let trigger = profile.trigger.as_ref().map(|trigger| trigger.claim.as_str());
        let event = block.conditions.iter().find(|condition| Some(condition.claim.as_str()) == trigger);
        let is_tag = block.conditions.iter().any(|condition| {
            texts(condition).is_some_and(|text| text.starts_with("refs/tags/") || text == "tag")
        });
        let event = event.and_then(texts);
        let mut draft = usual.clone();
        if let Some(kind) = nearest(profile, event.as_deref(), is_tag) {
            draft.templates(&kind.claims);
        }
        let before = draft.claims();
        example::meet(block, &mut draft);
        let changed = draft.claims();
        let differs = |claim: &&str| before.member(claim) != changed.member(claim);
        let named = block.conditions.iter().map(|condition| condition.claim.as_str()).filter(differs);
        let named: Vec<&str> = named.filter(|claim| Some(*claim) != trigger).collect();
        let has_kind = |claim: &str| {
            profile.kinds.iter().filter_map(|kind| kind.each.as_ref()).any(|each| each.claim == claim)
        };
        // One claim alone that has kinds for each of its values is told by them.
        if changed == before || matches!(named.as_slice(), [only] if has_kind(only)) {
            return;
        }
        let words = named
            .iter()
            .map(|claim| format!("{claim} {}", changed.member(claim).map(shown).unwrap_or_default()));
        let words: Vec<String> = event.into_iter().chain(words).collect();
        draft.text("_words", &words.join(", "));
        self.add("as a rule has it: {_words}", None, &draft, false);
    }
}

/// Whether what a block wants of names and of `sub` is what the repository has: other claims follow from these, and a job that
/// had some of one repository and some of another would be nobody's.
fn is_possible(block: &TrustBlock, usual: &Draft<'_>, profile: &Profile) -> bool {
    let claims = usual.claims();
    let from = &profile.workload;
    let follows =
        |claim: &String| claim == "sub" || from.repository.contains(claim) || from.owner.contains(claim);
    block
        .conditions
        .iter()
        .filter(|condition| follows(&condition.claim))
        .all(|condition| takes(condition, &claims))
}

fn takes(condition: &Condition, claims: &Object) -> bool {
    let text = claims.member(&condition.claim).and_then(Json::scalar_text);
    text.is_some_and(|text| condition.pattern.wanted().iter().any(|wanted| wanted.takes(&text)))
}

fn shown(value: &Json) -> String {
    match value {
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Json::Null
        | Json::Bool(_)
        | Json::Integer(_)
        | Json::Float(_)
        | Json::String(_)
        | Json::Object(_) => value.scalar_text().unwrap_or_default().into_owned(),
    }
}

/// The blocks that are about a repository.
struct Rules<'a> {
    trust: Vec<&'a TrustBlock>,
    deny: Vec<&'a DenyBlock>,
}

impl<'a> Rules<'a> {
    fn about(usual: &Draft<'_>, policy: &'a Policy, issuer: &RegisteredIssuer) -> Self {
        let claims = usual.claims();
        let trust = policy.roles().flat_map(|role| &role.trust).filter(|block| {
            block.issuer == issuer.name
                && ids(block, issuer.profile).all(|condition| takes(condition, &claims))
        });
        let deny = policy.deny().iter().chain(policy.roles().flat_map(|role| &role.deny));
        Self { trust: trust.collect(), deny: deny.filter(|block| block.issuer == issuer.name).collect() }
    }

    /// Whether a kind makes a difference.
    fn tell(&self, kind: &Kind) -> bool {
        kind.only_if_tested.as_deref().is_none_or(|claim| {
            let trust = self.trust.iter().flat_map(|block| block.claims());
            trust.chain(self.deny.iter().flat_map(|block| block.claims())).any(|tested| tested == claim)
        })
    }

    /// The values of a claim that rules name, without what stands before them.
    fn values(&self, claim: &str, before: &str) -> BTreeSet<String> {
        let trust = self.trust.iter().flat_map(|block| &block.conditions);
        let conditions = trust.chain(self.deny.iter().flat_map(|block| &block.conditions));
        let wanted = conditions.filter(|condition| condition.claim == claim).flat_map(|condition| {
            match &condition.pattern {
                Pattern::AnyOf(wanted) => wanted.as_slice(),
                Pattern::Contains(_) => &[],
            }
        });
        let values = wanted.map(sample).filter_map(|text| Some(text.strip_prefix(before)?.to_owned()));
        values.take(MAX_VALUES).collect()
    }
}
