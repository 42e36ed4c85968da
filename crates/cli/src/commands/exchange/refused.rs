//! What a job's log says where there was no credential: the reason, the change that would help, and, in a dry run, that it
//! counts for nothing yet.

use std::collections::BTreeMap;

use daypass_client::{ClientFault, Refusal, detect, printable};
use serde_json::{Value, json};

use crate::environment;
use crate::fault::{CommandFault, OK};
use crate::output::{self, BAD, BOLD, styled};

/// What the emulator calls its runner: there, nobody reads the commands that a runner obeys.
const EMULATED_RUNNER: &str = "daypass emulator";

/// Whether a runner of GitHub reads this log, and obeys the commands in it.
pub(super) fn is_github_runner(variables: &BTreeMap<String, String>) -> bool {
    let is_github = detect(variables).is_some_and(|provider| provider.name == "github");
    is_github && environment::value(variables, "RUNNER_NAME") != Some(EMULATED_RUNNER)
}

/// Puts a refusal where GitHub shows it on the page of the run, beside the log. It says what the log says, shortly.
pub(super) fn annotate(fault: &CommandFault, is_dry_run: bool, variables: &BTreeMap<String, String>) {
    if is_github_runner(variables) {
        let (level, title) =
            if is_dry_run { ("warning", "daypass: a dry run") } else { ("error", "daypass: no credential") };
        let title = escaped_property(title);
        output::note(format_args!("::{level} title={title}::{}", escaped(&in_short(fault))));
    }
}

/// Ends a dry run that would not have given anything. It has the status 0 all the same: a workflow can have it before
/// anybody relies on it.
pub(super) fn end_dry_run(fault: &CommandFault, is_json: bool) -> Result<u8, CommandFault> {
    let status = fault.exit_code();
    let what = if refusal(fault).is_some() { "be REFUSED" } else { "FAIL" };
    output::note(format_args!(
        "{} {fault}\n{} without --dry-run this would {what}, and end with the status {status}; this ends with 0",
        styled(BAD, "would be:"),
        styled(BOLD, "dry run:")
    ));
    if is_json {
        output::json(&as_json(fault, status))?;
    } else {
        let verdict = if refusal(fault).is_some() { "not allowed" } else { "not known" };
        output::line(format_args!("{verdict}: {}", in_short(fault)))?;
    }
    Ok(OK)
}

fn as_json(fault: &CommandFault, status: u8) -> Value {
    json!({
        "dry_run": true,
        "allowed": false,
        "status": status,
        "error": fault.to_string().lines().next(),
        "refusal": refusal(fault),
        "change": refusal(fault).and_then(Refusal::change),
    })
}

fn refusal(fault: &CommandFault) -> Option<&Refusal> {
    if let CommandFault::Client(ClientFault::Refused(refusal)) = fault { Some(refusal) } else { None }
}

/// On one line: what, and what would help.
fn in_short(fault: &CommandFault) -> String {
    let Some(refusal) = refusal(fault) else {
        return fault.to_string().lines().next().map(printable).unwrap_or_default();
    };
    let help = refusal.change().map(|change| format!("; what would help: {change}")).unwrap_or_default();
    let id = refusal.exchange_id.as_deref().unwrap_or("-");
    format!("{} ({}){help}; exchange {id}", refusal.title, refusal.code)
}

/// The message of a workflow command: whatever could end it is written as GitHub's runner reads it back.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_server_ends_the_command_that_shows_it() {
        assert_eq!(escaped("a%0A::set-env\r\n::b"), "a%250A::set-env%0D%0A::b");
        assert_eq!(escaped_property("daypass: x, y"), "daypass%3A x%2C y");
    }
}
