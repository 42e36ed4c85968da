//! Running the command of a job: its environment, its signals, its exit status.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::super::ends::{End, Ends};
use crate::fault::{self, CommandFault, OK};
use crate::output;

/// Variables of CI systems: those of a job that this process may be in itself would contradict those of the emulated
/// one.
const PREFIXES: [&str; 5] = ["GITHUB_", "ACTIONS_", "RUNNER_", "CI_", "GITLAB_"];

/// Runs the command to its end; gives its exit status, as a shell does: 128 and the number for a signal.
pub(super) async fn run(
    command: &[OsString],
    variables: &BTreeMap<String, String>,
    outer: &BTreeMap<String, String>,
    ends: &mut Ends,
) -> Result<u8, CommandFault> {
    let Some((program, arguments)) = command.split_first() else { return Ok(OK) };
    let mut job = Command::new(program);
    job.args(arguments);
    for name in outer.keys().filter(|name| is_of_ci(name)) {
        job.env_remove(name);
    }
    let mut child = job.envs(variables).spawn().map_err(|reason| {
        let is_absent = reason.kind() == ErrorKind::NotFound;
        let reason = if is_absent { "there is no such command".to_owned() } else { reason.to_string() };
        CommandFault::NotRun {
            text: format!("`{}` cannot be run: {reason}", program.display()),
            status: if is_absent { fault::NO_SUCH_COMMAND } else { fault::NO_PROGRAM },
        }
    })?;
    // A terminal sends Ctrl-C to the command too; passed on, it would come twice.
    let is_at_terminal = output::stdin_is_terminal();
    loop {
        tokio::select! {
            status = child.wait() => {
                let in_wait = |fault| CommandFault::Unavailable(format!("the command is lost: {fault}"));
                return status.map(status_of).map_err(in_wait);
            }
            end = ends.next() => match end {
                End::Interrupt if is_at_terminal => {}
                End::Interrupt => pass_on(&child, Signal::INT),
                End::Terminate => pass_on(&child, Signal::TERM),
                End::HangUp => pass_on(&child, Signal::HUP),
            },
        }
    }
}

fn is_of_ci(name: &str) -> bool {
    name == "CI" || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn pass_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // A command that has ended meanwhile needs no signal.
        kill_process(pid, signal).ok();
    }
}

fn status_of(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_other_jobs_are_known_by_their_names() {
        for name in
            ["CI", "CI_JOB_ID", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "GITLAB_CI", "RUNNER_OS"]
        {
            assert!(is_of_ci(name), "{name}");
        }
        for name in ["PATH", "CIRCUS", "DAYPASS_URL", "GITHUBBER", "HOME"] {
            assert!(!is_of_ci(name), "{name}");
        }
    }
}
