//! How a decision came about: for the operator all of it, for a caller who may know it the one block that comes closest.

use serde::Serialize;

use crate::reason::{DenialReason, ProjectStanding};
use crate::role::Role;
use crate::trust::{DenyBlock, Place, Tested, TrustBlock};
use crate::workload::Workload;

/// A decision, block by block.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// The role that was asked for.
    pub role: String,
    /// How the repository stands.
    pub standing: ProjectStanding,
    /// Why the answer is no; `None` where it is yes.
    pub reason: Option<DenialReason>,
    /// Every block that was looked at, in the order of the files, those that deny first; of a no, those first that decided or
    /// came closest.
    pub blocks: Vec<BlockTrace>,
}

/// One block, tested.
#[derive(Debug, Clone, Serialize)]
pub struct BlockTrace {
    /// What it does where it matches.
    pub effect: Effect,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The issuer of whose tokens it speaks.
    pub issuer: String,
    /// Whether it matches.
    pub matches: bool,
    /// Its conditions; none where it speaks of another issuer.
    pub conditions: Vec<Tested>,
}

/// What a block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Lets in.
    Trust,
    /// Keeps out.
    Deny,
}

/// One claim that differs from what a rule wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The claim.
    pub claim: String,
    /// What is wanted: any of these.
    pub wanted: Vec<String>,
    /// What the token has; `None` where it has none.
    pub got: Option<String>,
}

impl Trace {
    pub(crate) fn new(role: &str, standing: ProjectStanding) -> Self {
        Self { role: role.to_owned(), standing, reason: None, blocks: Vec::new() }
    }

    /// Puts the blocks first that decided the no, then those of trust that came closest to a yes. Behind them stand those
    /// that speak of another issuer, and those that keep nobody out here.
    pub(crate) fn put_nearest_first(&mut self) {
        self.blocks.sort_by_key(BlockTrace::distance);
    }

    /// What a caller whom the role knows may learn: of the block that comes closest, what differs.
    pub(crate) fn differences(
        &self,
        reason: DenialReason,
        role: &Role,
        workload: &Workload,
    ) -> Vec<Difference> {
        match reason {
            DenialReason::NoRuleMatches => self.nearest(role, workload),
            DenialReason::DeniedByRule => self.denying(),
            DenialReason::RoleUnknown
            | DenialReason::ProjectUnknown
            | DenialReason::ProjectPending
            | DenialReason::ProjectSuspended
            | DenialReason::ProjectDeleted
            | DenialReason::GrantUnfillable => Vec::new(),
        }
    }

    fn nearest(&self, role: &Role, workload: &Workload) -> Vec<Difference> {
        let tested = self.blocks.iter().filter(|block| !block.is_deny());
        let of_caller = tested.zip(&role.trust).filter(|(_, block)| {
            block.issuer == workload.issuer_name()
                && (!workload.is_of_shared_issuer() || block.knows(workload))
        });
        let nearest = of_caller.map(|(tested, _)| tested.failed()).min_by_key(Vec::len);
        nearest.into_iter().flatten().map(Difference::of).collect()
    }

    fn denying(&self) -> Vec<Difference> {
        let denying = self.blocks.iter().find(|block| block.is_deny() && block.matches);
        let conditions = denying.into_iter().flat_map(|block| &block.conditions);
        conditions
            .map(|tested| Difference {
                wanted: vec![format!("anything but {}", tested.wanted.join(" or "))],
                ..Difference::of(tested)
            })
            .collect()
    }
}

impl BlockTrace {
    pub(crate) fn of_trust(block: &TrustBlock, workload: &Workload) -> Self {
        let is_of_issuer = block.issuer == workload.issuer_name();
        let conditions = if is_of_issuer { block.test(workload) } else { Vec::new() };
        Self::new(Effect::Trust, &block.place, &block.issuer, is_of_issuer, conditions)
    }

    pub(crate) fn of_deny(block: &DenyBlock, workload: &Workload) -> Self {
        let is_of_issuer = block.issuer == workload.issuer_name();
        let conditions = if is_of_issuer { block.test(workload) } else { Vec::new() };
        Self::new(Effect::Deny, &block.place, &block.issuer, is_of_issuer, conditions)
    }

    fn new(effect: Effect, place: &Place, issuer: &str, is_of_issuer: bool, conditions: Vec<Tested>) -> Self {
        let matches = is_of_issuer && conditions.iter().all(|tested| tested.holds);
        Self { effect, place: place.clone(), issuer: issuer.to_owned(), matches, conditions }
    }

    pub(crate) fn is_deny(&self) -> bool {
        self.effect == Effect::Deny
    }

    fn distance(&self) -> (u8, usize) {
        let is_of_other_issuer = !self.matches && self.conditions.is_empty();
        match (self.effect, self.matches) {
            (Effect::Deny, true) => (0, 0),
            (Effect::Trust, true) => (1, 0),
            (Effect::Trust, false) if !is_of_other_issuer => (2, self.failed().len()),
            (Effect::Trust, false) => (3, 0),
            (Effect::Deny, false) => (4, 0),
        }
    }

    /// The conditions that do not hold.
    pub(crate) fn failed(&self) -> Vec<&Tested> {
        self.conditions.iter().filter(|tested| !tested.holds).collect()
    }
}

impl Difference {
    pub(crate) fn of(tested: &Tested) -> Self {
        Self { claim: tested.claim.clone(), wanted: tested.wanted.clone(), got: tested.got.clone() }
    }
}
