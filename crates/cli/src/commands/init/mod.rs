//! `daypass init`: a commented `daypass.toml`, a first role and a workflow, which load as they are.

mod answer;
mod ask;
mod files;
mod plan;
mod questions;
mod quoting;
mod role;
mod steps;
mod templates;
#[cfg(test)]
mod tests;
mod workflow;

use self::files::Files;
use self::plan::Plan;
use crate::args::InitArguments;
use crate::fault::{CommandFault, OK};
use crate::output;

/// Where the emulator listens that the settings name; it must be the same in both.
pub(super) const EMULATOR_LISTEN: &str = "127.0.0.1:4011";

pub(super) async fn run(arguments: &InitArguments) -> Result<u8, CommandFault> {
    let plan = Plan::make(arguments, output::stdin_is_terminal()).await?;
    let files = Files::make(&plan, arguments)?;
    if arguments.dry_run {
        for file in files.all() {
            output::line(format_args!("---- {}\n{}", file.path.display(), file.text))?;
        }
        return Ok(OK);
    }
    files.write()?;
    let wrote = format!(
        "wrote {}: settings\nwrote {}: the role `{}`\nwrote {}: {}",
        files.settings.path.display(),
        files.role.path.display(),
        plan.role,
        files.workflow.path.display(),
        workflow::destination(&plan)
    );
    output::line(format_args!("{wrote}\n\nNext:\n{}", steps::after(&plan, &arguments.dir, &files)))?;
    Ok(OK)
}
