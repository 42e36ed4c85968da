//! `daypass audit show`: one exchange, and what the ledger knows beside it.

use daypass_app::{Code, audit};
use daypass_jose::ids::ExchangeId;
use daypass_store::ExchangeRecord;

use super::super::Context;
use super::super::records::Records;
use super::diff;
use super::page::Page;
use crate::args::AuditShowArguments;
use crate::fault::CommandFault;
use crate::output;

pub(super) async fn run(
    arguments: &AuditShowArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let id = ExchangeId::parse(&arguments.id)
        .ok_or_else(|| CommandFault::Usage(format!("`{}` is not the id of an exchange", arguments.id)))?;
    let Some(exchange) = records.store.ledger().show(id).await? else {
        return Err(CommandFault::Usage(format!(
            "there is no exchange `{id}` in the ledger (of refusals of strangers only a sample is kept)"
        )));
    };
    if arguments.json {
        return output::json(&audit::as_json(&exchange));
    }
    let page = Page {
        elsewhere: onboarded_elsewhere(&exchange, records).await?,
        first_use: first_use(&exchange, records).await?,
        exchange,
        now: context.clock.now(),
    };
    output::line(page)
}

/// Of a repository that is not onboarded: whether one of its path is, for another issuer.
async fn onboarded_elsewhere(
    exchange: &ExchangeRecord,
    records: &Records,
) -> Result<Option<String>, CommandFault> {
    let is_unknown = exchange.trace.as_deref().and_then(diff::reason).as_deref() == Some("project_unknown");
    let (Some(path), Some(issuer), true) = (&exchange.repository, &exchange.issuer, is_unknown) else {
        return Ok(None);
    };
    let found = records.store.projects().find_by_path(None, path).await?;
    let issuers: Vec<&str> = found.iter().map(|project| project.issuer.as_str()).collect();
    let others: Vec<&str> = issuers.into_iter().filter(|other| *other != issuer.as_str()).collect();
    let told = || format!("onboarded for issuer `{}`; this token is of `{issuer}`", others.join("`, `"));
    Ok((!others.is_empty()).then(told))
}

/// Of a token that was used twice: the exchange that used it first, which the record names in words.
async fn first_use(
    exchange: &ExchangeRecord,
    records: &Records,
) -> Result<Option<ExchangeRecord>, CommandFault> {
    let is_second = exchange.code.as_deref() == Some(Code::TokenAlreadyUsed.as_str());
    let named = exchange.detail.iter().flat_map(|detail| detail.split('`')).find_map(ExchangeId::parse);
    match named.filter(|_| is_second) {
        Some(first) => Ok(records.store.ledger().show(first).await?),
        None => Ok(None),
    }
}
