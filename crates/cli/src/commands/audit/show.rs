//! `daypass audit show`: one exchange, so that a person sees in ten seconds who asked, for what, and what decided.

use daypass_app::Code;
use daypass_jose::ids::ExchangeId;
use daypass_policy::PROJECT_ROLE;
use daypass_store::{ExchangeRecord, Outcome};
use serde_json::Value;

use super::super::Context;
use super::super::records::Records;
use super::trace;
use crate::args::AuditShowArguments;
use crate::fault::CommandFault;
use crate::output::{self, BAD, BOLD, GOOD, styled};
use crate::table::Table;
use crate::words;

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
        return output::line(super::as_json(&exchange));
    }
    let ago = words::relative(exchange.at, context.clock.now());
    output::line(format_args!("{}\n{}", headline(&exchange), facts(&exchange, &ago)))?;
    if let Some(trace) = exchange.trace.as_deref() {
        let elsewhere = onboarded_elsewhere(&exchange, records).await?;
        let shown = trace::shown(trace, elsewhere.as_deref());
        output::line(format_args!("\n{}\n{shown}", styled(BOLD, "What decided")))?;
    }
    if let Some(claims) = exchange.claims.as_deref() {
        output::line(format_args!(
            "\n{}\n{}",
            styled(BOLD, "Claims of the token, verified"),
            claims_table(claims)
        ))?;
    }
    Ok(())
}

/// Of a repository that is not onboarded: whether one of its path is, for another issuer.
async fn onboarded_elsewhere(
    exchange: &ExchangeRecord,
    records: &Records,
) -> Result<Option<String>, CommandFault> {
    let is_unknown = exchange.trace.as_deref().and_then(trace::reason).as_deref() == Some("project_unknown");
    let (Some(path), Some(issuer), true) = (&exchange.repository, &exchange.issuer, is_unknown) else {
        return Ok(None);
    };
    let found = records.store.projects().find_by_path(None, path).await?;
    let issuers: Vec<&str> = found.iter().map(|project| project.issuer.as_str()).collect();
    let others: Vec<&str> = issuers.into_iter().filter(|other| *other != issuer.as_str()).collect();
    let told = || format!("onboarded for issuer `{}`; this token is of `{issuer}`", others.join("`, `"));
    Ok((!others.is_empty()).then(told))
}

/// What happened, in one line, and the reason under it.
fn headline(exchange: &ExchangeRecord) -> String {
    let who =
        exchange.repository.as_deref().or(exchange.repository_id.as_deref()).unwrap_or("somebody unknown");
    let role = exchange.role.as_deref().unwrap_or("-");
    let who = daypass_client::printable(who);
    // A job that names this role is answered as one that names none.
    let is_default = if role == PROJECT_ROLE { ", the one of jobs that name none" } else { "" };
    let role = daypass_client::printable(role);
    match exchange.outcome {
        Outcome::Success => format!("{} {who} took the role `{role}`{is_default}", styled(GOOD, "✓")),
        Outcome::Refused => {
            let code = exchange.code.as_deref().unwrap_or("unknown");
            let title = Code::from_text(code).map_or("refused", Code::title);
            let title = format!("{title} ({code})");
            format!("{} {who} was refused the role `{role}`{is_default}: {title}", styled(BAD, "✗"))
        }
    }
}

fn facts(exchange: &ExchangeRecord, ago: &str) -> Table {
    let mut table = Table::indented("  ");
    let named = |name: &Option<String>, id: &Option<String>| match (name, id) {
        (Some(name), Some(id)) => Some(format!("{name} (id {id})")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    // Where the policy said no, its trace says why in words.
    let is_told_below = exchange.trace.as_deref().and_then(trace::reason).is_some();
    table.pair("reason", exchange.detail.as_deref().filter(|_| !is_told_below));
    table.pair("when", Some(format!("{} ({ago})", exchange.at)));
    table.pair("from", Some(format!("{}, at {}", exchange.source, path_of(&exchange.face))));
    table.pair("issuer", exchange.issuer.as_deref());
    table.pair("repository", named(&exchange.repository, &exchange.repository_id));
    table.pair("owner", named(&exchange.owner, &exchange.owner_id));
    table.pair("ref", exchange.git_ref.as_deref());
    table.pair("event", exchange.event.as_deref());
    table.pair("run", exchange.run_id.as_deref());
    table.pair("job", exchange.job.as_deref());
    table.pair("project", exchange.project_id.map(|id| id.to_string()));
    for credential in &exchange.credentials {
        let (audience, scopes) = (credential.audience.as_deref().unwrap_or("-"), credential.scopes.join(" "));
        let text =
            format!("{} for {audience} with {scopes}, until {}", credential.kind, credential.expires_at);
        table.pair("credential", Some(text));
    }
    table.pair("policy", exchange.policy_version.as_deref());
    table.pair("exchange", Some(exchange.id.to_string()));
    table.pair("request", exchange.request_id.map(|id| id.to_string()));
    table
}

/// Where requests of a face are sent to.
fn path_of(face: &str) -> &str {
    match face {
        "native" => "/v1.0/exchange",
        "seed" => "/v1.0/auth/jwt",
        "oauth" => "/oauth2/token",
        other => other,
    }
}

fn claims_table(claims: &str) -> Table {
    let mut table = Table::indented("  ");
    let value = super::column(Some(claims));
    let Value::Object(members) = &value else {
        table.row([value.to_string().into()]);
        return table;
    };
    for (name, value) in members {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        table.row([name.as_str().into(), text.into()]);
    }
    table
}
