//! The cases of `tests/cases`, as `daypass policy test` runs them, and the table that shows them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use daypass_jose::Json;
use daypass_policy::{
    Ask, Case, CaseResult, Coverage, DenialReason, Expected, Outcome, Policy, PolicyFile, Rendering, decide,
    render,
};

use crate::cells::{code, same};
use crate::kit::{context, file, try_workload};

const INTRODUCTION: &str = "# The table of cases

What the policy says of jobs that want in, and of those that only look like them. A ✓ is an honest job that gets its role. Each ✗
below it is a job that differs from it in what is told, and gets nothing. Values in `code` are what the token says; `\\u{…}` stands
for a character that is not seen.

The cases and the roles that they ask for are files: `crates/policy/tests/cases`, each `NAME.toml` with its `NAME.test.toml`.
They are run by every test of this project, once as they are written and once with signed tokens, and by anybody:

```sh not-run
daypass policy test --config crates/policy/tests/cases/daypass.toml
```

(Not run: the tests run it where the files are.)

This page is made from them. What is wrong with a token itself, its signature, its audience, its times, is answered before any
policy is asked: [the table of attacks](attacks.md).
";

/// Advisories and public reports about what a rule lets in that its author did not mean, each with a case.
const REPORTED: [&str; 14] = [
    "CVE-2026-14336",
    "CVE-2026-22772",
    "GHSA-59jp-pj84-45mr",
    "GHSA-7qjx-gp9h-65qj",
    "CVE-2026-40264",
    "CVE-2026-40344",
    "CVE-2026-1486",
    "CVE-2026-1609",
    "CVE-2026-16093",
    "CVE-2026-45321",
    "CVE-2025-30066",
    "Sleeper Squats",
    "Sub:jugation",
    "work item 563038",
];

/// Cases that there must be at least.
const MIN_CASES: usize = 200;

fn files() -> Vec<PolicyFile> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/policies");
    let mut folders = vec![top.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let (below, here): (Vec<PathBuf>, Vec<PathBuf>) = entries.into_iter().partition(|path| path.is_dir());
        folders.extend(below);
        files.extend(here.into_iter().map(|path| PolicyFile {
            path: path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&path).unwrap(),
        }));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn policy() -> Policy {
    Policy::load(&files(), &context())
        .unwrap_or_else(|findings| panic!("{}", render(&findings, Rendering::Plain)))
        .0
}

fn cases(policy: &Policy) -> Vec<Case> {
    let files: Vec<PolicyFile> = files().into_iter().filter(PolicyFile::is_cases).collect();
    let (cases, findings) = Case::read(&files, policy, &context());
    assert!(findings.is_empty(), "{}", render(&findings, Rendering::Plain));
    cases
}

#[test]
fn every_case_gets_what_it_expects_and_every_block_is_reached() {
    let policy = policy();
    let cases = cases(&policy);
    let context = context();
    let results: Vec<CaseResult<'_>> =
        cases.iter().map(|case| case.run(&policy, &context).unwrap()).collect();
    let failed: Vec<_> = results.iter().filter_map(CaseResult::finding).collect();
    assert!(failed.is_empty(), "{}", render(&failed, Rendering::Plain));
    println!("{} cases", cases.len());
    assert!(cases.len() >= MIN_CASES, "{} cases", cases.len());
    let unreached = Coverage::of(&results, &policy).findings(&files());
    assert!(unreached.is_empty(), "{}", render(&unreached, Rendering::Plain));
}

#[test]
fn every_attack_has_an_honest_twin_and_every_report_an_attack() {
    let cases = cases(&policy());
    let twins: BTreeSet<(&str, &str)> =
        cases.iter().filter_map(|case| Some((case.file.as_str(), case.twin.as_deref()?))).collect();
    for case in &cases {
        match case.expected {
            Expected::Deny { .. } => {
                assert!(case.twin.is_some(), "{}: `{}` has no twin", case.file, case.name);
            }
            Expected::Allow => {
                let is_twin = twins.contains(&(case.file.as_str(), case.name.as_str()));
                assert!(is_twin, "{}: `{}` is no twin", case.file, case.name);
            }
        }
    }
    let attacks = || cases.iter().filter(|case| matches!(case.expected, Expected::Deny { .. }));
    for report in REPORTED {
        let is_told = |case: &Case| case.about.as_ref().is_some_and(|about| about.contains(report));
        assert!(attacks().any(is_told), "{report} has no case");
    }
}

#[test]
fn every_case_comes_to_the_same_with_a_signed_token() {
    let policy = policy();
    for case in &cases(&policy) {
        let supposed = case.run(&policy, &context()).unwrap().outcome;
        let claims = serde_json::to_value(&case.claims).unwrap();
        let ask = Ask { role: &case.role, standing: case.standing };
        let signed = match try_workload(&case.issuer, &claims) {
            Ok(workload) => decide(&workload, &ask, &policy).trace().reason.map(DenialReason::as_str),
            Err(fault) => Some(fault.code()),
        };
        assert_eq!(supposed.reason(), signed, "{}: {}", case.file, case.name);
    }
}

#[test]
fn the_table_of_cases_is_that_of_the_documentation() {
    let policy = policy();
    let cases = cases(&policy);
    let mut page = INTRODUCTION.to_owned();
    let count = |sign| cases.iter().filter(|case| case.expected.word() == sign).count();
    writeln!(page, "\n{} cases: {} ✓, {} ✗.", cases.len(), count("allow"), count("deny")).unwrap();
    let mut file = "";
    let (top, below): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| !case.file.contains('/'));
    for case in top.into_iter().chain(below) {
        if case.file != file {
            file = &case.file;
            let title = case.title.as_deref().unwrap();
            write!(page, "\n## {title}\n\n| | Job | Role | Why |\n|---|---|---|---|\n").unwrap();
        }
        let outcome = case.run(&policy, &context()).unwrap().outcome;
        let sign = if outcome.reason().is_none() { "✓" } else { "✗" };
        let about = case.about.as_ref().map(|about| format!("*{about}*"));
        let why: Vec<String> = why(&outcome, case).into_iter().chain(about).collect();
        let name = if sign == "✓" { format!("**{}**", case.name) } else { case.name.clone() };
        writeln!(page, "| {sign} | {name} | {} | {} |", code(&case.role), why.join("; ")).unwrap();
    }
    same("policy-cases.md", &page);
}

