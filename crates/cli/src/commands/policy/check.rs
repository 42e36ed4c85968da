//! `daypass policy check`: the files, read by the parser of the server, with all that is to be said of them.

use daypass_policy::{Finding, Level, Policy, Rendering, render};
use serde_json::{Value, json};

use super::{files, sarif};
use crate::args::PolicyCheckArguments;
use crate::commands::Context;
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;

/// What a check came to.
struct Checked {
    files: usize,
    findings: Vec<Finding>,
    /// None where the files are refused.
    policy: Option<Policy>,
}

pub(super) fn run(arguments: &PolicyCheckArguments, context: &Context) -> Result<u8, CommandFault> {
    let checked = check(arguments, context)?;
    if arguments.json {
        output::json(&as_json(&checked))?;
    } else if arguments.sarif {
        output::json(&sarif::log(&checked.findings, checked.policy.as_ref()))?;
    } else {
        tell(&checked)?;
    }
    Ok(if checked.findings.is_empty() { OK } else { FINDINGS })
}

fn check(arguments: &PolicyCheckArguments, context: &Context) -> Result<Checked, CommandFault> {
    let read = files::read(&arguments.paths, &arguments.settings, &arguments.allow, context)?;
    let (policy, findings) = match read.result {
        Ok((policy, findings)) => (Some(policy), findings),
        Err(findings) => (None, findings),
    };
    Ok(Checked { files: read.files, findings, policy })
}

fn tell(checked: &Checked) -> Result<(), CommandFault> {
    if !checked.findings.is_empty() {
        output::line(render(&checked.findings, Rendering::Coloured))?;
        output::line("")?;
    }
    if let Some(note) = checked.policy.as_ref().and_then(files::not_fully_linted) {
        output::line(note)?;
    }
    let count = |level| checked.findings.iter().filter(|finding| finding.level == level).count();
    let files = counted(checked.files, "file");
    output::line(match (count(Level::Deny), count(Level::Warn)) {
        (0, 0) => format!("{files}, nothing to say"),
        (errors, warnings) => {
            format!("{files}, {}, {}", counted(errors, "error"), counted(warnings, "warning"))
        }
    })
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn as_json(checked: &Checked) -> Value {
    let policy = checked.policy.as_ref();
    json!({
        "files": checked.files,
        "version": policy.map(Policy::version),
        "findings": checked.findings.iter().map(finding_as_json).collect::<Vec<_>>(),
        "not_fully_linted": policy.map(|policy| policy.not_fully_linted().collect::<Vec<_>>()),
    })
}

pub(super) fn finding_as_json(finding: &Finding) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.excerpt.as_ref().map(|excerpt| excerpt.end_line),
        "end_column": finding.excerpt.as_ref().map(|excerpt| excerpt.end_column),
        "level": match finding.level {
            Level::Deny => "deny",
            Level::Warn => "warn",
        },
        "lint": finding.lint.map(daypass_policy::Lint::name),
        "message": finding.message,
        "help": finding.help,
        "counter_example": finding.counter_example.as_ref().map(|example| json!({
            "who": example.who,
            "issuer": example.issuer,
            "role": example.role,
            "claims": example.claims,
        })),
    })
}
