//! `daypass audit list`.

use daypass_policy::parse_duration;
use daypass_store::{ExchangeFilter, ExchangeRecord, Outcome};
use serde_json::Value;

use super::super::Context;
use super::super::records::Records;
use crate::args::{AuditListArguments, OutcomeName};
use crate::fault::CommandFault;
use crate::output;
use crate::table::Table;
use crate::words;

pub(super) async fn run(
    arguments: &AuditListArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let filter = filter(arguments, records, context).await?;
    let exchanges = records.store.ledger().list(&filter, arguments.limit).await?;
    if arguments.json {
        for exchange in &exchanges {
            output::line(as_json(exchange))?;
        }
        return Ok(());
    }
    if exchanges.is_empty() {
        output::note("no such exchange is recorded");
        return Ok(());
    }
    // As narrow as can be; what is left out here, `audit show` and `--json` have.
    let mut table = Table::with_head(&["TIME (UTC)", "OUTCOME", "ROLE", "REPOSITORY", "REF", "ID"]);
    let now = context.clock.now();
    for exchange in &exchanges {
        let text = |value: &Option<String>| value.as_deref().unwrap_or("-").into();
        table.row([
            words::short_time(exchange.at, now).into(),
            super::outcome(exchange),
            text(&exchange.role),
            text(&exchange.repository),
            exchange.git_ref.as_deref().map_or("-", words::short_ref).into(),
            exchange.id.to_string().into(),
        ]);
    }
    output::line(table)?;
    if u32::try_from(exchanges.len()) == Ok(arguments.limit) {
        output::note(format_args!("the newest {}; `--limit` shows more", arguments.limit));
    }
    Ok(())
}

/// Without the credentials, which a list does not look up.
fn as_json(exchange: &ExchangeRecord) -> Value {
    let mut whole = super::as_json(exchange);
    if let Value::Object(members) = &mut whole {
        members.remove("credentials");
    }
    whole
}

async fn filter(
    arguments: &AuditListArguments,
    records: &Records,
    context: &Context,
) -> Result<ExchangeFilter, CommandFault> {
    let since = arguments.since.as_deref().map(|text| {
        parse_duration(text)
            .map(|seconds| context.clock.now().plus_seconds(seconds.saturating_neg()))
            .map_err(|fault| CommandFault::Usage(format!("--since: `{text}` is {fault}")))
    });
    let project_id = match arguments.project.as_deref() {
        Some(name) => Some(records.project(name).await?.id),
        None => None,
    };
    Ok(ExchangeFilter {
        project_id,
        outcome: arguments.outcome.map(|outcome| match outcome {
            OutcomeName::Success => Outcome::Success,
            OutcomeName::Refused => Outcome::Refused,
        }),
        code: arguments.code.map(|code| code.as_str().to_owned()),
        role: arguments.role.clone(),
        since: since.transpose()?,
        before: None,
    })
}
