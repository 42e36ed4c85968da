//! One exchange on a page that a person reads in ten seconds: the verdict and what to do, who and when, the diff, the rest.

use std::fmt;

use daypass_app::{Code, audit};
use daypass_client::printable;
use daypass_jose::Timestamp;
use daypass_policy::PROJECT_ROLE;
use daypass_store::{CredentialRecord, ExchangeRecord, Outcome};
use serde_json::Value;

use super::diff;
use crate::output::{BAD, BOLD, CARE, GOOD, styled};
use crate::table::{Cell, Table};
use crate::words;

/// An exchange, and what is known beside it.
pub(super) struct Page {
    pub(super) exchange: ExchangeRecord,
    /// What else is known of a repository that is not onboarded.
    pub(super) elsewhere: Option<String>,
    /// Of a token that was used twice: the first use.
    pub(super) first_use: Option<ExchangeRecord>,
    pub(super) now: Timestamp,
}

impl fmt::Display for Page {
    /// Without a line break at the end. All that strangers wrote is made fit for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange = &self.exchange;
        writeln!(f, "{}", verdict(exchange))?;
        if let Some(advice) = advice(exchange) {
            writeln!(f, "  {} {}", styled(BOLD, "what to do:"), words::wrapped(&advice, "              "))?;
        }
        write!(f, "\n{}", self.who_and_when())?;
        if let Some(trace) = exchange.trace.as_deref() {
            let shown = diff::shown(trace, self.elsewhere.as_deref());
            let is_of_policy = exchange.code.is_none() || diff::reason(trace).is_some();
            let title = if is_of_policy { "What decided" } else { "The policy said yes" };
            write!(f, "\n\n{}\n{shown}", styled(BOLD, title))?;
        }
        write!(f, "\n\n{}\n{}", styled(BOLD, "The record"), record(exchange))?;
        match exchange.claims.as_deref() {
            Some(claims) => {
                write!(f, "\n\n{}\n{}", styled(BOLD, "Claims of the token, verified"), claims_table(claims))
            }
            None => Ok(()),
        }
    }
}

/// What happened, in one sentence.
fn verdict(exchange: &ExchangeRecord) -> String {
    let who =
        exchange.repository.as_deref().or(exchange.repository_id.as_deref()).unwrap_or("somebody unknown");
    let role = exchange.role.as_deref().unwrap_or("-");
    let who = printable(who);
    // A job that names this role is answered as one that names none.
    let is_default = if role == PROJECT_ROLE { ", the one of jobs that name none" } else { "" };
    let role = printable(role);
    match exchange.outcome {
        Outcome::Success => format!("{} {who} took the role `{role}`{is_default}", styled(GOOD, "✓")),
        Outcome::Refused => {
            let code = printable(exchange.code.as_deref().unwrap_or("unknown"));
            let title = Code::from_text(&code).map_or("refused", Code::title);
            format!("{} {who} was refused the role `{role}`{is_default}: {title} ({code})", styled(BAD, "✗"))
        }
        Outcome::DryRun => {
            let (mark, would) = match exchange.code.as_deref() {
                None => (styled(GOOD, "✓"), "would get it".to_owned()),
                Some(code) => {
                    let title = Code::from_text(code).map_or("refused", Code::title);
                    (styled(BAD, "✗"), format!("would be refused: {title} ({})", printable(code)))
                }
            };
            format!("{mark} {who} asked what the role `{role}`{is_default} comes to (a dry run), and {would}")
        }
    }
}

/// Of a no of the policy, what its reason asks for; of another, what the list of refusals says.
fn advice(exchange: &ExchangeRecord) -> Option<String> {
    let reason = exchange.trace.as_deref().and_then(diff::reason);
    let of_code = || exchange.code.as_deref().and_then(Code::from_text).map(Code::advice);
    let advice = reason.as_deref().and_then(diff::advice).or_else(of_code);
    advice.filter(|_| exchange.code.is_some()).map(ToOwned::to_owned)
}

impl Page {
    fn who_and_when(&self) -> Table {
        let exchange = &self.exchange;
        let mut table = Table::indented("  ");
        let ago = words::relative(exchange.at, self.now);
        table.pair("when", Some(format!("{} ({ago})", exchange.at)));
        table.pair("from", Some(format!("{}, at {}", exchange.source, path_of(&exchange.face))));
        self.uses(&mut table);
        // Where the policy said no, its trace says why in words.
        let is_of_policy = exchange.trace.as_deref().and_then(diff::reason).is_some();
        let is_told = is_of_policy || self.first_use.is_some();
        table.pair("reason", exchange.detail.as_deref().filter(|_| !is_told));
        let is_verified = exchange.claims.is_some();
        let claimed = if is_verified { "" } else { " (claimed)" };
        table.pair("issuer", exchange.issuer.as_ref().map(|issuer| format!("{issuer}{claimed}")));
        let nothing = "not verified, so nothing that it says is kept: who sent it is not known";
        table.pair("token", (!is_verified).then_some(nothing));
        table.pair(
            "repository",
            with(exchange.repository.as_deref(), "id", exchange.repository_id.as_deref()),
        );
        table.pair("owner", with(exchange.owner.as_deref(), "id", exchange.owner_id.as_deref()));
        table.pair("ref", with(exchange.git_ref.as_deref(), "event", exchange.event.as_deref()));
        table.pair("run", with(exchange.run_id.as_deref(), "job", exchange.job.as_deref()));
        for credential in &exchange.credentials {
            table.pair("it got", Some(given(credential)));
        }
        table
    }

    /// Both uses of a token that was used twice: from two addresses, it was probably stolen.
    fn uses(&self, table: &mut Table) {
        let Some(first) = &self.first_use else { return };
        let later = words::span(self.exchange.at.seconds().saturating_sub(first.at.seconds()));
        let (source, style) = if first.source == self.exchange.source {
            (format!("{}, as this time", first.source), GOOD)
        } else {
            (format!("{}, not {} as this time", first.source, self.exchange.source), CARE)
        };
        let later = if later.starts_with("0 ") { "less than a second".to_owned() } else { later };
        table.pair("first use", Some(format!("{}, {later} before", first.at)));
        table.row(["first from".into(), Cell::new(&source, style)]);
        table.pair("first by", Some(format!("exchange {}", first.id)));
    }
}

fn record(exchange: &ExchangeRecord) -> Table {
    let mut table = Table::indented("  ");
    table.pair("exchange", Some(exchange.id.to_string()));
    table.pair("request", exchange.request_id.map(|id| id.to_string()));
    table.pair("project", exchange.project_id.map(|id| id.to_string()));
    table.pair("policy", exchange.policy_version.as_deref());
    table.pair("verified by", exchange.trace.as_deref().and_then(diff::key));
    for credential in &exchange.credentials {
        table.pair("credential", Some(credential.id.to_string()));
        table.pair("signed by", credential.key_id.as_deref());
    }
    table
}

fn given(credential: &CredentialRecord) -> String {
    let (audience, scopes) = (credential.audience.as_deref().unwrap_or("-"), credential.scopes.join(" "));
    let what = if credential.kind == "api" { "a pass" } else { &credential.kind };
    format!("{what} for {audience} with {scopes}, until {}", credential.expires_at)
}

/// One thing, and another that belongs to it.
fn with(one: Option<&str>, name: &str, other: Option<&str>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one} ({name} {other})")),
        (Some(one), None) => Some(one.to_owned()),
        (None, Some(other)) => Some(format!("({name} {other})")),
        (None, None) => None,
    }
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
    let value = audit::column(Some(claims));
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

#[cfg(test)]
mod tests;
