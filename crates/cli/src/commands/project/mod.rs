//! `daypass project`: onboarded repositories.

mod add;
mod config;
mod show;

use daypass_app::revocation::{self, Subject};
use daypass_store::{Project, ProjectStatus};

use super::Context;
use super::records::{Absent, Records};
use crate::args::{ProjectCommand, ProjectNameArguments, ProjectSuspendArguments};
use crate::fault::{CommandFault, OK};
use crate::output;

pub(super) async fn run(command: &ProjectCommand, context: &Context) -> Result<u8, CommandFault> {
    let (config, absent) = match command {
        ProjectCommand::Add(arguments) => (&arguments.settings.config, Absent::Make),
        ProjectCommand::List(arguments) => (&arguments.settings.config, Absent::Refuse),
        ProjectCommand::Show(arguments)
        | ProjectCommand::Suspend(ProjectSuspendArguments { name: arguments, .. })
        | ProjectCommand::Resume(arguments) => (&arguments.settings.config, Absent::Refuse),
        ProjectCommand::Config(arguments) => (&arguments.settings.config, Absent::Refuse),
    };
    let records = Records::open(config.as_deref(), context, absent).await?;
    let outcome = match command {
        ProjectCommand::Add(arguments) => add::run(arguments, &records, context).await,
        ProjectCommand::List(arguments) => show::list(arguments, &records).await,
        ProjectCommand::Show(arguments) => show::one(arguments, &records).await,
        ProjectCommand::Suspend(arguments) => suspend(arguments, &records, context).await,
        ProjectCommand::Resume(arguments) => resume(arguments, &records, context).await,
        ProjectCommand::Config(arguments) => config::run(arguments, &records, context).await,
    };
    records.store.close().await;
    outcome.map(|()| OK)
}

/// How far the clock of a server may be ahead of this machine's, in seconds: passes are hit by when their server says that it
/// issued them.
const MAX_SKEW_SECONDS: i64 = 300;

/// The status is durable before the passes are revoked: an exchange that saw the project active began before, and so its
/// pass was issued before, too.
async fn suspend(
    arguments: &ProjectSuspendArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let project = set_status(&arguments.name, ProjectStatus::Suspended, records, context).await?;
    if arguments.keep_passes {
        return tell(
            &arguments.name,
            &project,
            "suspended: its jobs get nothing more; the passes that they have are valid until they expire, \
             or `daypass revoke --project`",
        );
    }
    let now = context.clock.now();
    let before = now.plus_seconds(MAX_SKEW_SECONDS);
    let revoked = revocation::revoke(&records.store, &Subject::Project(project.id), before, now).await;
    if let Err(fault) = revoked {
        output::note(
            "the project is suspended, but the passes that its jobs have are not revoked: run this again",
        );
        return Err(fault.into());
    }
    tell(
        &arguments.name,
        &project,
        "suspended: its jobs get nothing more, and the passes that they have are revoked",
    )
}

async fn resume(
    arguments: &ProjectNameArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let project = set_status(arguments, ProjectStatus::Active, records, context).await?;
    let subject = Subject::Project(project.id);
    if let Some(before) = revocation::hits_until(&records.store, &subject, context.clock.now()).await? {
        output::note(format_args!(
            "note: passes that are issued until {before} are refused, by the suspension of a moment ago"
        ));
    }
    tell(arguments, &project, "resumed: its jobs get passes again; those that were revoked stay so")
}

async fn set_status(
    arguments: &ProjectNameArguments,
    status: ProjectStatus,
    records: &Records,
    context: &Context,
) -> Result<Project, CommandFault> {
    let project = records.project(&arguments.project).await?;
    check_is_not_deleted(&project)?;
    let changed = records.store.projects().set_status(project.id, status, context.clock.now()).await?;
    changed.ok_or_else(|| CommandFault::Usage(format!("the project `{}` is gone", project.id)))
}

fn tell(arguments: &ProjectNameArguments, project: &Project, told: &str) -> Result<(), CommandFault> {
    if arguments.json {
        return output::line(show::as_json(project, None));
    }
    output::line(format_args!("{} ({}) {told}", project.path, project.id))
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