fn why(outcome: &Outcome, case: &Case) -> Option<String> {
    if let Outcome::NoJob(fault) = outcome {
        return Some(fault.to_string());
    }
    let reason = outcome.reason()?;
    let is_denied = reason == "denied_by_rule";
    let differences = outcome.differences().into_iter().map(|difference| {
        let got = match case.claims.member(&difference.claim) {
            // A text that is shown shortened, and what an expression says, stand in no claim.
            Some(Json::String(_)) | None => difference.got.as_deref().map_or("absent".to_owned(), code),
            Some(Json::Null) => code("null"),
            Some(value) => format!("{} {}", value.kind(), code(&serde_json::to_string(value).unwrap())),
        };
        let wanted: Vec<String> = difference.wanted.iter().take(3).map(|wanted| code(wanted)).collect();
        let more = if difference.wanted.len() > 3 { ", …" } else { "" };
        let verb = if is_denied { "denied" } else { "wanted" };
        format!("{} is {got}, {verb} {}{more}", code(&difference.claim), wanted.join(", "))
    });
    let told: Vec<String> = differences.collect();
    Some(if told.is_empty() { reason.replace('_', " ") } else { told.join("; ") })
}

const BROKEN: &str = r#"titel = "slips of the pen"

[[case]]
name   = "one"
github = { repositry_id = "1", evnt = "push" }
role   = "gh-mian"
expect = "alow"

[[case]]
name    = "one"
github  = { ref = "refs/heads/main" }
gitlab  = {}
role    = "gh-main"
expect  = "deny"
reason  = "no_rule_match"

[[case]]
issuer  = "githb"
claims  = { sub = "x" }
without = ["nothing"]
expect  = "allow"
reason  = "no_rule_matches"
project = "activ"

[[case]]
name   = "two"
role   = "gh-main"
claims = { sub = 1979-05-27 }
"#;

#[test]
fn each_fault_of_a_file_of_cases_is_shown_with_its_place() {
    let (_, findings) = Case::read(&[file("slips.test.toml", BROKEN)], &policy(), &context());
    insta::assert_snapshot!(render(&findings, Rendering::Plain));
}

#[test]
fn a_twin_is_a_case_of_the_file_that_gets_the_other_answer() {
    let faults = |twin: &str| {
        let text = format!(
            "[[case]]\nname = \"in\"\ngithub = {{}}\nrole = \"gh-main\"\nexpect = \"allow\"\n\
             [[case]]\nname = \"out\"\ntwin = \"{twin}\"\ngithub = {{ ref = \"x\" }}\nrole = \"gh-main\"\nexpect = \"deny\"\n"
        );
        let (_, findings) = Case::read(&[file("a.test.toml", &text)], &policy(), &context());
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    assert_eq!(faults("in"), Vec::<String>::new());
    assert_eq!(faults("inn"), ["no case of this file is named `inn`"]);
    assert_eq!(faults("out"), ["`out` is no twin of this case: both are to get the same answer"]);
}

#[test]
fn a_case_fails_where_the_answer_the_reason_or_the_claim_is_another() {
    let policy = policy();
    let failed = |expected: &str| {
        let text =
            format!("[[case]]\nname = \"a\"\ngithub = {{ ref = \"x\" }}\nrole = \"gh-main\"\n{expected}\n");
        let (cases, findings) = Case::read(&[file("a.test.toml", &text)], &policy, &context());
        assert!(findings.is_empty(), "{findings:?}");
        cases[0].run(&policy, &context()).unwrap().finding().map(|finding| finding.message)
    };
    assert_eq!(failed("expect = \"deny\""), None);
    assert_eq!(failed("expect = \"deny\"\nreason = \"no_rule_matches\"\ndiffers = \"ref\""), None);
    for expected in [
        "expect = \"allow\"",
        "expect = \"deny\"\nreason = \"denied_by_rule\"",
        "expect = \"deny\"\ndiffers = [\"ref\", \"environment\"]",
        "expect = \"deny\"\ndiffers = \"environment\"",
    ] {
        let message = failed(expected).unwrap_or_else(|| panic!("{expected}: it passes"));
        assert!(message.contains("no_rule_matches"), "{message}");
    }
}

#[test]
fn a_file_of_cases_is_no_policy_and_what_looks_like_one_there_is_refused() {
    let role = "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\nref = \"refs/heads/main\"\n\
                [roles.r.grants.api]\naudience = \"https://api.example.com\"\nscopes = [\"a:b\"]\n";
    let cases = "[[case]]\nname = \"a\"\nexpect = \"allow\"\n";
    let load = |test: &str| Policy::load(&[file("r.toml", role), file("r.test.toml", test)], &context());
    let (alone, _) = Policy::load(&[file("r.toml", role)], &context()).unwrap();
    assert_eq!(load(cases).unwrap().0.version(), alone.version(), "cases are no part of the version");
    for misplaced in
        ["[[deny]]\nissuer = \"github\"\nactor_id = \"1\"\nabsent = \"allow\"\n", "[roles.x]\n", "[[case"]
    {
        assert!(load(misplaced).is_err(), "{misplaced}");
    }
}
