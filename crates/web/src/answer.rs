//! Bodies and headers that answers have in common.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::Refusal;
use daypass_policy::Difference;
use serde::Serialize;

/// Credentials and refusals of them are never kept by anything between (RFC 6749 §5.1).
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Names the exchange in the answer to it.
pub(crate) const EXCHANGE_ID: HeaderName = HeaderName::from_static("daypass-exchange-id");

/// An id, for examples.
pub(crate) const EXAMPLE_ID: &str = "01930000-0000-7000-8000-000000000001";

/// What a caller is told whom the role knows, for the documentation.
pub(crate) fn differing() -> Refusal {
    let claim = "ref".to_owned();
    let wanted = vec!["refs/heads/main".to_owned()];
    let differences = vec![Difference { claim, wanted, got: Some("refs/heads/feature".to_owned()) }];
    Refusal::of_differences(differences, "deploy")
}

/// How the protocol of an answer words a refusal: an extension of answers whose protocol has words of its own.
#[derive(Clone, Copy)]
pub(crate) struct Wording(pub(crate) fn(&Refusal) -> Response);

/// The `ETag` of some content (RFC 9110 §8.8.3).
pub(crate) fn etag(content: &[u8]) -> String {
    format!("\"{}\"", daypass_jose::digest::short_sha256(content))
}

/// Whether the caller has the content of this `ETag` already (RFC 9110 §13.1.2).
pub(crate) fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .any(|value| matches!(value.trim(), known if known == etag || known == "*"))
}

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
