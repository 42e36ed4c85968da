//! What is sent and what comes back.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rustls_pki_types::CertificateDer;

/// One request. It may hold secrets, so it has no `Debug`.
pub struct Request {
    /// The method.
    pub method: Method,
    /// An absolute `https://` or `http://` URL without user and fragment.
    pub url: String,
    /// Headers. `Host`, `User-Agent`, `Accept-Encoding`, `Connection` and the framing of the body are not the caller's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// A larger answer is [`FetchFault::TooLarge`](crate::FetchFault::TooLarge).
    pub max_response_bytes: usize,
    /// For everything together: waiting for a place, resolving, connecting, sending, reading to the end.
    pub deadline: Duration,
}

impl Request {
    /// A `POST` of a body, for an answer of nothing and without patience until both are set; `None` where one of the
    /// headers cannot be written.
    pub fn post(url: &str, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Option<Self> {
        let header = |(name, value): &(&'static str, &str)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        };
        Some(Self {
            method: Method::POST,
            url: url.to_owned(),
            headers: headers.iter().map(header).collect::<Option<_>>()?,
            body: body.into(),
            max_response_bytes: 0,
            deadline: Duration::ZERO,
        })
    }
}

/// A whole answer, whatever its status: redirects are not followed.
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most `max_response_bytes`.
    pub body: Bytes,
    /// The certificate that the server showed for itself and that was verified, in DER; `None` without TLS.
    pub certificate: Option<CertificateDer<'static>>,
}

impl fmt::Debug for Response {
    /// Its status alone: headers and body may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}
