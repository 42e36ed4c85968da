//! `GET /v1.0/verify?audience=`: forward auth. A proxy asks whether a request may pass, and hands what it is told to the
//! service behind it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::pass::VerifiedPass;
use daypass_app::{Code, Refusal};
use daypass_jose::{Json, Secret};

use crate::state::Web;
use crate::{answer, bearer, problem};

/// Bytes of the longest value that is put into a header: proxies keep 4 KiB for all headers of an answer.
const MAX_VALUE_BYTES: usize = 512;

/// Headers and the claims that they carry.
const CLAIMS: [(HeaderName, &str); 6] = [
    (HeaderName::from_static("daypass-subject"), "sub"),
    (HeaderName::from_static("daypass-client-id"), "client_id"),
    (HeaderName::from_static("daypass-role"), "role"),
    (HeaderName::from_static("daypass-scope"), "scope"),
    (HeaderName::from_static("daypass-credential-id"), "jti"),
    (answer::EXCHANGE_ID, "exchange"),
];

/// Headers and the members of claims that they carry.
const MEMBERS: [(HeaderName, &str, &str); 14] = [
    (HeaderName::from_static("daypass-account-id"), "account", "id"),
    (HeaderName::from_static("daypass-account-external-id"), "account", "external_id"),
    (HeaderName::from_static("daypass-account-tenant"), "account", "tenant"),
    (HeaderName::from_static("daypass-project-id"), "project", "id"),
    (HeaderName::from_static("daypass-project-external-id"), "project", "external_id"),
    (HeaderName::from_static("daypass-project-path"), "project", "path"),
    (HeaderName::from_static("daypass-run-id"), "run", "id"),
    (HeaderName::from_static("daypass-run-attempt"), "run", "attempt"),
    (HeaderName::from_static("daypass-run-job"), "run", "job"),
    (HeaderName::from_static("daypass-run-event"), "run", "event"),
    (HeaderName::from_static("daypass-run-ref"), "run", "ref"),
    (HeaderName::from_static("daypass-run-sha"), "run", "sha"),
    (HeaderName::from_static("daypass-run-environment"), "run", "environment"),
    (HeaderName::from_static("daypass-run-pull-request"), "run", "pull_request"),
];

/// Lets a request pass whose pass was made for the audience of the query.
pub(crate) async fn verify(
    State(web): State<Arc<Web>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match verified(&web, query.as_deref(), &headers).await {
        Ok(pass) => answer(&pass),
        Err(refusal) => problem::of_credential(&refusal, None),
    }
}

async fn verified(web: &Web, query: Option<&str>, headers: &HeaderMap) -> Result<VerifiedPass, Refusal> {
    let token: Secret = bearer::token(headers)?;
    let audience = audience(query.unwrap_or(""))?;
    VerifiedPass::verify(&web.app, &token, Some(&audience), web.app.now()).await
}

/// The one parameter that there is, and must be: a service that does not say who it is would take everybody's passes.
fn audience(query: &str) -> Result<String, Refusal> {
    let mut audience = None;
    let refuse = |detail: &str| {
        Err(Refusal::new(Code::RequestInvalid).with_detail(detail).with_hint(
            "ask for `/v1.0/verify?audience=URL`, with the audience of your service, percent-encoded",
        ))
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name != "audience" {
            return refuse("the only parameter of this address is `audience`");
        }
        if audience.replace(value.into_owned()).is_some() {
            return refuse("the parameter `audience` stands twice");
        }
    }
    match audience {
        Some(audience) if !audience.is_empty() => Ok(audience),
        _ => refuse("the parameter `audience` is missing"),
    }
}

fn answer(pass: &VerifiedPass) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, answer::NO_STORE);
    headers
        .insert(HeaderName::from_static("daypass-expires-at"), pass.claims().expires_at().seconds().into());
    for (name, claim) in CLAIMS {
        insert(headers, name, pass.claims().claim(claim));
    }
    for (name, object, member) in MEMBERS {
        insert(headers, name, pass.object(object).and_then(|object| object.member(member)));
    }
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&Json>) {
    let value = match value {
        Some(Json::String(text)) => header_value(text),
        Some(Json::Integer(number)) => header_value(&number.to_string()),
        _ => None,
    };
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// A text that arrives as it is, or nothing: what would be cut, trimmed, split or read otherwise is left out, so that a
/// service that wants the header refuses.
fn header_value(text: &str) -> Option<HeaderValue> {
    let is_plain = (1..=MAX_VALUE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.trim() == text;
    is_plain.then(|| HeaderValue::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audience_is_the_one_parameter_and_must_be_there() {
        let read = |query| audience(query).ok();
        assert_eq!(
            read("audience=https%3A%2F%2Fapi.example.com").as_deref(),
            Some("https://api.example.com")
        );
        for query in ["", "audience=", "audience", "audience=a&audience=a", "audience=a&x", "Audience=a"] {
            assert_eq!(read(query), None, "{query}");
        }
    }

    #[test]
    fn a_text_stands_in_a_header_as_it_is_or_not_at_all() {
        let longest = "a".repeat(MAX_VALUE_BYTES);
        for text in ["a", "releases:write releases:read", "refs/heads/a,b;c=\"d\"", &longest] {
            assert_eq!(header_value(text).unwrap().to_str().unwrap(), text);
        }
        for text in
            ["", " a", "a ", "a\r\nb", "a\0", "a\tb", "\u{e9}", "\u{202e}", "a\u{7f}", &format!("{longest}a")]
        {
            assert_eq!(header_value(text), None, "{text:?}");
        }
    }
}
