//! A policy: all roles, compiled from files and settings, of one version.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::PolicyContext;
use crate::role::{PROJECT_ROLE, Role};
use crate::trust::DenyBlock;

/// Everything that decides who may have what. It never changes; a new version is another one.
#[derive(Debug)]
pub struct Policy {
    roles: BTreeMap<String, Role>,
    deny: Vec<DenyBlock>,
    /// (issuer, owner id) that some block names.
    owners: BTreeSet<(String, String)>,
    /// Issuers that are not shared and have a block which names no owner: all of theirs are named.
    open_issuers: BTreeSet<String>,
    has_ceilings: bool,
    version: String,
}

/// What files come to.
pub(crate) struct Parts {
    pub(crate) roles: Vec<Role>,
    pub(crate) deny: Vec<DenyBlock>,
    pub(crate) has_ceilings: bool,
    pub(crate) version: String,
}

impl Policy {
    pub(crate) fn new(parts: Parts, context: &PolicyContext) -> Self {
        let mut policy = Self {
            roles: parts.roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
            deny: parts.deny,
            owners: BTreeSet::new(),
            open_issuers: BTreeSet::new(),
            has_ceilings: parts.has_ceilings,
            version: parts.version,
        };
        policy.note_owners(context);
        policy.roles.extend(context.projects.role(context).map(|role| (PROJECT_ROLE.to_owned(), role)));
        policy
    }

    /// The name of this version: a digest of the files.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The role of this name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name)
    }

    /// All roles, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// Blocks that keep a workload out of every role.
    pub fn deny(&self) -> &[DenyBlock] {
        &self.deny
    }

    /// The roles about which no lint can say all, since a block of theirs, or one that denies to all, uses `when`.
    pub fn not_fully_linted(&self) -> impl Iterator<Item = &str> {
        let is_global = self.deny.iter().any(|block| block.when.is_some());
        let unsure = self.roles.values().filter(move |role| is_global || !role.is_fully_linted());
        unsure.map(|role| role.name.as_str())
    }

    /// Whether anything in the files narrows: a block that denies, or a ceiling.
    pub fn has_guards(&self) -> bool {
        self.has_ceilings || !self.deny.is_empty() || self.roles.values().any(|role| !role.deny.is_empty())
    }

    /// Whether some block names the owner, so that a refusal of one of its jobs is worth a record.
    pub fn names_owner(&self, issuer: &str, owner_id: &str) -> bool {
        self.open_issuers.contains(issuer) || self.owners.contains(&(issuer.to_owned(), owner_id.to_owned()))
    }

    fn note_owners(&mut self, context: &PolicyContext) {
        for block in self.roles.values().flat_map(|role| &role.trust) {
            let Some(issuer) = context.issuer(&block.issuer) else { continue };
            let mut owners = block.bound_texts(&issuer.profile.workload.owner_id).flatten().peekable();
            if owners.peek().is_none() && !issuer.is_shared {
                self.open_issuers.insert(issuer.name.clone());
            }
            self.owners.extend(owners.map(|owner| (issuer.name.clone(), owner.to_owned())));
        }
    }
}
