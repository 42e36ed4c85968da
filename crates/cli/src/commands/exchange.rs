//! `daypass exchange`: inside a job, swaps its identity token for credentials and prints the pass.

mod refused;

use std::collections::BTreeMap;

use daypass_client::{
    ApiTerms, ClientFault, ExchangeAnswer, ExchangeRequest, Identity, Outcome, ServerUrl, audience, detect,
    exchange, printable,
};
use daypass_fetch::{FetchSetupFault, Fetcher, Outbound};
use daypass_policy::parse_duration;
use serde_json::{Value, json};

use super::Context;
use crate::args::ExchangeArguments;
use crate::environment;
use crate::fault::{CommandFault, OK};
use crate::output;

/// The variable that names the server.
const URL_SETTING: &str = "DAYPASS_URL";

pub(super) async fn run(arguments: &ExchangeArguments, context: &Context) -> Result<u8, CommandFault> {
    let variables = &context.environment;
    let answer = match ask(arguments, variables).await {
        Ok(answer) => answer,
        Err(fault) => {
            refused::annotate(&fault, arguments.dry_run, variables);
            return if arguments.dry_run { refused::end_dry_run(&fault, arguments.json) } else { Err(fault) };
        }
    };
    hide_in_log(&answer, variables);
    if arguments.json {
        output::line(as_json(&answer))?;
    } else {
        tell(&answer)?;
    }
    Ok(OK)
}

async fn ask(
    arguments: &ExchangeArguments,
    variables: &BTreeMap<String, String>,
) -> Result<ExchangeAnswer, CommandFault> {
    let url = server_url(arguments, variables)?;
    if let Some(ttl) = arguments.ttl.as_deref() {
        parse_duration(ttl).map_err(|fault| CommandFault::Usage(format!("--ttl: `{ttl}` is {fault}")))?;
    }
    let audience = audience(arguments.audience.as_deref(), variables, &url);
    let identity = Identity::find(variables, &audience, arguments.token_variable.as_deref())?;
    let fetcher = fetcher(variables)
        .map_err(|fault| CommandFault::Usage(format!("{fault} (HTTPS_PROXY, NO_PROXY)")))?;
    let request = ExchangeRequest {
        url: &url,
        identity: &identity,
        role: arguments.role.as_deref(),
        credentials: &arguments.credentials,
        ttl: arguments.ttl.as_deref(),
        dry_run: arguments.dry_run,
    };
    let answer = exchange(&request, &fetcher).await;
    answer.map_err(|fault| explained(fault, &request, &audience, variables))
}

fn server_url(
    arguments: &ExchangeArguments,
    variables: &BTreeMap<String, String>,
) -> Result<ServerUrl, CommandFault> {
    let given = arguments.url.as_deref().or_else(|| environment::value(variables, URL_SETTING));
    let missing = || {
        CommandFault::Usage(format!(
            "which server? name it with `--url https://…`, or in the variable {URL_SETTING}"
        ))
    };
    Ok(ServerUrl::parse(given.ok_or_else(missing)?)?)
}

/// A fetcher that uses the proxy of the job's machine. Entries of `NO_PROXY` that other tools understand and this one
/// does not are left out: that can only have a request go through the proxy.
fn fetcher(variables: &BTreeMap<String, String>) -> Result<Fetcher, FetchSetupFault> {
    let mut outbound = outbound(variables);
    loop {
        match Fetcher::new(&outbound) {
            Err(FetchSetupFault::NoProxyMalformed(entry)) if outbound.no_proxy.contains(&entry) => {
                outbound.no_proxy.retain(|known| *known != entry);
            }
            made => return made,
        }
    }
}

fn outbound(variables: &BTreeMap<String, String>) -> Outbound {
    let variable = |names: [&str; 2]| names.iter().find_map(|name| environment::value(variables, name));
    let proxy = variable(["HTTPS_PROXY", "https_proxy"]).map(ToOwned::to_owned);
    let listed = variable(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let entries: Vec<&str> = listed.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.contains(&"*") {
        return Outbound::default();
    }
    Outbound { proxy, no_proxy: entries.into_iter().flat_map(no_proxy_entries).collect() }
}

/// `NO_PROXY=corp.example` and `NO_PROXY=.corp.example` cover what is below, too.
fn no_proxy_entries(entry: &str) -> Vec<String> {
    match entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')) {
        Some(suffix) => vec![format!("*.{suffix}")],
        None => vec![entry.to_owned(), format!("*.{entry}")],
    }
}

