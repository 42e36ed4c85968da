//! Reading a file of cases: strictly, for a case that is misread proves nothing.

use std::collections::BTreeMap;

use super::{Case, Expected, Spot, claims};
use crate::context::PolicyContext;
use crate::finding::{Finding, did_you_mean};
use crate::parse::PolicyFile;
use crate::policy::Policy;
use crate::reader::{self, Located, Section, Span};
use crate::reason::{DenialReason, ProjectStanding};
use crate::role::PROJECT_ROLE;
use crate::workload::WorkloadFault;

/// A name that is written in a file of cases, and what it stands for.
type Names<'n, T> = &'n [(&'static str, T)];

const STANDINGS: [(&str, ProjectStanding); 5] = [
    ("unknown", ProjectStanding::Unknown),
    ("pending", ProjectStanding::Pending),
    ("active", ProjectStanding::Active),
    ("suspended", ProjectStanding::Suspended),
    ("deleted", ProjectStanding::Deleted),
];

impl Case {
    /// Reads the cases of files, which are about this policy, and gives what is wrong with them.
    pub fn read(files: &[PolicyFile], policy: &Policy, context: &PolicyContext) -> (Vec<Self>, Vec<Finding>) {
        let mut cases = Vec::new();
        let mut findings = Vec::new();
        for file in files {
            let (read, faults) = reader::read(&file.path, &file.text, |top| of_file(top, policy, context));
            cases.extend(read.unwrap_or_default());
            findings.extend(faults);
        }
        (cases, findings)
    }
}

fn of_file(top: &Section<'_>, policy: &Policy, context: &PolicyContext) -> Vec<Case> {
    let title = top.text("title").map(|title| title.value);
    let sections = top.sections("case");
    if sections.is_empty() {
        top.error("the file has no `[[case]]`", None);
    }
    top.finish();
    let mut cases = Vec::new();
    let mut twins = Vec::new();
    for section in &sections {
        let Some((mut case, twin)) = of_section(section, policy, context) else { continue };
        case.title.clone_from(&title);
        twins.extend(twin.map(|twin| (twin, case.name.clone())));
        cases.push(case);
    }
    check_names(&sections);
    // A case that could not be read may be the very twin that is missed.
    if cases.len() == sections.len() {
        check_twins(top, &twins, &cases);
    }
    cases
}

fn of_section(
    section: &Section<'_>,
    policy: &Policy,
    context: &PolicyContext,
) -> Option<(Case, Option<Located<String>>)> {
    let name = section.required_text("name");
    let about = section.text("about").map(|about| about.value);
    let twin = section.text("twin");
    let job = claims::read(section, context);
    let standing = one_of(section, "project", &STANDINGS).map(|standing| standing.value);
    let expected = expected(section);
    let role = role(section, policy, expected.as_ref().map(|expected| &expected.value));
    section.finish();
    let (name, (issuer, claims), expected) = (name?, job?, expected?);
    let case = Case {
        file: section.source().file().to_owned(),
        title: None,
        line: section.source().position(section.span().start).0,
        name: name.value,
        about,
        twin: twin.as_ref().map(|twin| twin.value.clone()),
        issuer: issuer.name.clone(),
        claims,
        standing: standing.unwrap_or(ProjectStanding::Active),
        role: role?,
        expected_at: spot(section, expected.span),
        expected: expected.value,
    };
    Some((case, twin))
}

fn spot(section: &Section<'_>, span: Span) -> Spot {
    let (line, column) = section.source().position(span.start);
    Spot { line, column, excerpt: section.source().excerpt(&span) }
}

/// The role, `project` unless another is named. One that is not there is a slip of the pen unless that is the point.
fn role(section: &Section<'_>, policy: &Policy, expected: Option<&Expected>) -> Option<String> {
    let Some(Located { value, span }) = section.text("role") else {
        return section.entry("role").is_none().then(|| PROJECT_ROLE.to_owned());
    };
    let unknown = DenialReason::RoleUnknown.as_str();
    let is_meant = matches!(expected, Some(Expected::Deny { reason: Some(reason), .. }) if reason == unknown);
    if policy.role(&value).is_some() || is_meant {
        return Some(value);
    }
    let help = match did_you_mean(&value, policy.roles().map(|role| role.name.as_str())) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("where that is the point: `reason = \"{unknown}\"`"),
    };
    section.source().error(span, format!("no role is named `{value}`"), Some(help));
    None
}

fn expected(section: &Section<'_>) -> Option<Located<Expected>> {
    if section.entry("expect").is_none() {
        let help = "add `expect = \"allow\"` or `expect = \"deny\"`".to_owned();
        section.error("the case does not say what is expected", Some(help));
    }
    let word = one_of(section, "expect", &[("allow", true), ("deny", false)]);
    let reasons: Vec<(&str, &str)> = reasons().map(|reason| (reason, reason)).collect();
    let reason = one_of(section, "reason", &reasons).map(|reason| reason.value.to_owned());
    let differs = section.entry("differs").and_then(|entry| match entry.value().as_str() {
        Some(claim) => Some(vec![claim.to_owned()]),
        None => Some(entry.texts()?.into_iter().map(|claim| claim.value).collect()),
    });
    let Located { value: is_allow, span } = word?;
    if !is_allow {
        return Some(Located { value: Expected::Deny { reason, differs }, span });
    }
    for key in ["reason", "differs"] {
        if let Some(entry) = section.entry(key) {
            let message = format!("`{key}` is why a job is denied, and this one is to be allowed");
            section.source().error(entry.span, message, None);
        }
    }
    Some(Located { value: Expected::Allow, span })
}

fn reasons() -> impl Iterator<Item = &'static str> {
    let faults = [WorkloadFault::ClaimMissing(String::new()), WorkloadFault::ClaimMalformed(String::new())];
    DenialReason::ALL.iter().map(|reason| reason.as_str()).chain(faults.map(|fault| fault.code()))
}

/// The text of a key, which must be one of these.
fn one_of<T: Copy>(section: &Section<'_>, key: &str, names: Names<'_, T>) -> Option<Located<T>> {
    let Located { value, span } = section.text(key)?;
    if let Some((_, meant)) = names.iter().find(|(name, _)| *name == value) {
        return Some(Located { value: *meant, span });
    }
    let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let help = match did_you_mean(&value, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("one of `{}`", names.join("`, `")),
    };
    section.source().error(span, format!("`{key}` is none of those that there are"), Some(help));
    None
}

fn check_names(sections: &[Section<'_>]) {
    let mut seen = BTreeMap::new();
    for section in sections {
        let Some(Located { value, span }) = section.text("name") else { continue };
        let (line, _) = section.source().position(span.start);
        if let Some(other) = seen.insert(value.clone(), line) {
            let message = format!("the case of line {other} is named `{value}` too");
            section.source().error(span, message, None);
        }
    }
}

fn check_twins(top: &Section<'_>, twins: &[(Located<String>, String)], cases: &[Case]) {
    let names = || cases.iter().map(|case| case.name.as_str());
    let find = |name: &str| cases.iter().find(|case| case.name == name);
    for (Located { value, span }, of) in twins {
        let Some(twin) = find(value) else {
            let help = did_you_mean(value, names()).map(|name| format!("did you mean `{name}`?"));
            top.source().error(span.clone(), format!("no case of this file is named `{value}`"), help);
            continue;
        };
        if find(of).is_some_and(|case| case.expected.is_allow() == twin.expected.is_allow()) {
            let message = format!("`{value}` is no twin of this case: both are to get the same answer");
            top.source().error(span.clone(), message, None);
        }
    }
}
