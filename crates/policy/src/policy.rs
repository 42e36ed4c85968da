//! A policy: all roles, compiled from files and settings, of one version.

use std::collections::{BTreeMap, BTreeSet};

use daypass_jose::digest::short_sha256;

use crate::context::PolicyContext;
use crate::example;
use crate::finding::{Finding, Level, Lint};
use crate::parse::{self, Ceiling, Defined, DefinedRole, PolicyFile, Surroundings};
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

impl Policy {
    /// Compiles files. Gives the policy with its warnings, or everything that stands against it.
    pub fn load(files: &[PolicyFile], context: &PolicyContext) -> Result<(Self, Vec<Finding>), Vec<Finding>> {
        let mut findings = projects_findings(context);
        let mut ceilings = Vec::new();
        for file in files.iter().filter(|file| file.is_ceiling()) {
            let (ceiling, faults) = parse::ceiling(file, context);
            ceilings.extend(ceiling);
            findings.extend(faults);
        }
        let mut roles = Vec::new();
        let mut deny = Vec::new();
        for file in files.iter().filter(|file| !file.is_ceiling()) {
            let (defined, faults) = read(file, context, &ceilings);
            roles.extend(defined.roles);
            deny.extend(defined.deny);
            findings.extend(faults);
        }
        findings.extend(duplicates(&roles));
        findings.retain(|finding| !finding.lint.is_some_and(|lint| context.allowed.contains_key(&lint)));
        let mut policy = Self {
            roles: roles.into_iter().map(|defined| (defined.role.name.clone(), defined.role)).collect(),
            deny,
            owners: BTreeSet::new(),
            open_issuers: BTreeSet::new(),
            has_ceilings: !ceilings.is_empty(),
            version: version(files),
        };
        policy.note_owners(context);
        policy.roles.extend(context.projects.role(context).map(|role| (PROJECT_ROLE.to_owned(), role)));
        // A policy of which a part could not be read decides nothing, not even about an example.
        if findings.iter().all(|finding| finding.lint.is_some()) {
            for finding in &mut findings {
                let suspect = finding.suspect.take();
                finding.counter_example = suspect.and_then(|suspect| example::of(&suspect, &policy, context));
            }
        }
        if findings.iter().any(|finding| finding.level == Level::Deny) {
            return Err(findings);
        }
        Ok((policy, findings))
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

fn read(file: &PolicyFile, context: &PolicyContext, ceilings: &[Ceiling]) -> (Defined, Vec<Finding>) {
    let above: Vec<&Ceiling> = ceilings.iter().filter(|ceiling| ceiling.bounds(file.folder())).collect();
    parse::roles(file, Surroundings { context, ceilings: &above })
}

fn projects_findings(context: &PolicyContext) -> Vec<Finding> {
    let faults = context.projects.faults(context).into_iter();
    faults
        .map(|fault| {
            Finding::without_place("[projects]", format!("`{}`: {}", fault.key, fault.message), fault.help)
        })
        .collect()
}

/// Two roles of one name, and two of one ARN.
fn duplicates(roles: &[DefinedRole]) -> Vec<Finding> {
    let mut names: BTreeMap<&str, &DefinedRole> = BTreeMap::new();
    let mut arns: BTreeMap<&str, &DefinedRole> = BTreeMap::new();
    let mut findings = Vec::new();
    for defined in roles {
        let name = defined.role.name.as_str();
        if let Some(other) = names.insert(name, defined) {
            let message = format!("the role `{name}` is defined in `{}` too", other.place.file);
            let help = "two files that each hold half of a role would be read as one of them";
            findings.push(defined.finding(Lint::DuplicateRole, message, help));
        }
        let Some(aws) = &defined.role.grants.aws else { continue };
        if let Some(other) = arns.insert(aws.arn.as_str(), defined) {
            let message =
                format!("the roles `{}` and `{name}` have one ARN: `{}`", other.role.name, aws.arn.as_str());
            findings.push(defined.finding(Lint::DuplicateArn, message, "AWS tools ask by the ARN alone"));
        }
    }
    findings
}

/// A digest of paths and texts, each with its length before it.
fn version(files: &[PolicyFile]) -> String {
    let mut content = Vec::new();
    for field in files.iter().flat_map(|file| [&file.path, &file.text]) {
        content.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        content.extend(field.as_bytes());
    }
    short_sha256(&content)
}
