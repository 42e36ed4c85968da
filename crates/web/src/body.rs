//! Reading request bodies: with a size, a deadline and the right media type.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use daypass_app::{Code, Refusal};

/// Bytes of a request body that are read: a token of the largest size, with all that may stand beside it.
pub(crate) const MAX_BODY_SIZE_BYTES: usize = 32 * 1024;
/// How long a body may take to arrive.
pub(crate) const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What is refused of a body.
pub(crate) const REFUSALS: &[Code] =
    &[Code::RequestInvalid, Code::MediaTypeUnsupported, Code::RequestTooLarge];

/// The whole body, of exactly this media type (parameters such as `charset` are allowed).
pub(crate) async fn read(headers: &HeaderMap, body: Body, media_type: &str) -> Result<Bytes, Refusal> {
    if !is_media_type(headers, media_type) {
        return Err(Refusal::new(Code::MediaTypeUnsupported)
            .with_detail(format!("the body must be sent with `Content-Type: {media_type}`")));
    }
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| length > MAX_BODY_SIZE_BYTES)
    {
        return Err(Refusal::new(Code::RequestTooLarge));
    }
    match tokio::time::timeout(BODY_DEADLINE, to_bytes(body, MAX_BODY_SIZE_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length_limit(&error) => Err(Refusal::new(Code::RequestTooLarge)),
        Ok(Err(_)) => Err(Refusal::new(Code::RequestInvalid).with_detail("the body broke off")),
        Err(_) => Err(Refusal::new(Code::RequestInvalid).with_detail("the body did not arrive in time")),
    }
}

fn is_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let value = value.to_str().unwrap_or("");
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

fn is_length_limit(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
