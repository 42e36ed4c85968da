//! From files to a policy, or to everything that stands against it.

use std::collections::BTreeMap;

use daypass_jose::digest::short_sha256;

use crate::context::PolicyContext;
use crate::example;
use crate::finding::{Finding, Level, Lint};
use crate::parse::{self, Ceiling, Defined, DefinedRole, PolicyFile, Surroundings};
use crate::pattern::{MAX_ROLE_GLOB_CHARS, glob_chars};
use crate::policy::{Parts, Policy};
use crate::trust::DenyBlock;

impl Policy {
    /// Compiles files. Gives the policy with its warnings, or everything that stands against it.
    pub fn load(files: &[PolicyFile], context: &PolicyContext) -> Result<(Self, Vec<Finding>), Vec<Finding>> {
        let mut findings = projects_findings(context);
        let (cases, files): (Vec<&PolicyFile>, Vec<&PolicyFile>) =
            files.iter().partition(|file| file.is_cases());
        // What looks like a rule and is read as none would keep nobody out.
        findings.extend(cases.into_iter().flat_map(parse::misplaced));
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
        findings.extend(costly(&deny));
        // A block of which a part could not be read is wider than it is written.
        if findings.iter().all(|finding| finding.lint.is_some()) {
            findings.extend(roles.iter().flat_map(|role| parse::idle(role, &deny, context)));
        }
        findings.extend(shared_audiences(context));
        findings.retain(|finding| !finding.lint.is_some_and(|lint| context.allowed.contains_key(&lint)));
        let roles = roles.into_iter().map(|defined| defined.role).collect();
        let parts = Parts { roles, deny, has_ceilings: !ceilings.is_empty(), version: version(&files) };
        let policy = Self::new(parts, context);
        show_jobs(&mut findings, &policy, context);
        if findings.iter().any(|finding| finding.level == Level::Deny) {
            return Err(findings);
        }
        Ok((policy, findings))
    }
}

/// Gives each finding the job that it is about. A policy of which a part could not be read decides nothing, not even about
/// an example.
fn show_jobs(findings: &mut Vec<Finding>, policy: &Policy, context: &PolicyContext) {
    if findings.iter().any(|finding| finding.lint.is_none()) {
        return;
    }
    findings.retain_mut(|finding| {
        let Some(suspect) = finding.suspect.take() else { return true };
        finding.counter_example = example::of(&suspect, policy, context);
        finding.counter_example.is_some() || !suspect.is_needed
    });
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

/// Audiences under which a token is as good for another system as for this server. On one machine that is a try-out.
fn shared_audiences(context: &PolicyContext) -> Vec<Finding> {
    let authority = context.public_url.authority();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let audiences =
        context.issuers.iter().flat_map(|issuer| issuer.audiences.iter().map(move |one| (issuer, one)));
    let of_others = audiences
        .filter(|(_, audience)| !context.public_url.is_plain_http() && !audience.contains(host))
        .filter(|(_, audience)| crate::provider::foreign_audience(audience).is_none());
    of_others
        .map(|(issuer, audience)| {
            let message = format!("the audience `{audience}` does not name this server, `{host}`: whoever else takes it can use the job's token here");
            let help = format!("let jobs ask for `{host}`");
            let of = format!("[[issuers]] {}", issuer.name);
            Finding {
                level: Lint::SharedAudience.level(),
                lint: Some(Lint::SharedAudience),
                ..Finding::without_place(&of, message, Some(help))
            }
        })
        .collect()
}

/// Every request is tested against the globs of the blocks that deny to all.
fn costly(deny: &[DenyBlock]) -> Option<Finding> {
    let patterns = deny.iter().flat_map(|block| &block.conditions).map(|condition| &condition.pattern);
    let chars = glob_chars(patterns);
    (chars > MAX_ROLE_GLOB_CHARS).then(|| {
        let message =
            format!("the globs of these blocks have {chars} characters: together they have at most {MAX_ROLE_GLOB_CHARS}");
        Finding::without_place("[[deny]]", message, Some("write values out in a list".to_owned()))
    })
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
fn version(files: &[&PolicyFile]) -> String {
    let mut content = Vec::new();
    for field in files.iter().flat_map(|file| [&file.path, &file.text]) {
        content.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        content.extend(field.as_bytes());
    }
    short_sha256(&content)
}
