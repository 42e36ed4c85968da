//! `daypass audit`: the ledger, for the operator.

mod list;
mod show;
mod trace;

use daypass_store::{CredentialRecord, ExchangeRecord, Outcome};
use serde_json::{Value, json};

use super::Context;
use super::records::{Absent, Records};
use crate::args::AuditCommand;
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::table::Cell;

pub(super) async fn run(command: &AuditCommand, context: &Context) -> Result<u8, CommandFault> {
    let config = match command {
        AuditCommand::List(arguments) => &arguments.settings.config,
        AuditCommand::Show(arguments) => &arguments.settings.config,
    };
    let records = Records::open(config.as_deref(), context, Absent::Refuse).await?;
    let outcome = match command {
        AuditCommand::List(arguments) => list::run(arguments, &records, context).await,
        AuditCommand::Show(arguments) => show::run(arguments, &records, context).await,
    };
    records.store.close().await;
    outcome.map(|()| OK)
}

/// An exchange for machines.
fn as_json(exchange: &ExchangeRecord) -> Value {
    json!({
        "id": exchange.id,
        "at": exchange.at.to_string(),
        "face": exchange.face,
        "outcome": exchange.outcome.as_str(),
        "code": exchange.code,
        "detail": exchange.detail,
        "issuer": exchange.issuer,
        "role": exchange.role,
        "repository_id": exchange.repository_id,
        "repository": exchange.repository,
        "owner_id": exchange.owner_id,
        "owner": exchange.owner,
        "run_id": exchange.run_id,
        "job": exchange.job,
        "event": exchange.event,
        "ref": exchange.git_ref,
        "project_id": exchange.project_id,
        "source": exchange.source,
        "policy_version": exchange.policy_version,
        "claims": column(exchange.claims.as_deref()),
        "trace": column(exchange.trace.as_deref()),
        "request_id": exchange.request_id,
        "credentials": exchange.credentials.iter().map(credential).collect::<Vec<_>>(),
    })
}

fn credential(credential: &CredentialRecord) -> Value {
    json!({
        "id": credential.id,
        "kind": credential.kind,
        "audience": credential.audience,
        "scopes": credential.scopes,
        "expires_at": credential.expires_at.to_string(),
        "key_id": credential.key_id,
    })
}

/// A column that holds JSON; whatever else is in it is shown as the text that it is.
fn column(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

/// `success`, or why not.
fn outcome(exchange: &ExchangeRecord) -> Cell {
    match exchange.outcome {
        Outcome::Success => Cell::new("success", output::GOOD),
        Outcome::Refused => Cell::new(exchange.code.as_deref().unwrap_or("refused"), output::BAD),
    }
}