/// A refusal for the wrong audience is most often a URL of another spelling than the server's own, or a token that was
/// made for somebody else before this command ran.
fn explained(
    fault: ClientFault,
    request: &ExchangeRequest<'_>,
    audience: &str,
    variables: &BTreeMap<String, String>,
) -> CommandFault {
    if matches!(&fault, ClientFault::Refused(refusal) if refusal.code == "audience_mismatch") {
        let is_gitlab = detect(variables).is_some_and(|provider| provider.name == "gitlab");
        match request.identity.variable().map(printable) {
            None => output::note(format_args!(
                "note: the identity token was made for the audience `{}` (--audience, DAYPASS_AUDIENCE)",
                printable(audience)
            )),
            Some(name) if is_gitlab => output::note(format_args!(
                "note: the identity token is that of `{name}`: set `aud:` of `{name}` in .gitlab-ci.yml, most often to the \
                 host of the server's URL: `{}`",
                printable(request.url.host())
            )),
            Some(name) => output::note(format_args!(
                "note: the identity token is that of `{name}`: its audience was chosen where that variable is set"
            )),
        }
    }
    CommandFault::Client(fault)
}

/// Tells the runner to hide the pass wherever the job's log has it. The runner reads stderr too; stdout belongs to the
/// pass.
fn hide_in_log(answer: &ExchangeAnswer, variables: &BTreeMap<String, String>) {
    if let Outcome::Issued { api: Some(api), .. } = &answer.outcome
        && refused::is_github_runner(variables)
    {
        output::note(format_args!("::add-mask::{}", api.access_token.reveal()));
    }
}

fn tell(answer: &ExchangeAnswer) -> Result<(), CommandFault> {
    let role = answer.role.as_deref().unwrap_or("project");
    let id = answer.exchange_id;
    match &answer.outcome {
        Outcome::Issued { api: Some(api), .. } => {
            output::note(format_args!("daypass: role {role}, {} (exchange {id})", terms(&api.terms)));
            output::line(api.access_token.reveal())
        }
        Outcome::Issued { api: None, .. } => {
            output::note(format_args!("daypass: role {role} grants no pass (exchange {id})"));
            Ok(())
        }
        Outcome::DryRun { api } => {
            let would = api.as_ref().map_or_else(|| "no pass".to_owned(), terms);
            output::line(format_args!(
                "allowed: role {role} would give {would}; nothing was spent or minted (exchange {id}, recorded as a dry run)"
            ))
        }
    }
}

fn terms(terms: &ApiTerms) -> String {
    let audience = terms.audience.as_deref().map(|audience| format!(" for {audience}")).unwrap_or_default();
    let span = crate::words::span(i64::from(terms.expires_in_seconds));
    let scope = if terms.scope.is_empty() { "no scope" } else { terms.scope.as_str() };
    format!("a pass{audience} with {scope}, valid for {span}")
}

fn as_json(answer: &ExchangeAnswer) -> Value {
    let of_terms = |terms: &ApiTerms| json!({ "expires_in": terms.expires_in_seconds, "scope": terms.scope, "audience": terms.audience });
    let mut whole = json!({ "exchange_id": answer.exchange_id, "role": answer.role, "credentials": {} });
    let api = match &answer.outcome {
        Outcome::Issued { expires_at, api } => {
            put(&mut whole, "expires_at", json!(expires_at));
            api.as_ref().map(|api| {
                let mut credential = of_terms(&api.terms);
                put(&mut credential, "access_token", json!(api.access_token.reveal()));
                credential
            })
        }
        Outcome::DryRun { api } => {
            put(&mut whole, "dry_run", json!(true));
            put(&mut whole, "allowed", json!(true));
            api.as_ref().map(of_terms)
        }
    };
    if let Some(credentials) = whole.get_mut("credentials")
        && let Some(api) = api
    {
        put(credentials, "api", api);
    }
    whole
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_of_the_job_is_used_and_what_it_does_not_cover_reached_directly() {
        let variables = BTreeMap::from(
            [
                ("https_proxy", "http://proxy.corp:3128"),
                ("NO_PROXY", "localhost, .corp,10.0.0.0/8,bad entry"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let outbound = outbound(&variables);
        assert_eq!(outbound.proxy.as_deref(), Some("http://proxy.corp:3128"));
        let entries =
            ["localhost", "*.localhost", "*.corp", "10.0.0.0/8", "*.10.0.0.0/8", "bad entry", "*.bad entry"];
        assert_eq!(outbound.no_proxy, entries);
        assert!(fetcher(&variables).is_ok());
    }
}
