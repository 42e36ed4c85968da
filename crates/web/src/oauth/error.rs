//! Refusals as RFC 6749 §5.2 and RFC 8693 §2.2.2 word them.

use axum::http::{StatusCode, header};
use axum::response::Response;
use daypass_app::refusal::Class;
use daypass_app::{Code, Refusal};
use daypass_jose::ids::ExchangeId;
use daypass_policy::Difference;
use schemars::JsonSchema;
use serde::Serialize;

use super::grant::Grant;
use crate::answer::{self, NO_STORE, Wording};
use crate::describe::{CodeText, Components, DifferenceText, Family};
use crate::problem;

/// A refusal as an OAuth error (RFC 6749 §5.2)
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthError")]
struct Body<'a> {
    /// The error of RFC 6749 §5.2, RFC 8693 §2.2.2 or RFC 7523 §3.1
    error: &'static str,
    /// What is wrong with this request
    error_description: String,
    #[schemars(with = "CodeText")]
    code: &'static str,
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

/// Refusals of requests, before any exchange.
pub(crate) const OAUTH: Family = Family { name: "oauth", answer: |refusal| response(refusal, None), schema };
/// Refusals of token exchanges (RFC 8693).
pub(super) const TOKEN_EXCHANGE: Family =
    Family { name: "token-exchange", answer: |refusal| of_example(Grant::TokenExchange, refusal), schema };
/// Refusals of assertions (RFC 7523).
pub(super) const JWT_BEARER: Family =
    Family { name: "jwt-bearer", answer: |refusal| of_example(Grant::JwtBearer, refusal), schema };

fn schema(components: &mut Components) -> serde_json::Value {
    components.answer::<Body<'_>>()
}

fn of_example(grant: Grant, refusal: &Refusal) -> Response {
    worded(error_of_grant(grant, refusal), refusal, ExchangeId::parse(answer::EXAMPLE_ID))
}

/// The error answer of the token endpoint. An invalid token and a no of the policy are both `invalid_request`
/// (RFC 8693 §2.2.2).
pub(crate) fn response(refusal: &Refusal, exchange_id: Option<ExchangeId>) -> Response {
    worded(error(refusal.code), refusal, exchange_id)
}

/// The error answer to a grant. RFC 7523 §3.1 has a word of its own for an assertion that is not taken.
pub(super) fn of_grant(grant: Grant, refusal: &Refusal, exchange_id: ExchangeId) -> Response {
    worded(error_of_grant(grant, refusal), refusal, Some(exchange_id))
}

fn error_of_grant(grant: Grant, refusal: &Refusal) -> &'static str {
    let is_assertion_refused = refusal.is_of_token() || refusal.code.class() == Class::Denied;
    match grant {
        Grant::JwtBearer if is_assertion_refused => "invalid_grant",
        Grant::JwtBearer | Grant::TokenExchange => error(refusal.code),
    }
}

fn worded(error: &'static str, refusal: &Refusal, exchange_id: Option<ExchangeId>) -> Response {
    let body = Body {
        error,
        error_description: problem::description(&refusal.detail),
        code: refusal.code.as_str(),
        hint: &refusal.hint,
        differences: &refusal.differences,
        exchange_id,
    };
    let mut response = answer::json(status(refusal.code), &body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response.extensions_mut().insert(Wording(|refusal| self::response(refusal, None)));
    problem::common_headers(&mut response, refusal, exchange_id);
    response
}

fn status(code: Code) -> StatusCode {
    match code.class() {
        Class::Unauthenticated | Class::TokenInvalid | Class::Malformed | Class::Denied => {
            StatusCode::BAD_REQUEST
        }
        Class::TooLarge
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::MediaType
        | Class::Limited
        | Class::Unavailable
        | Class::Internal => problem::status(code),
    }
}

/// Codes that OAuth has a word of its own for (RFC 6749 §5.2, RFC 8693 §2.2.2).
const OWN_WORDS: [(Code, &str); 3] = [
    (Code::GrantTypeUnsupported, "unsupported_grant_type"),
    (Code::TargetInvalid, "invalid_target"),
    (Code::ScopeInvalid, "invalid_scope"),
];

fn error(code: Code) -> &'static str {
    let of_class = match code.class() {
        Class::Limited | Class::Unavailable | Class::Internal => "temporarily_unavailable",
        Class::Unauthenticated
        | Class::TokenInvalid
        | Class::Malformed
        | Class::Denied
        | Class::TooLarge
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::MediaType => "invalid_request",
    };
    OWN_WORDS.into_iter().find(|(known, _)| *known == code).map_or(of_class, |(_, error)| error)
}
