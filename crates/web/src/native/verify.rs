//! `GET /v1.0/verify?audience=`: forward auth. A proxy asks whether a request may pass, and hands what it is told to the
//! service behind it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::pass::{self, VerifiedPass};
use daypass_app::{Code, Refusal};
use daypass_jose::{Json, Secret};
use serde_json::json;

use crate::describe::{Answer, Components, Credential, Header, Operation, Parameter, Refusals};
use crate::state::Web;
use crate::{answer, bearer, problem};

/// Bytes of the longest value that is put into a header: proxies keep 4 KiB for all headers of an answer.
const MAX_VALUE_BYTES: usize = 512;

/// The header that says when the pass ends.
const EXPIRES_AT: &str = "daypass-expires-at";

/// Headers and the claims that they carry.
const CLAIMS: [(&str, &str); 6] = [
    ("daypass-subject", "sub"),
    ("daypass-client-id", "client_id"),
    ("daypass-role", "role"),
    ("daypass-scope", "scope"),
    ("daypass-credential-id", "jti"),
    ("daypass-exchange-id", "exchange"),
];

/// Headers and the members of claims that they carry.
const MEMBERS: [(&str, &str, &str); 14] = [
    ("daypass-account-id", "account", "id"),
    ("daypass-account-external-id", "account", "external_id"),
    ("daypass-account-tenant", "account", "tenant"),
    ("daypass-project-id", "project", "id"),
    ("daypass-project-external-id", "project", "external_id"),
    ("daypass-project-path", "project", "path"),
    ("daypass-run-id", "run", "id"),
    ("daypass-run-attempt", "run", "attempt"),
    ("daypass-run-job", "run", "job"),
    ("daypass-run-event", "run", "event"),
    ("daypass-run-ref", "run", "ref"),
    ("daypass-run-sha", "run", "sha"),
    ("daypass-run-environment", "run", "environment"),
    ("daypass-run-pull-request", "run", "pull_request"),
];

/// How the document describes it.
pub(crate) fn operation(_: &mut Components) -> Operation {
    let expires_at = Header {
        described: "when the pass ends, in seconds since 1970".into(),
        ..Header::always(EXPIRES_AT)
    };
    let claims = CLAIMS.map(|(name, claim)| Header {
        described: format!("the claim `{claim}`").into(),
        ..Header::sometimes(name)
    });
    let members = MEMBERS.map(|(name, object, member)| Header {
        described: format!("`{member}` of the claim `{object}`").into(),
        ..Header::sometimes(name)
    });
    Operation {
        id: "verify",
        tag: "pass",
        summary: "Forward auth: whether a request may pass",
        description: "For a proxy that asks before it lets a request pass. What the pass says is in the headers of the \
                      answer; a value has none that is absent, longer than 512 bytes, or no visible ASCII with blanks inside.",
        credential: Credential::Pass(&[]),
        parameters: vec![Parameter {
            name: "audience",
            place: "query",
            is_required: true,
            description: "what the service behind the proxy calls itself",
            schema: json!({ "type": "string", "minLength": 1 }),
        }],
        answers: vec![Answer {
            status: 200,
            description: "the pass was made for this audience",
            content: Vec::new(),
            headers: [&[Header::always("cache-control"), expires_at][..], &claims, &members].concat(),
        }],
        refusals: vec![Refusals::of(
            problem::BEARER,
            &[bearer::REFUSALS, pass::REFUSALS, &[Code::PassForAnother, Code::RequestInvalid]],
        )],
        ..Operation::default()
    }
}

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
    headers.insert(HeaderName::from_static(EXPIRES_AT), pass.claims().expires_at().seconds().into());
    for (name, claim) in CLAIMS {
        insert(headers, HeaderName::from_static(name), pass.claims().claim(claim));
    }
    for (name, object, member) in MEMBERS {
        insert(
            headers,
            HeaderName::from_static(name),
            pass.object(object).and_then(|object| object.member(member)),
        );
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
