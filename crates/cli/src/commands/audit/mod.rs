//! `daypass audit`: the ledger, for the operator.

mod diff;
mod export;
mod filter;
mod list;
mod page;
mod rows;
mod show;
mod tail;
mod window;

pub(super) use diff::shown as shown_decision;

use super::Context;
use super::records::{Absent, Records};
use crate::args::AuditCommand;
use crate::fault::{CommandFault, OK};

pub(super) async fn run(command: &AuditCommand, context: &Context) -> Result<u8, CommandFault> {
    let settings = match command {
        AuditCommand::List(arguments) => &arguments.settings,
        AuditCommand::Tail(arguments) => &arguments.settings,
        AuditCommand::Show(arguments) => &arguments.settings,
        AuditCommand::Export(arguments) => &arguments.settings,
    };
    let records = Records::open(settings.config.as_deref(), context, Absent::Refuse).await?;
    let outcome = match command {
        AuditCommand::List(arguments) => list::run(arguments, &records, context).await.map(|()| OK),
        AuditCommand::Tail(arguments) => tail::run(arguments, &records, context).await,
        AuditCommand::Show(arguments) => show::run(arguments, &records, context).await.map(|()| OK),
        AuditCommand::Export(arguments) => export::run(arguments, &records, context).await,
    };
    records.store.close().await;
    outcome
}
