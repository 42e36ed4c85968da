//! Exchanging a job's identity for credentials: `POST /v1.0/exchange`.

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{FetchFault, Fetcher, Response};
use daypass_jose::{Json, Object, Secret};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use crate::answer::ExchangeAnswer;
use crate::call::{Call, retry_after};
use crate::fault::ClientFault;
use crate::identity::Identity;
use crate::pause::pause;
use crate::refusal::Refusal;
use crate::server_url::ServerUrl;

/// One request and three repetitions.
const ATTEMPTS: u32 = 4;
/// The pause before a repetition, where the server names none.
const PAUSE: Duration = Duration::from_secs(1);
/// A server that wants a longer pause is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// All attempts and pauses together, those of the CI system's endpoint too.
const WHOLE_DEADLINE: Duration = Duration::from_mins(2);

/// What to ask a server for.
pub struct ExchangeRequest<'a> {
    /// The server.
    pub url: &'a ServerUrl,
    /// Who asks.
    pub identity: &'a Identity,
    /// The role; the server's default where none is named.
    pub role: Option<&'a str>,
    /// Kinds of credential; all that the role grants where none is named.
    pub credentials: &'a [String],
    /// For how long, as `15m`; the role's own where none is named.
    pub ttl: Option<&'a str>,
    /// Decide and explain only.
    pub dry_run: bool,
}

/// What one attempt came to, where it did not succeed.
enum Failure {
    /// Nothing changes it.
    Final(ClientFault),
    /// Another attempt, after a pause, may do better.
    Transient(ClientFault, Option<Duration>),
    /// Somebody, perhaps an earlier attempt whose answer was lost, has used this token: a fresh one may do.
    AlreadyUsed(ClientFault),
}

/// Exchanges the job's identity for credentials.
///
/// Every attempt sends a token of its own where the CI system gives fresh ones, since an attempt whose answer was lost
/// may have spent its token.
pub async fn exchange(
    request: &ExchangeRequest<'_>,
    fetcher: &Fetcher,
) -> Result<ExchangeAnswer, ClientFault> {
    match tokio::time::timeout(WHOLE_DEADLINE, attempts(request, fetcher)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ClientFault::Unreachable {
            host: request.url.host().to_owned(),
            reason: format!("no success in {} seconds", WHOLE_DEADLINE.as_secs()),
        }),
    }
}

async fn attempts(request: &ExchangeRequest<'_>, fetcher: &Fetcher) -> Result<ExchangeAnswer, ClientFault> {
    let mut may_renew = request.identity.is_renewable();
    let mut left = ATTEMPTS;
    loop {
        let token = request.identity.token(fetcher).await?;
        left = left.saturating_sub(1);
        match attempt(request, &token, fetcher).await {
            Ok(answer) => return Ok(answer),
            Err(Failure::AlreadyUsed(_)) if may_renew && left > 0 => may_renew = false,
            Err(Failure::Transient(_, wait)) if left > 0 && wait.unwrap_or(PAUSE) <= LONGEST_PAUSE => {
                pause(wait.unwrap_or(PAUSE)).await;
            }
            Err(Failure::Final(fault) | Failure::Transient(fault, _) | Failure::AlreadyUsed(fault)) => {
                return Err(fault);
            }
        }
    }
}

async fn attempt(
    request: &ExchangeRequest<'_>,
    token: &Secret,
    fetcher: &Fetcher,
) -> Result<ExchangeAnswer, Failure> {
    let url = request.url.endpoint("/v1.0/exchange");
    let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let call = Call { method: Method::POST, url: &url, headers, body: body(request, token) };
    match call.send(fetcher).await {
        Ok(response) => read(request, &response),
        Err(fault) => Err(unreachable(request.url.host(), fault)),
    }
}

fn body(request: &ExchangeRequest<'_>, token: &Secret) -> Bytes {
    let mut body = Object::default();
    body.insert("token", token.reveal());
    if let Some(role) = request.role {
        body.insert("role", role);
    }
    if !request.credentials.is_empty() {
        let kinds = request.credentials.iter().map(|kind| Json::from(kind.as_str())).collect();
        body.insert("credentials", Json::Array(kinds));
    }
    if let Some(ttl) = request.ttl {
        body.insert("ttl", ttl);
    }
    if request.dry_run {
        body.insert("dry_run", true);
    }
    body.to_string().into()
}

fn read(request: &ExchangeRequest<'_>, response: &Response) -> Result<ExchangeAnswer, Failure> {
    let host = || request.url.host().to_owned();
    if response.status == 200 {
        let answer = ExchangeAnswer::parse(&response.body, request.dry_run);
        return answer
            .map_err(|reason| Failure::Final(ClientFault::AnswerUnreadable { host: host(), reason }));
    }
    let refusal = Refusal::parse(response.status, &response.body);
    if matches!(response.status, 429 | 502..=504) {
        let said = refusal.map_or_else(String::new, |refusal| format!(": {}", refusal.title));
        let reason = format!("it answered HTTP {}{said}", response.status);
        return Err(Failure::Transient(
            ClientFault::Unreachable { host: host(), reason },
            retry_after(response),
        ));
    }
    match refusal {
        Some(refusal) if refusal.code == "token_already_used" => {
            Err(Failure::AlreadyUsed(ClientFault::Refused(Box::new(refusal))))
        }
        Some(refusal) => Err(Failure::Final(ClientFault::Refused(Box::new(refusal)))),
        None => {
            let reason = format!("HTTP {} without a problem document", response.status);
            Err(Failure::Final(ClientFault::AnswerUnreadable { host: host(), reason }))
        }
    }
}

fn unreachable(host: &str, fault: FetchFault) -> Failure {
    let is_transient = fault.is_transient();
    let told = ClientFault::unreachable(host, fault);
    if is_transient { Failure::Transient(told, None) } else { Failure::Final(told) }
}
