//! The server that runs: whether it answers, is ready, and goes by these settings, this database and this policy.

use daypass_app::signing_keys::{PURPOSE, states};
use daypass_jose::{Json, Object};
use daypass_store::SigningKeyRow;
use http::header::DATE;

use super::ask::{Answer, Server};
use super::check::Check;
use super::clocks::{self, ahead_millis};
use super::finding::{Finding, Level};
use crate::settings::Settings;

/// What it should go by.
pub(super) struct Expected<'a> {
    pub(super) settings: &'a Settings,
    pub(super) rows: Option<&'a [SigningKeyRow]>,
    /// The version of the policy files, where they load.
    pub(super) version: Option<String>,
}

/// One that does not run is worth a note; one that was named must run.
pub(super) async fn check(server: &Server<'_>, expected: &Expected<'_>) -> Vec<Finding> {
    let answer = match alive(server).await {
        Ok(answer) => answer,
        Err(fault) => return vec![unreachable(server, &fault)],
    };
    let mut findings = vec![Finding::ok(Check::ServerReachable, "it answers")];
    findings.extend(of_clock(&answer));
    findings.extend(ready(server, expected.version.as_deref()).await);
    findings.push(issuer(server, expected.settings.public_url.as_str()).await);
    if let Some(rows) = expected.rows {
        findings.push(keys(server, rows, expected.settings).await);
    }
    findings.into_iter().map(|finding| finding.at(&server.url)).collect()
}

/// The answer of a daypass that lives, or why there is none.
pub(super) async fn alive(server: &Server<'_>) -> Result<Answer, String> {
    let answer = server.get("/healthz").await.map_err(|fault| fault.to_string())?;
    let says_ok = text_of(&object(&answer), "status").is_some_and(|status| status == "ok");
    match answer.response.status {
        200 if says_ok => Ok(answer),
        status => Err(format!("what answers is no daypass: `/healthz` is HTTP {status}")),
    }
}

pub(super) fn unreachable(server: &Server<'_>, fault: &str) -> Finding {
    let finding = if server.is_named {
        Finding::fault(Check::ServerReachable, fault)
    } else {
        Finding::note(Check::ServerReachable, format!("no server runs there: {fault}"))
    };
    finding.at(&server.url)
}

fn of_clock(answer: &Answer) -> Option<Finding> {
    let date = clocks::moment(answer.response.headers.get(DATE)?, None)?;
    let ahead = ahead_millis(date, answer.asked_at, answer.answered_at);
    Some(clocks::difference(Check::ServerClock, "its", ahead))
}

async fn ready(server: &Server<'_>, version: Option<&str>) -> Vec<Finding> {
    let answer = match server.get("/readyz").await {
        Ok(answer) => answer,
        Err(fault) => return vec![Finding::fault(Check::ServerReady, fault.to_string())],
    };
    let body = object(&answer);
    let none = Object::default();
    let checks = match body.member("checks") {
        Some(Json::Object(checks)) => checks,
        Some(_) | None => &none,
    };
    let ready = if answer.response.status == 200 {
        Finding::ok(Check::ServerReady, "it can exchange")
    } else {
        let told = ["store", "keys"].map(|name| format!("{name}: {}", text_of(checks, name).unwrap_or("?")));
        Finding::fault(Check::ServerReady, format!("it cannot exchange: {}", told.join("; ")))
    };
    let of_policy = text_of(checks, "policy").map(|told| policy(told, version));
    [Some(ready), of_policy].into_iter().flatten().collect()
}

/// What the server tells is `version VERSION`, and behind it whether it refuses a newer one.
fn policy(told: &str, version: Option<&str>) -> Finding {
    let (running, refuses) = match told.split_once(';') {
        Some((running, _)) => (running, true),
        None => (told, false),
    };
    let running = running.trim_start_matches("version ").trim();
    if refuses {
        let text = format!("it goes by version {running}, and refuses the newer one in the files");
        return Finding::fault(Check::ServerPolicy, text);
    }
    match version {
        Some(version) if version == running => {
            Finding::ok(Check::ServerPolicy, format!("it goes by version {version}"))
        }
        Some(version) => Finding::warning(
            Check::ServerPolicy,
            format!("it goes by version {running}, the files say {version}"),
        ),
        None => Finding::note(Check::ServerPolicy, format!("it goes by version {running}")),
    }
}

async fn issuer(server: &Server<'_>, public_url: &str) -> Finding {
    let told = match server.get("/.well-known/openid-configuration").await {
        Ok(answer) => text_of(&object(&answer), "issuer").map(ToOwned::to_owned),
        Err(fault) => return Finding::fault(Check::ServerIssuer, fault.to_string()),
    };
    match told {
        Some(told) if told == public_url => {
            Finding::ok(Check::ServerIssuer, "it calls itself by `public_url`")
        }
        Some(told) => {
            let text = format!("it calls itself `{told}`, and `public_url` is `{public_url}`");
            Finding::fault(Check::ServerIssuer, text)
        }
        None => Finding::fault(Check::ServerIssuer, "its metadata names no issuer"),
    }
}

/// What is published comes from the database. Where a server has just taken a key up or out, the next look shows it.
async fn keys(server: &Server<'_>, rows: &[SigningKeyRow], settings: &Settings) -> Finding {
    let published = match server.get("/.well-known/jwks.json").await {
        Ok(answer) => key_ids(&object(&answer)),
        Err(fault) => return Finding::fault(Check::ServerKeys, fault.to_string()),
    };
    let rows: Vec<SigningKeyRow> = rows.iter().filter(|row| row.purpose == PURPOSE).cloned().collect();
    let states = states(&rows, server.clock.now());
    let mut stored: Vec<&str> = states
        .iter()
        .filter(|state| state.standing.is_published())
        .map(|state| state.row.key_id.as_str())
        .collect();
    stored.sort_unstable();
    if stored == published {
        return Finding::ok(
            Check::ServerKeys,
            format!("it publishes the keys of the database: {}", stored.len()),
        );
    }
    let lacks = stored.iter().any(|key_id| !published.iter().any(|other| other == key_id));
    let level = if lacks { Level::Fault } else { Level::Warning };
    let text =
        format!("it publishes {}, and `{}` holds {}", listed(&published), settings.store, listed(&stored));
    Finding::new(Check::ServerKeys, level, text)
}

fn listed(key_ids: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = key_ids.iter().map(AsRef::as_ref).collect();
    if shown.is_empty() { "no key".to_owned() } else { shown.join(", ") }
}

/// The ids of the keys in a set, in order.
pub(super) fn key_ids(set: &Object) -> Vec<String> {
    let Some(Json::Array(keys)) = set.member("keys") else { return Vec::new() };
    let mut ids: Vec<String> = keys
        .iter()
        .filter_map(|key| if let Json::Object(key) = key { text_of(key, "kid") } else { None })
        .map(ToOwned::to_owned)
        .collect();
    ids.sort_unstable();
    ids
}

/// The body of an answer; an empty object where it is none.
pub(super) fn object(answer: &Answer) -> Object {
    Object::parse(&answer.response.body).unwrap_or_default()
}

pub(super) fn text_of<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.member(name).and_then(Json::as_str)
}
