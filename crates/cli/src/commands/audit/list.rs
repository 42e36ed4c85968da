//! `daypass audit list`.

use daypass_app::audit;

use super::super::Context;
use super::super::records::Records;
use super::{filter, rows};
use crate::args::AuditListArguments;
use crate::fault::CommandFault;
use crate::output;
use crate::table::Table;

pub(super) async fn run(
    arguments: &AuditListArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let now = context.clock.now();
    let Some(filter) = filter::of(&arguments.filter, records, now).await? else { return Ok(()) };
    let exchanges = records.store.ledger().list(&filter, arguments.limit).await?;
    if arguments.json {
        return exchanges.iter().try_for_each(|exchange| output::json(&audit::as_json(exchange)));
    }
    if exchanges.is_empty() {
        output::note("no such exchange is recorded");
        return Ok(());
    }
    let mut table = Table::with_head(&rows::HEAD);
    for exchange in &exchanges {
        table.row(rows::row(exchange, now));
    }
    output::line(table)?;
    if u32::try_from(exchanges.len()) == Ok(arguments.limit) {
        output::note(format_args!("the newest {}; `--limit` shows more", arguments.limit));
    }
    Ok(())
}
