//! Roles: what a job asks for, who may have it, and what it gives.

use std::collections::BTreeSet;

use crate::grant::Grants;
use crate::trust::{DenyBlock, TrustBlock};

/// The longest time for which anything is granted, in seconds. Whoever verifies what a role gave refuses a longer
/// one.
pub const MAX_TTL_SECONDS: i64 = 24 * 3600;

/// The time for which something is granted unless more is said, in seconds.
pub const DEFAULT_TTL_SECONDS: i64 = 15 * 60;

/// The role of onboarded repositories: compiled from the settings, never from a policy file.
pub const PROJECT_ROLE: &str = "project";

/// The role of administrators: compiled from the settings, never from a policy file.
pub const ADMIN_ROLE: &str = "admin";

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Any of these lets a workload in.
    pub trust: Vec<TrustBlock>,
    /// Any of these keeps it out.
    pub deny: Vec<DenyBlock>,
    /// Whether only an onboarded repository may take it.
    pub onboarded_only: bool,
    /// The longest time for which anything of it is granted, in seconds, where the file says one.
    pub max_ttl_seconds: Option<i64>,
    /// What it gives.
    pub grants: Grants,
}

impl Role {
    /// The claims that its blocks test.
    pub(crate) fn tested_claims(&self) -> BTreeSet<String> {
        let trust = self.trust.iter().flat_map(TrustBlock::claims);
        trust.chain(self.deny.iter().flat_map(DenyBlock::claims)).map(str::to_owned).collect()
    }

    /// Whether no block uses `when`, about which no lint can say what it takes.
    pub fn is_fully_linted(&self) -> bool {
        let trust = self.trust.iter().map(|block| &block.when);
        trust.chain(self.deny.iter().map(|block| &block.when)).all(Option::is_none)
    }
}
