//! Refusals as problem documents (RFC 9457), with the members of RFC 6750 where a Bearer was expected.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::refusal::Class;
use daypass_app::{Code, Refusal};
use daypass_jose::ids::ExchangeId;
use daypass_policy::Difference;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{self, EXCHANGE_ID};
use crate::describe::{CodeText, Components, DifferenceText, Family};

/// The media type of RFC 9457 §3.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal as a problem document (RFC 9457)
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Document<'a> {
    /// `urn:daypass:refusal:` and the code
    #[serde(rename = "type")]
    kind: String,
    /// What the code means
    title: &'static str,
    /// The status of the answer
    status: u16,
    /// What is wrong with this request
    detail: &'a str,
    #[schemars(with = "CodeText")]
    code: &'static str,
    /// The error of RFC 6750 §3.1, where a Bearer was wanted and one was sent
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    error: Option<&'static str>,
    /// What to do
    hint: &'a str,
    /// Which claims differ from what the role wants; only for callers whom it knows
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<DifferenceText>")]
    differences: &'a [Difference],
    /// Where an exchange was begun
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "uuid"))]
    exchange_id: Option<ExchangeId>,
}

/// Refusals of endpoints that take no credential.
pub(crate) const PROBLEM: Family = Family { name: "problem", answer: plain, schema };
/// Refusals of endpoints that take a Bearer, and of exchanges before they began.
pub(crate) const BEARER: Family =
    Family { name: "bearer", answer: |refusal| of_credential(refusal, None), schema };
/// Refusals of exchanges.
pub(crate) const EXCHANGE: Family = Family {
    name: "exchange",
    answer: |refusal| of_credential(refusal, ExchangeId::parse(answer::EXAMPLE_ID)),
    schema,
};

fn schema(components: &mut Components) -> serde_json::Value {
    components.answer::<Document<'_>>()
}

/// A refusal of an endpoint that takes a credential: with `error`, `no-store`, and a challenge where RFC 6750 wants one.
pub(crate) fn of_credential(refusal: &Refusal, exchange_id: Option<ExchangeId>) -> Response {
    let mut response = document(refusal, error(refusal.code), exchange_id);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, answer::NO_STORE);
    // RFC 6750 §3: a challenge beside a token that is missing, is not valid, or lacks a scope.
    if status(refusal.code) == StatusCode::UNAUTHORIZED || refusal.code == Code::InsufficientScope {
        headers.insert(header::WWW_AUTHENTICATE, challenge(refusal));
    }
    response
}

/// A refusal of any other endpoint.
pub(crate) fn plain(refusal: &Refusal) -> Response {
    document(refusal, None, None)
}

fn document(refusal: &Refusal, error: Option<&'static str>, exchange_id: Option<ExchangeId>) -> Response {
    let status = status(refusal.code);
    let body = Document {
        kind: format!("urn:daypass:refusal:{}", refusal.code),
        title: refusal.code.title(),
        status: status.as_u16(),
        detail: &refusal.detail,
        code: refusal.code.as_str(),
        error,
        hint: &refusal.hint,
        differences: &refusal.differences,
        exchange_id,
    };
    let mut response = answer::json(status, &body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    common_headers(&mut response, refusal, exchange_id);
    response
}

/// The headers that a refusal carries in every protocol.
pub(crate) fn common_headers(response: &mut Response, refusal: &Refusal, exchange_id: Option<ExchangeId>) {
    let headers = response.headers_mut();
    if let Some(value) = exchange_id.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
        headers.insert(EXCHANGE_ID, value);
    }
    if let Some(seconds) = refusal.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// The status of a code. Permanent refusals get one that clients do not retry, transient ones one that they do.
pub(crate) fn status(code: Code) -> StatusCode {
    match code.class() {
        Class::Unauthenticated | Class::TokenInvalid => StatusCode::UNAUTHORIZED,
        Class::Malformed => StatusCode::BAD_REQUEST,
        Class::Denied => StatusCode::FORBIDDEN,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Class::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Class::Limited => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The `error` of RFC 6750 §3.1; a request without any credential gets none.
fn error(code: Code) -> Option<&'static str> {
    match code.class() {
        Class::Unauthenticated => None,
        Class::TokenInvalid => Some("invalid_token"),
        Class::Denied if code == Code::InsufficientScope => Some("insufficient_scope"),
        Class::Denied => Some("access_denied"),
        Class::Malformed | Class::TooLarge | Class::NotFound | Class::MethodNotAllowed | Class::MediaType => {
            Some("invalid_request")
        }
        Class::Limited | Class::Unavailable | Class::Internal => Some("temporarily_unavailable"),
    }
}

fn challenge(refusal: &Refusal) -> HeaderValue {
    let text = match error(refusal.code) {
        None => "Bearer realm=\"daypass\"".to_owned(),
        Some(error) => {
            let description = description(&refusal.detail);
            format!("Bearer realm=\"daypass\", error=\"{error}\", error_description=\"{description}\"")
        }
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer realm=\"daypass\""))
}

/// Text in the characters that RFC 6749 §5.2 allows in `error_description`.
pub(crate) fn description(text: &str) -> String {
    text.chars()
        .map(|character| {
            if matches!(character, ' '..='~') && !matches!(character, '"' | '\\') { character } else { '\'' }
        })
        .collect()
}
