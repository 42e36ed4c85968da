//! The words of a decision: how a repository stands, and why an answer is no.

use serde::Serialize;

/// How the repository of a workload stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStanding {
    /// It is not onboarded.
    Unknown,
    /// It waits for an operator's yes.
    Pending,
    /// It is onboarded.
    Active,
    /// It may have nothing for now.
    Suspended,
    /// It is gone from its provider.
    Deleted,
}

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialReason {
    /// There is no such role.
    RoleUnknown,
    /// The repository is not onboarded, and the role is for those that are.
    ProjectUnknown,
    /// The repository waits for an operator's yes.
    ProjectPending,
    /// The repository may have nothing for now.
    ProjectSuspended,
    /// The repository is gone from its provider.
    ProjectDeleted,
    /// A block denies it.
    DeniedByRule,
    /// No block of trust lets it in.
    NoRuleMatches,
    /// A claim that stands in a grant is absent or could break out of its place.
    GrantUnfillable,
}

impl DenialReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::RoleUnknown,
        Self::ProjectUnknown,
        Self::ProjectPending,
        Self::ProjectSuspended,
        Self::ProjectDeleted,
        Self::DeniedByRule,
        Self::NoRuleMatches,
        Self::GrantUnfillable,
    ];

    /// Its name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoleUnknown => "role_unknown",
            Self::ProjectUnknown => "project_unknown",
            Self::ProjectPending => "project_pending",
            Self::ProjectSuspended => "project_suspended",
            Self::ProjectDeleted => "project_deleted",
            Self::DeniedByRule => "denied_by_rule",
            Self::NoRuleMatches => "no_rule_matches",
            Self::GrantUnfillable => "grant_unfillable",
        }
    }
}
