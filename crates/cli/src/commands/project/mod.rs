//! `daypass project`: onboarded repositories.

mod add;
mod config;
mod show;

use daypass_store::{Project, ProjectStatus};

use super::Context;
use super::records::{Absent, Records};
use crate::args::{ProjectCommand, ProjectNameArguments};
use crate::fault::{CommandFault, OK};
use crate::output;

pub(super) async fn run(command: &ProjectCommand, context: &Context) -> Result<u8, CommandFault> {
    let (config, absent) = match command {
        ProjectCommand::Add(arguments) => (&arguments.settings.config, Absent::Make),
        ProjectCommand::List(arguments) => (&arguments.settings.config, Absent::Refuse),
        ProjectCommand::Show(arguments)
        | ProjectCommand::Suspend(arguments)
        | ProjectCommand::Resume(arguments) => (&arguments.settings.config, Absent::Refuse),
        ProjectCommand::Config(arguments) => (&arguments.settings.config, Absent::Refuse),
    };
    let records = Records::open(config.as_deref(), context, absent).await?;
    let outcome = match command {
        ProjectCommand::Add(arguments) => add::run(arguments, &records, context).await,
        ProjectCommand::List(arguments) => show::list(arguments, &records).await,
        ProjectCommand::Show(arguments) => show::one(arguments, &records).await,
        ProjectCommand::Suspend(arguments) => {
            set_status(arguments, ProjectStatus::Suspended, &records, context).await
        }
        ProjectCommand::Resume(arguments) => {
            set_status(arguments, ProjectStatus::Active, &records, context).await
        }
        ProjectCommand::Config(arguments) => config::run(arguments, &records, context).await,
    };
    records.store.close().await;
    outcome.map(|()| OK)
}

async fn set_status(
    arguments: &ProjectNameArguments,
    status: ProjectStatus,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let project = records.project(&arguments.project).await?;
    check_is_not_deleted(&project)?;
    let changed = records.store.projects().set_status(project.id, status, context.clock.now()).await?;
    let changed =
        changed.ok_or_else(|| CommandFault::Usage(format!("the project `{}` is gone", project.id)))?;
    if arguments.json {
        return output::line(show::as_json(&changed, None));
    }
    let told = match status {
        ProjectStatus::Active => "resumed: its jobs get passes again",
        ProjectStatus::Suspended => {
            "suspended: its jobs get nothing more; what they have is valid until it expires, or `daypass revoke --project`"
        }
        ProjectStatus::Deleted => "deleted",
    };
    output::line(format_args!("{} ({}) {told}", changed.path, changed.id))
}

/// A tombstone stays one: another repository may have taken the name.
fn check_is_not_deleted(project: &Project) -> Result<(), CommandFault> {
    match project.status {
        ProjectStatus::Active | ProjectStatus::Suspended => Ok(()),
        ProjectStatus::Deleted => Err(CommandFault::Usage(format!(
            "the repository of the project `{}` was deleted at its provider; its record stays as it is",
            project.id
        ))),
    }
}
