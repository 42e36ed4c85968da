//! For each lint a folder in `tests/lints`: a policy that breaks it, what is then said, and the mended policy.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daypass_policy::{Finding, Lint, Policy, PolicyContext, PolicyFile, Rendering, render};

use crate::kit::{context, is_allowed, workload};

/// A lint of the settings, which are read elsewhere.
const OF_SETTINGS: [Lint; 2] = [Lint::ForeignAudience, Lint::SharedAudience];

/// Lints that are about no job that a block lets in.
const WITHOUT_JOB: [Lint; 9] = [
    Lint::DuplicateRole,
    Lint::DuplicateArn,
    Lint::OverCeiling,
    Lint::MutablePlaceholder,
    Lint::StarInText,
    Lint::UnknownEvent,
    Lint::UnreachableBlock,
    Lint::ShadowedByDeny,
    Lint::TtlAboveNeed,
];

fn folder(lint: Lint, side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints").join(lint.name()).join(side)
}

fn files(lint: Lint, side: &str) -> Vec<PolicyFile> {
    let entries = fs::read_dir(folder(lint, side)).unwrap_or_else(|fault| panic!("{}: {fault}", lint.name()));
    let mut files: Vec<PolicyFile> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            PolicyFile { path: name, text: fs::read_to_string(path).unwrap() }
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

pub(crate) fn findings(lint: Lint, side: &str, context: &PolicyContext) -> Vec<Finding> {
    match Policy::load(&files(lint, side), context) {
        Ok((_, findings)) | Err(findings) => findings,
    }
}

pub(crate) fn is_of_settings(lint: Lint) -> bool {
    OF_SETTINGS.contains(&lint)
}

fn lints() -> impl Iterator<Item = Lint> {
    Lint::ALL.into_iter().filter(|lint| !OF_SETTINGS.contains(lint))
}

#[test]
fn each_lint_finds_its_policy_and_says_so() {
    for lint in lints() {
        let findings = findings(lint, "policy", &context());
        assert!(findings.iter().any(|finding| finding.lint == Some(lint)), "{}: {findings:?}", lint.name());
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder(lint, ""));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("diagnostic", render(&findings, Rendering::Plain)));
    }
}

#[test]
fn each_mended_policy_has_nothing_to_say() {
    for lint in lints() {
        let findings = findings(lint, "mended", &context());
        // This build mints no AWS credentials.
        let left = findings.iter().filter(|finding| lint != Lint::DuplicateArn || finding.lint.is_some());
        assert_eq!(left.count(), 0, "{}: {}", lint.name(), render(&findings, Rendering::Plain));
    }
}

#[test]
fn each_counter_example_is_let_in_when_it_comes_with_a_signed_token_and_not_by_the_mended_policy() {
    for lint in lints().filter(|lint| !WITHOUT_JOB.contains(lint)) {
        let findings = findings(lint, "policy", &context());
        let of_lint: Vec<&Finding> = findings.iter().filter(|finding| finding.lint == Some(lint)).collect();
        assert!(!of_lint.is_empty());
        let mut allowing = context();
        allowing.allowed = BTreeMap::from([(lint, "to be shown".to_owned())]);
        let (open, _) = Policy::load(&files(lint, "policy"), &allowing).unwrap();
        let (mended, _) = Policy::load(&files(lint, "mended"), &context()).unwrap();
        for finding in of_lint {
            let example = finding.counter_example.as_ref().unwrap_or_else(|| panic!("{}", lint.name()));
            let claims = serde_json::to_value(&example.claims).unwrap();
            let job = workload(&example.issuer, &claims);
            assert!(is_allowed(&open, &job, &example.role), "{}: {claims}", lint.name());
            let is_let_in = is_allowed(&mended, &job, &example.role);
            // Of the mended policy of this lint, the same job may still read.
            assert_eq!(is_let_in, lint == Lint::ReviewCanWrite, "{}: {claims}", lint.name());
        }
    }
}

#[test]
fn an_example_that_a_deny_block_stops_is_not_shown() {
    let mut files = files(Lint::NoImmutableOwner, "policy");
    files[0].text.push_str("[[deny]]\nissuer = \"github\"\nrepository_owner_id = { glob = \"9*\" }\n");
    let Err(findings) = Policy::load(&files, &context()) else { panic!("it is taken") };
    let stopped = findings.iter().filter(|finding| finding.lint == Some(Lint::NoImmutableOwner));
    assert!(
        stopped.clone().count() == 1 && stopped.map(|finding| &finding.counter_example).all(Option::is_none)
    );
}
