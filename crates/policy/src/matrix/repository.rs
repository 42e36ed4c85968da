//! Repositories whose jobs are supposed: one that a person names, and those that rules bind by id.

use std::collections::{BTreeMap, BTreeSet};

use super::id_claims;
use crate::context::PolicyContext;
use crate::draft::{Draft, sample};
use crate::issuer::RegisteredIssuer;
use crate::policy::Policy;
use crate::trust::TrustBlock;

/// Repositories of a matrix that names none: more are not read.
const MAX_REPOSITORIES: usize = 1000;

/// The id of a repository or an owner that no rule names.
const UNNAMED: &str = "900000002";

/// A repository of an issuer, as its jobs' tokens name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupposedRepository {
    issuer: String,
    /// Ids, by claim.
    ids: BTreeMap<String, String>,
    path: Option<String>,
}

impl SupposedRepository {
    /// The repository of these ids; where it has no path, one is made up that no rule means.
    pub fn new(issuer: &RegisteredIssuer, path: Option<&str>, id: &str, owner_id: &str) -> Self {
        let from = &issuer.profile.workload;
        let claims = from.repository_id.first().zip(Some(id)).into_iter();
        let ids = claims.chain(from.owner_id.first().zip(Some(owner_id)));
        Self {
            issuer: issuer.name.clone(),
            ids: ids.map(|(claim, id)| (claim.clone(), id.to_owned())).collect(),
            path: path.map(str::to_owned),
        }
    }

    /// Those that the trust of some role binds by id, and for each issuer one that stands for all others where rules bind
    /// none. `true` beside them where there are more than are read.
    pub fn bound(policy: &Policy, context: &PolicyContext) -> (Vec<Self>, bool) {
        let mut bound: Vec<Self> = Vec::new();
        for issuer in &context.issuers {
            let mut of_issuer: BTreeMap<BTreeMap<String, String>, Option<String>> = BTreeMap::new();
            let roles = policy.roles().filter(|role| !role.onboarded_only);
            for block in roles.flat_map(|role| &role.trust).filter(|block| block.issuer == issuer.name) {
                let path = path_in(block, issuer);
                for ids in ids_in(block, issuer) {
                    let known = of_issuer.entry(ids).or_default();
                    *known = known.take().or_else(|| path.clone());
                }
            }
            if of_issuer.is_empty() {
                of_issuer.insert(BTreeMap::new(), None);
            }
            let of_issuer = of_issuer.into_iter();
            bound.extend(of_issuer.map(|(ids, path)| Self { issuer: issuer.name.clone(), ids, path }));
        }
        let is_cut = bound.len() > MAX_REPOSITORIES;
        bound.truncate(MAX_REPOSITORIES);
        (bound, is_cut)
    }

    /// The issuer, by name.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its path, where one is known.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Its ids, by claim: those that are bound.
    pub fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter().map(|(claim, id)| (claim.as_str(), id.as_str()))
    }

    /// Whether it is one repository, rather than any of an owner.
    pub fn is_one(&self, issuer: &RegisteredIssuer) -> bool {
        issuer.profile.project_ids.iter().any(|claim| self.ids.contains_key(claim))
    }

    /// What people call it: `octo-org/octo-repo (repository_id 123456789, repository_owner_id 65)`.
    pub fn title(&self, issuer: &RegisteredIssuer) -> String {
        let ids: Vec<String> = self.ids().map(|(claim, id)| format!("{claim} {id}")).collect();
        let ids = ids.join(", ");
        match (&self.path, self.is_one(issuer)) {
            _ if self.ids.is_empty() => "any repository that no rule names".to_owned(),
            (Some(path), true) => format!("{path} ({ids})"),
            (None, true) => ids,
            (_, false) => format!("any repository of {ids} that no rule names"),
        }
    }

    /// Gives a job the repository.
    pub(super) fn describe(&self, issuer: &RegisteredIssuer, draft: &mut Draft<'_>) {
        let from = &issuer.profile.workload;
        let id_of = |claims: &[String]| {
            let id = claims.first().and_then(|claim| self.ids.get(claim));
            id.map_or_else(|| UNNAMED.to_owned(), String::clone)
        };
        let (id, owner_id) = (id_of(&from.repository_id), id_of(&from.owner_id));
        let path = self.path.clone().unwrap_or_else(|| format!("owner-{owner_id}/repository-{id}"));
        let (owner, name) = path.rsplit_once('/').unwrap_or((&path, &path));
        for (claims, text) in [
            (&from.repository_id, id.as_str()),
            (&from.repository, &path),
            (&from.owner_id, &owner_id),
            (&from.owner, owner),
        ] {
            if let Some(claim) = claims.first() {
                draft.text(claim, text);
            }
        }
        for (claim, id) in &self.ids {
            draft.text(claim, id);
        }
        let host = issuer.url.as_str();
        let host = host.split_once("://").map_or(host, |(_, host)| host);
        for (part, text) in [
            ("_id", id.as_str()),
            ("_owner_id", &owner_id),
            ("_path", &path),
            ("_owner", owner),
            ("_name", name),
            ("_host", host),
        ] {
            draft.text(part, text);
        }
    }
}

/// The path that a block wants.
fn path_in(block: &TrustBlock, issuer: &RegisteredIssuer) -> Option<String> {
    let claims = &issuer.profile.workload.repository;
    let condition = block.conditions.iter().find(|condition| claims.contains(&condition.claim))?;
    condition.pattern.wanted().first().map(sample)
}

/// The ids that a block takes, each with each: at most as many as are read.
fn ids_in(block: &TrustBlock, issuer: &RegisteredIssuer) -> Vec<BTreeMap<String, String>> {
    let mut all = vec![BTreeMap::new()];
    for claim in id_claims(issuer.profile) {
        let claims = [claim.to_owned()];
        let texts: BTreeSet<&str> = block.bound_texts(&claims).flatten().collect();
        if texts.is_empty() {
            continue;
        }
        let with = |ids: &BTreeMap<String, String>, text: &str| {
            let mut ids = ids.clone();
            ids.insert(claim.to_owned(), text.to_owned());
            ids
        };
        let wider = all.iter().flat_map(|ids| texts.iter().map(move |text| with(ids, text)));
        all = wider.take(MAX_REPOSITORIES.saturating_add(1)).collect();
    }
    all
}
