//! What must be refused, sent to the server that runs. Every token is made with a key that is thrown away, so that none can
//! obtain anything; nothing that is sent is secret.

mod forge;
mod probes;

use daypass_app::Code;
use daypass_fetch::{Fetcher, Outbound};
use http::Method;

use self::forge::Forge;
use self::probes::{Expected, Probe};
use super::super::Context;
use super::ask::{Answer, Server};
use super::check::Check;
use super::finding::Finding;
use super::{issuers, server};
use crate::args::DoctorArguments;
use crate::output;
use crate::settings::Settings;

/// What to do where the server could not answer: that it lets anybody in is not said.
const TRY_AGAIN: &str = "try again; if it stays so, look at the server's log, at the issuer, and at what stands in front of the server";
/// What to do where it was refused in another way.
const OTHER_REFUSAL: &str = "nothing was given; something between changes requests or answers, the server has other settings, or it is no daypass";

/// Without settings no issuer is known, and what needs one is left out.
pub(super) async fn run(
    settings: Option<Settings>,
    arguments: &DoctorArguments,
    context: &Context,
) -> Vec<Finding> {
    let outbound = settings.as_ref().map_or_else(Outbound::default, |settings| settings.outbound.clone());
    let fetcher = match Fetcher::new(&outbound) {
        Ok(fetcher) => fetcher,
        Err(fault) => return vec![Finding::fault(Check::Settings, fault.to_string()).at("[outbound]")],
    };
    let server = Server::new(arguments, settings.as_ref(), &fetcher, context);
    output::progress(format_args!("asking {} …", server.url));
    if let Err(fault) = server::alive(&server).await {
        return vec![Finding::fault(Check::ServerReachable, fault).at(&server.url)];
    }
    let issuers = settings.map(|settings| settings.issuers).unwrap_or_default();
    let issuer = issuers::forgeable(issuers, &fetcher, context).await;
    let mut findings = vec![Finding::ok(Check::ServerReachable, "it answers").at(&server.url)];
    let forge = match Forge::new(&server, issuer, context).await {
        Ok(forge) => forge,
        Err(fault) => return vec![Finding::fault(Check::ServerKeys, fault).at(&server.url)],
    };
    if !forge.knows_issuer() {
        let text = "no keys of an issuer are to be had, so that no token could be forged under one: some checks are left out";
        findings.push(Finding::note(Check::RefusesForgedSignature, text));
    }
    for probe in probes::all(&forge) {
        output::progress(format_args!("{} …", probe.check.name()));
        findings.push(try_one(&server, probe).await);
    }
    findings
}

async fn try_one(server: &Server<'_>, probe: Probe) -> Finding {
    let Probe { check, method, path, headers, body, expected } = probe;
    let url = format!("{}{path}", server.url);
    let place = format!("{method} {path}");
    let is_head = method == Method::HEAD;
    let finding = match server.send(method, url, headers, body).await {
        Ok(answer) => judge(check, &answer, &expected, is_head),
        Err(fault) => not_told(check, &format!("no answer: {fault}")),
    };
    finding.at(&place)
}

/// The documented status and code, or a fault.
fn judge(check: Check, answer: &Answer, expected: &Expected, is_head: bool) -> Finding {
    let body = server::object(answer);
    // Whatever else stands in an answer is not shown: where a server wrongly says yes, it is a credential.
    let code = server::text_of(&body, "code").and_then(Code::from_text);
    let status = answer.response.status;
    let is_code = if is_head { answer.response.body.is_empty() } else { code == Some(expected.code) };
    if status == expected.status && is_code {
        return Finding::ok(check, format!("{status} {}", expected.code));
    }
    let got = code.map_or("no code", |code| code.as_str());
    let text = format!("{status} with {got}, where {} {} is the answer", expected.status, expected.code);
    match status {
        200..300 => Finding::fault(check, format!("it said yes: {text}")),
        429 | 500.. => not_told(check, &text),
        _ => Finding::fault(check, text).help(Some(OTHER_REFUSAL)),
    }
}

/// Nobody has said yes, and nobody no.
fn not_told(check: Check, text: &str) -> Finding {
    Finding::fault(check, format!("not told whether it is refused: {text}")).help(Some(TRY_AGAIN))
}
