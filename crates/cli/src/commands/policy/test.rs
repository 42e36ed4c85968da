//! `daypass policy test`: cases, decided by the function of the server.

use std::collections::BTreeSet;
use std::path::PathBuf;

use daypass_app::policy_source;
use daypass_client::printable;
use daypass_policy::{Case, CaseResult, Coverage, Finding, Outcome, Policy, PolicyFile, Rendering, render};
use serde_json::{Value, json};

use super::check::finding_as_json;
use crate::args::{PolicyTestArguments, ServerArguments, SettingsArguments};
use crate::commands::{Context, serve};
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;
use crate::settings::Settings;

/// The policy and the files of cases.
struct Files {
    policy: Vec<PolicyFile>,
    cases: Vec<PolicyFile>,
}

/// What the cases came to.
struct Told<'c> {
    results: Vec<CaseResult<'c>>,
    failed: Vec<Finding>,
    coverage: Coverage,
    unreached: Vec<Finding>,
}

pub(super) fn run(arguments: &PolicyTestArguments, context: &Context) -> Result<u8, CommandFault> {
    let settings = settings(arguments, context)?;
    let files = files(arguments, &settings)?;
    let policy = match Policy::load(&files.policy, &settings.policy) {
        // What there is to say of a policy that is taken, `check` says.
        Ok((policy, _)) => policy,
        Err(findings) => return refused(arguments, &findings),
    };
    let (cases, faults) = Case::read(&files.cases, &policy, &settings.policy);
    if !faults.is_empty() {
        return refused(arguments, &faults);
    }
    let results: Vec<CaseResult<'_>> =
        cases.iter().filter_map(|case| case.run(&policy, &settings.policy)).collect();
    let coverage = Coverage::of(&results, &policy);
    let failed: Vec<Finding> = results.iter().filter_map(CaseResult::finding).collect();
    // Whoever names a few cases does not ask what the others reach.
    let asks = arguments.require_coverage || arguments.paths.is_empty();
    let unreached = if asks { coverage.findings(&files.policy) } else { Vec::new() };
    let told = Told { results, failed, coverage, unreached };
    if arguments.json {
        output::json(&told.as_json())?;
    } else {
        told.tell()?;
    }
    let is_good = told.failed.is_empty() && (told.unreached.is_empty() || !arguments.require_coverage);
    Ok(if is_good { OK } else { FINDINGS })
}

fn settings(arguments: &PolicyTestArguments, context: &Context) -> Result<Settings, CommandFault> {
    let server = ServerArguments {
        settings: SettingsArguments { config: arguments.settings.config.clone() },
        listen: None,
        public_url: None,
        store_url: None,
        policy_dir: arguments.policy_dir.clone(),
        allow: arguments.allow.clone(),
    };
    Ok(serve::settings(&server, context)?)
}

fn files(arguments: &PolicyTestArguments, settings: &Settings) -> Result<Files, CommandFault> {
    let unreadable = |fault: policy_source::PolicyFault| CommandFault::Usage(fault.to_string());
    let Some(top) = settings.policy_dir.clone() else {
        let message = "the settings name no `policy_dir`\n  help: name the folder: `daypass policy test --policy-dir FOLDER`";
        return Err(CommandFault::Usage(message.to_owned()));
    };
    let policy = policy_source::read_named(std::slice::from_ref(&top), Some(&top)).map_err(unreadable)?;
    let places: Vec<PathBuf> =
        if arguments.paths.is_empty() { vec![top.clone()] } else { arguments.paths.clone() };
    let given: BTreeSet<String> =
        places.iter().filter(|path| path.is_file()).map(|path| path.display().to_string()).collect();
    let mut cases = policy_source::read_named(&places, None).map_err(unreadable)?;
    // A file that is named is one of cases, whatever it is called; in a folder they are called so.
    cases.retain(|file| file.is_cases() || given.contains(&file.path));
    if cases.is_empty() {
        let names: Vec<String> = places.iter().map(|path| format!("`{}`", path.display())).collect();
        let message = format!(
            "no file of cases is in {}\n  help: write one, `NAME.test.toml`, beside the policy files; docs/policy.md shows how",
            names.join(", ")
        );
        return Err(CommandFault::Usage(message));
    }
    Ok(Files { policy, cases })
}

/// Nothing is decided by files that cannot be understood.
fn refused(arguments: &PolicyTestArguments, findings: &[Finding]) -> Result<u8, CommandFault> {
    if arguments.json {
        let findings: Vec<Value> = findings.iter().map(finding_as_json).collect();
        output::json(&json!({ "cases": null, "findings": findings, "coverage": null }))?;
    } else {
        output::line(render(findings, Rendering::Coloured))?;
        output::line("\nnothing was tested")?;
    }
    Ok(FINDINGS)
}

impl Told<'_> {
    fn tell(&self) -> Result<(), CommandFault> {
        let mut file = "";
        for result in &self.results {
            if result.case.file != file {
                file = &result.case.file;
                output::line(output::styled(output::BOLD, &printable(file)))?;
            }
            let sign = if result.is_as_expected() {
                output::styled(output::GOOD, "ok  ")
            } else {
                output::styled(output::BAD, "FAIL")
            };
            let case = result.case;
            let (answer, name) = (answer(&result.outcome), printable(&case.name));
            output::line(format_args!("  {sign} {answer:5} {}: {name}", printable(&case.role)))?;
        }
        for findings in [&self.failed, &self.unreached] {
            if !findings.is_empty() {
                output::line(format_args!("\n{}", render(findings, Rendering::Coloured)))?;
            }
        }
        let (cases, failed) = (self.results.len(), self.failed.len());
        let (reached, blocks) = (self.coverage.reached(), self.coverage.blocks());
        let cases = if cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") };
        output::line(format_args!("\n{cases}, {failed} failed; {reached} of {blocks} blocks reached"))
    }

    fn as_json(&self) -> Value {
        json!({
            "cases": self.results.iter().map(case_as_json).collect::<Vec<_>>(),
            "findings": self.failed.iter().chain(&self.unreached).map(finding_as_json).collect::<Vec<_>>(),
            "coverage": { "blocks": self.coverage.blocks(), "reached": self.coverage.reached() },
        })
    }
}

fn answer(outcome: &Outcome) -> &'static str {
    if outcome.reason().is_none() { "allow" } else { "deny" }
}

fn case_as_json(result: &CaseResult<'_>) -> Value {
    let (case, outcome) = (result.case, &result.outcome);
    json!({
        "file": case.file,
        "line": case.line,
        "name": case.name,
        "role": case.role,
        "issuer": case.issuer,
        "expected": case.expected.word(),
        "decision": answer(outcome),
        "reason": outcome.reason(),
        "differences": outcome.differences(),
        "passed": result.is_as_expected(),
    })
}
