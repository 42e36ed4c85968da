//! The decision: total, pure, and deny by default.

use std::collections::BTreeSet;

use crate::grant::GrantedApi;
use crate::policy::Policy;
use crate::reason::{DenialReason, ProjectStanding};
use crate::role::Role;
use crate::trace::{BlockTrace, Difference, Trace};
use crate::trust::DenyBlock;
use crate::workload::Workload;

/// What a workload asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The role.
    pub role: &'a str,
    /// How its repository stands.
    pub standing: ProjectStanding,
}

/// Yes or no, with reasons.
#[derive(Debug)]
pub enum Decision {
    /// Yes.
    Allow(Allowance),
    /// No.
    Deny(Denial),
}

/// Proof that the policy said yes. Only [`decide`] makes one.
#[derive(Debug)]
pub struct Allowance {
    role: String,
    api: Option<GrantedApi>,
    trace: Trace,
    tested: BTreeSet<String>,
}

/// A no, and who may learn how much of it.
#[derive(Debug)]
pub struct Denial {
    /// Why.
    pub reason: DenialReason,
    /// Whether the caller may learn what differs: one of the role's blocks binds an id of its own, or its issuer is not
    /// shared with strangers.
    pub known_to_role: bool,
    /// For such a caller: what differs from the block that comes closest.
    pub differences: Vec<Difference>,
    trace: Trace,
    tested: BTreeSet<String>,
}

/// Decides whether a workload may take a role. Whatever is missing denies.
pub fn decide(workload: &Workload, ask: &Ask<'_>, policy: &Policy) -> Decision {
    let Some(role) = policy.role(ask.role) else {
        return Trial::of_nothing(ask).deny(DenialReason::RoleUnknown, workload, None);
    };
    let trial = Trial::of(role, ask, policy, workload);
    if let Some(reason) = trial.refusal(ask.standing, role) {
        return trial.deny(reason, workload, Some(role));
    }
    match role.grants.api.as_ref().map(|grant| grant.fill(workload)).transpose() {
        Ok(api) => trial.allow(api),
        Err(_) => trial.deny(DenialReason::GrantUnfillable, workload, Some(role)),
    }
}

/// Every block, tested.
struct Trial {
    trace: Trace,
    tested: BTreeSet<String>,
}

impl Trial {
    fn of_nothing(ask: &Ask<'_>) -> Self {
        Self { trace: Trace::new(ask.role, ask.standing), tested: BTreeSet::new() }
    }

    fn of(role: &Role, ask: &Ask<'_>, policy: &Policy, workload: &Workload) -> Self {
        let mut trial = Self::of_nothing(ask);
        trial.tested = role.tested_claims();
        trial.tested.extend(policy.deny().iter().flat_map(DenyBlock::claims).map(str::to_owned));
        for block in policy.deny().iter().chain(&role.deny) {
            trial.trace.blocks.push(BlockTrace::of_deny(block, workload));
        }
        for block in &role.trust {
            trial.trace.blocks.push(BlockTrace::of_trust(block, workload));
        }
        trial
    }

    /// Why the role is refused; `None` where it is not.
    fn refusal(&self, standing: ProjectStanding, role: &Role) -> Option<DenialReason> {
        // INVARIANT: a tombstone and a suspension hold for every role, those of policy files included.
        match standing {
            ProjectStanding::Deleted => return Some(DenialReason::ProjectDeleted),
            ProjectStanding::Suspended => return Some(DenialReason::ProjectSuspended),
            ProjectStanding::Unknown if role.onboarded_only => return Some(DenialReason::ProjectUnknown),
            ProjectStanding::Pending if role.onboarded_only => return Some(DenialReason::ProjectPending),
            ProjectStanding::Unknown | ProjectStanding::Pending | ProjectStanding::Active => {}
        }
        let has = |is_deny| self.trace.blocks.iter().any(|block| block.is_deny() == is_deny && block.matches);
        if has(true) {
            return Some(DenialReason::DeniedByRule);
        }
        (!has(false)).then_some(DenialReason::NoRuleMatches)
    }

    fn allow(self, api: Option<GrantedApi>) -> Decision {
        let Self { trace, tested } = self;
        Decision::Allow(Allowance { role: trace.role.clone(), api, trace, tested })
    }

    fn deny(mut self, reason: DenialReason, workload: &Workload, role: Option<&Role>) -> Decision {
        self.trace.reason = Some(reason);
        let known_to_role = is_known(workload, role, self.trace.standing);
        let differences = match role {
            Some(role) if known_to_role => self.trace.differences(reason, role, workload),
            _ => Vec::new(),
        };
        self.trace.put_nearest_first();
        let Self { trace, tested } = self;
        Decision::Deny(Denial { reason, known_to_role, differences, trace, tested })
    }
}

fn is_known(workload: &Workload, role: Option<&Role>, standing: ProjectStanding) -> bool {
    if !workload.is_of_shared_issuer() {
        return true;
    }
    let Some(role) = role else { return false };
    let is_own_project = role.onboarded_only && standing != ProjectStanding::Unknown;
    is_own_project || role.trust.iter().any(|block| block.knows(workload))
}

impl Allowance {
    /// The role that may be taken.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// The pass that may be had.
    pub fn api(&self) -> Option<&GrantedApi> {
        self.api.as_ref()
    }
}

impl Decision {
    /// How it came about, block by block.
    pub fn trace(&self) -> &Trace {
        match self {
            Self::Allow(allowance) => &allowance.trace,
            Self::Deny(denial) => &denial.trace,
        }
    }

    /// The claims that were tested.
    pub fn tested_claims(&self) -> &BTreeSet<String> {
        match self {
            Self::Allow(allowance) => &allowance.tested,
            Self::Deny(denial) => &denial.tested,
        }
    }
}
