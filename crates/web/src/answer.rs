//! Bodies and headers that answers have in common.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::Refusal;
use serde::Serialize;

/// Credentials and refusals of them are never kept by anything between (RFC 6749 §5.1).
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Names the exchange in the answer to it.
pub(crate) const EXCHANGE_ID: HeaderName = HeaderName::from_static("daypass-exchange-id");

/// How the protocol of an answer words a refusal: an extension of answers whose protocol has words of its own.
#[derive(Clone, Copy)]
pub(crate) struct Wording(pub(crate) fn(&Refusal) -> Response);

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A JSON answer that nothing between may keep.
pub(crate) fn json_no_store(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = json(status, body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}
