//! Requests whose meaning two servers could read differently are refused (RFC 9112 §3.2, §6.1).

use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use daypass_app::{Code, Refusal};

/// Takes a request in origin form, with one host and one framing, whose path has no second reading.
pub(crate) fn check(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let refuse = |detail: &str| Err(Refusal::new(Code::RequestInvalid).with_detail(detail));
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() >= Version::HTTP_11) {
        return refuse("there must be exactly one Host header");
    }
    if request.uri().authority().is_some() {
        return refuse("the request target must be a path");
    }
    // Where Content-Length stands beside it, hyper takes that away and closes behind the answer (RFC 9112 §6.3).
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !is_chunked || codings.next().is_some() {
        return refuse("a body is sent with one Transfer-Encoding, which is `chunked`, or with none");
    }
    if headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 {
        return refuse("there are several Content-Length headers");
    }
    if !is_plain(request.uri().path()) {
        return refuse("the path has empty, dot or encoded segments");
    }
    Ok(())
}

/// The connection is closed after this answer: what follows on it cannot be told from the request before.
pub(crate) fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn is_plain(path: &str) -> bool {
    !path.contains("//")
        && !path.contains(['%', '\\'])
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_path_has_one_reading_or_none() {
        for path in ["/", "/v1.0/config", "/.well-known/jwks.json", "/aws/"] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "//v1.0/config",
            "/v1.0/../config",
            "/v1.0/./config",
            "/v1.0/%2e%2e/x",
            "/v1.0%2fconfig",
            "/a\\b",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
