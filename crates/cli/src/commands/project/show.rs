//! `daypass project list` and `show`.

use anstyle::Style;
use daypass_store::{Account, Project, ProjectStatus};
use serde_json::{Value, json};

use super::super::records::Records;
use crate::args::{ProjectListArguments, ProjectNameArguments};
use crate::fault::CommandFault;
use crate::output;
use crate::table::{Cell, Table};

pub(super) async fn list(arguments: &ProjectListArguments, records: &Records) -> Result<(), CommandFault> {
    let projects = records.projects().await?;
    if arguments.json {
        for project in &projects {
            output::line(as_json(project, None))?;
        }
        return Ok(());
    }
    if projects.is_empty() {
        output::note("no repository is onboarded; `daypass project add` onboards one");
        return Ok(());
    }
    let mut table = Table::with_head(&["PATH", "STATUS", "ISSUER", "EXTERNAL ID", "ONBOARDED", "ID"]);
    for project in &projects {
        table.row([
            project.path.as_str().into(),
            status(project.status),
            project.issuer.as_str().into(),
            project.external_id.as_str().into(),
            project.created_at.to_string().into(),
            project.id.to_string().into(),
        ]);
    }
    output::line(table)
}

pub(super) async fn one(arguments: &ProjectNameArguments, records: &Records) -> Result<(), CommandFault> {
    let project = records.project(&arguments.project).await?;
    let account = records.store.accounts().by_id(project.account_id).await?;
    if arguments.json {
        return output::line(as_json(&project, account.as_ref()));
    }
    let mut table = Table::default();
    table.pair("path", Some(project.path.as_str()));
    table.pair("id", Some(project.id.to_string()));
    table.row(["status".into(), status(project.status)]);
    table.pair("issuer", Some(project.issuer.as_str()));
    table.pair("external id", Some(project.external_id.as_str()));
    if let Some(account) = &account {
        let owner =
            format!("{} (external id {}, {})", account.name, account.external_id, account.status.as_str());
        table.pair("owner", Some(owner));
        table.pair("tenant", account.tenant.as_deref());
    }
    table.pair("onboarded", Some(project.created_at.to_string()));
    table.pair("changed", Some(project.updated_at.to_string()));
    table.pair("config", Some(project.config.as_str()));
    output::line(table)
}

/// A project for machines.
pub(super) fn as_json(project: &Project, account: Option<&Account>) -> Value {
    let config: Value = serde_json::from_str(&project.config).unwrap_or(Value::Null);
    let mut whole = json!({
        "id": project.id,
        "path": project.path,
        "status": project.status.as_str(),
        "issuer": project.issuer,
        "external_id": project.external_id,
        "account_id": project.account_id,
        "config": config,
        "created_at": project.created_at.to_string(),
        "updated_at": project.updated_at.to_string(),
    });
    if let (Some(account), Value::Object(members)) = (account, &mut whole) {
        let account = json!({
            "id": account.id,
            "external_id": account.external_id,
            "name": account.name,
            "tenant": account.tenant,
            "status": account.status.as_str(),
        });
        members.insert("account".to_owned(), account);
    }
    whole
}

fn status(status: ProjectStatus) -> Cell {
    let style = match status {
        ProjectStatus::Active => output::GOOD,
        ProjectStatus::Suspended => output::CARE,
        ProjectStatus::Deleted => Style::new().dimmed(),
    };
    Cell::new(status.as_str(), style)
}
