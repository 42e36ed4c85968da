//! Lints of one trust block, each with the job that it is about.

mod blocks;
mod branches;
mod events;
mod grants;
mod owners;
mod patterns;
mod when;

pub(crate) use blocks::idle;
pub(super) use grants::ttl;

use crate::context::PolicyContext;
use crate::finding::{Changed, Lint, Suspect};
use crate::issuer::RegisteredIssuer;
use crate::reader::{Section, Span};
use crate::role::Role;
use crate::trust::TrustBlock;

/// The repository and the owner of somebody who was never meant.
const STRANGER: &str = "900000001";

/// Lints of what a block does not say, which an expression of the block may say.
const OF_BRANCHES: [Lint; 3] = [Lint::EnvironmentWithoutBranch, Lint::ChosenByAttacker, Lint::TagOrBranch];

/// Reports what a block lets in that its author may not mean.
pub(super) fn trust(section: &Section<'_>, role: &Role, at: usize, context: &PolicyContext) {
    let Some(block) = role.trust.get(at) else { return };
    let Some(issuer) = context.issuer(&block.issuer) else { return };
    let block = Suspected { section, role, at, block, issuer };
    block.empty_trust();
    block.no_immutable_owner();
    block.vacuous_patterns();
    block.untrusted_trigger();
    block.review_can_write();
    block.environment_without_branch();
    block.wide_patterns();
    block.sub_matched();
    block.name_without_id();
    block.chosen_by_attacker();
    block.workflow_not_pinned();
    block.tag_or_branch();
    block.vacuous_when();
    block.several_projects();
}

struct Suspected<'a> {
    section: &'a Section<'a>,
    role: &'a Role,
    at: usize,
    block: &'a TrustBlock,
    issuer: &'a RegisteredIssuer,
}

impl Suspected<'_> {
    fn lint(&self, span: &Span, lint: Lint, message: String, help: String) {
        self.section.source().lint(span.clone(), lint, message, Some(help));
    }

    fn suspect(&self, span: &Span, lint: Lint, who: &'static str, changes: Vec<(String, Changed)>) {
        let is_needed = self.block.when.is_some() && OF_BRANCHES.contains(&lint);
        let suspect = Suspect { role: self.role.name.clone(), block: self.at, who, changes, is_needed };
        self.section.source().suspect(span, lint, suspect);
    }

    /// Reports a lint, and whom it is about.
    fn flag(
        &self,
        span: &Span,
        lint: Lint,
        (message, help): (String, String),
        (who, changes): (&'static str, Vec<(String, Changed)>),
    ) {
        self.lint(span, lint, message, help);
        self.suspect(span, lint, who, changes);
    }

    /// Whether one of these claims is bound to texts alone.
    fn binds(&self, claims: &[String]) -> bool {
        self.block.bound_texts(claims).next().is_some()
    }

    /// Ids that are those of nobody who was meant, and names too if that is asked for, where the block leaves it open.
    fn of_a_stranger(&self, with_names: bool) -> Vec<(String, Changed)> {
        let profile = self.issuer.profile;
        let from = &profile.workload;
        let ids = profile.owner_ids.iter().chain(&profile.project_ids).chain(&from.owner_id);
        let owners = from.owner.iter().map(|claim| (claim, "somebody-else"));
        let names = owners.chain(from.repository.iter().map(|claim| (claim, "somebody-else/something")));
        let names =
            names.filter(|_| with_names).map(|(claim, name)| (claim.clone(), Changed::To(name.to_owned())));
        let known = ids.filter(|claim| profile.example.contains_key(*claim));
        known.map(|claim| (claim.clone(), Changed::To(STRANGER.to_owned()))).chain(names).collect()
    }

    /// The texts that the block takes for a claim.
    fn texts(&self, claim: &str) -> Vec<&str> {
        let conditions = self.block.conditions.iter().filter(|condition| condition.claim == claim);
        conditions
            .flat_map(|condition| condition.pattern.wanted())
            .filter_map(|wanted| wanted.as_exact())
            .collect()
    }

    fn span_of(&self, key: &str) -> Span {
        self.section.entry(key).map_or_else(|| self.section.span(), |entry| entry.value_span())
    }
}
