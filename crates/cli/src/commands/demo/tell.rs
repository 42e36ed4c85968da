//! How the demo tells its story.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use daypass_jose::{Secret, base64url};
use serde_json::Value;

use super::caller::Answer;
use crate::fault::CommandFault;
use crate::output::{self, BAD, BOLD, FAINT, GOOD, styled};
use crate::table::{Cell, Table};
use crate::words;

/// Characters of a token that are shown: no more than the beginning of its header, which is no secret.
const SHOWN_CHARS: usize = 12;

/// A heading, and what it is about.
pub(super) fn chapter(number: u32, title: &str, about: &str) -> Result<(), CommandFault> {
    heading(number, title)?;
    output::line(format_args!("   {}", words::wrapped(about, "   ")))
}

/// A heading that says it all.
pub(super) fn heading(number: u32, title: &str) -> Result<(), CommandFault> {
    output::line(format_args!("\n{}", styled(BOLD, &format!("{number}. {title}"))))
}

/// A request, before it is sent.
pub(super) fn request(line: &str, token: Option<&Secret>) -> Result<(), CommandFault> {
    output::line(format_args!("   → {line}"))?;
    match token {
        Some(token) => output::line(format_args!("     Authorization: Bearer {}", shortened(token))),
        None => Ok(()),
    }
}

/// An answer that gives something, and what that is.
pub(super) fn given(answer: &Answer, what: &str) -> Result<(), CommandFault> {
    output::line(format_args!("   ← {} {what}", styled(GOOD, &answer.status.to_string())))
}

/// A refusal: code, text, what differs, what to do.
pub(super) fn refused(answer: &Answer) -> Result<(), CommandFault> {
    let text = |name| answer.member(name).unwrap_or_default();
    let status = styled(BAD, &answer.status.to_string());
    output::line(format_args!(
        "   ← {status} {}\n     {}",
        text("code"),
        words::wrapped(&text("detail"), "     ")
    ))?;
    let body = answer.json();
    let differences = body.get("differences").and_then(Value::as_array);
    if let Some(differences) = differences.filter(|differences| !differences.is_empty()) {
        output::line(compared(differences))?;
    }
    let hint = words::wrapped(&format!("hint: {}", text("hint")), "     ");
    output::line(format_args!("     {}", styled(FAINT, &hint)))
}

/// Wanted and got, side by side.
fn compared(differences: &[Value]) -> Table {
    let mut table = Table::indented("       ");
    table.row(["claim", "wanted", "got"].map(|title| Cell::new(title, BOLD)));
    for difference in differences {
        let text = |name: &str| difference.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let wanted = difference.get("wanted").and_then(Value::as_array);
        let wanted: Vec<&str> = wanted.into_iter().flatten().filter_map(Value::as_str).collect();
        table.row([
            text("claim").into(),
            Cell::new(&wanted.join(" or "), GOOD),
            Cell::new(&text("got"), BAD),
        ]);
    }
    table
}

/// Some claims of a token.
pub(super) fn claims(token: &Secret, names: &[&str]) -> Result<(), CommandFault> {
    let claims = payload(token);
    let mut table = Table::indented("       ");
    for name in names {
        let mut found = &claims;
        for part in name.split('.') {
            found = found.get(part).unwrap_or(&Value::Null);
        }
        let text = found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned);
        table.row([Cell::new(name, FAINT), text.into()]);
    }
    output::line(table)
}

/// The claims that a token carries, without any check of it.
pub(super) fn payload(token: &Secret) -> Value {
    let payload = token.reveal().split('.').nth(1).and_then(base64url::decode).unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or(Value::Null)
}

/// The beginning of a token.
fn shortened(token: &Secret) -> String {
    format!("{}…", token.reveal().chars().take(SHOWN_CHARS).collect::<String>())
}

/// What to try while the server is up, and how to end it.
pub(super) fn what_next(address: SocketAddr, job: &BTreeMap<String, String>) -> Result<(), CommandFault> {
    let variable = |name: &str| job.get(name).map(String::as_str).unwrap_or_default();
    output::line(format_args!(
        "\n{}
   The server stays up at http://{address}.
   In another terminal, be the job that pushed to main:

     export ACTIONS_ID_TOKEN_REQUEST_URL='{}'
     export ACTIONS_ID_TOKEN_REQUEST_TOKEN='{}'
     export GITHUB_ACTIONS=true DAYPASS_URL=http://{address}
     daypass exchange --role deploy
     PASS=$(daypass exchange); echo \"Authorization: Bearer $PASS\" | curl -H @- $DAYPASS_URL/v1.0/config

   Then for yourself, in a folder of your own: `daypass init`. It prints the next steps.
   Ctrl-C ends the demo; nothing of it stays on this machine.",
        styled(BOLD, "What to try next"),
        variable("ACTIONS_ID_TOKEN_REQUEST_URL"),
        variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    ))
}
