//! What a person asks the ledger for, as the store is asked.

use daypass_jose::Timestamp;
use daypass_jose::ids::ProjectId;
use daypass_store::{ExchangeFilter, Outcome};

use super::super::records::Records;
use crate::args::{AuditFilterArguments, OutcomeName};
use crate::fault::CommandFault;
use crate::output;

/// The filter; `None` where nothing can fit, since there is no such project.
pub(super) async fn of(
    arguments: &AuditFilterArguments,
    records: &Records,
    now: Timestamp,
) -> Result<Option<ExchangeFilter>, CommandFault> {
    let project_id = match arguments.project.as_deref() {
        None => None,
        Some(name) => match project(name, records).await? {
            None => return Ok(None),
            found => found,
        },
    };
    Ok(Some(ExchangeFilter {
        project_id,
        outcome: arguments.outcome.map(|outcome| match outcome {
            OutcomeName::Success => Outcome::Success,
            OutcomeName::Refused => Outcome::Refused,
            OutcomeName::DryRun => Outcome::DryRun,
        }),
        code: arguments.code.map(|code| code.as_str().to_owned()),
        role: arguments.role.clone(),
        run_id: arguments.run.clone(),
        // As it is recorded.
        source: arguments.source.map(|address| address.to_canonical().to_string()),
        since: arguments.since.map(|moment| moment.seen_from(now)),
        until: arguments.until.map(|moment| moment.seen_from(now)),
        ..ExchangeFilter::default()
    }))
}

/// An id is taken as it is: exchanges stay when a project goes.
async fn project(name: &str, records: &Records) -> Result<Option<ProjectId>, CommandFault> {
    if let Some(id) = ProjectId::parse(name) {
        return Ok(Some(id));
    }
    let found = records.store.projects().find_by_path(None, name).await?;
    match found.as_slice() {
        [] => {
            let name = daypass_client::printable(name);
            output::note(format_args!(
                "there is no project `{name}`, so nothing is of it; `daypass project list` lists them"
            ));
            Ok(None)
        }
        [project] => Ok(Some(project.id)),
        _ => records.project(name).await.map(|project| Some(project.id)),
    }
}
