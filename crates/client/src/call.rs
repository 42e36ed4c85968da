//! One request: which addresses it may reach, and how long it may take.

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, EndpointRules, FetchFault, Fetcher, Request, Response};
use http::header::{ACCEPT, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};

use crate::server_url::SafeUrl;

/// Whole time of one request: connecting, sending, reading the answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Answers are a few kilobytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// What to send.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a SafeUrl,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    /// Sends it once. No redirect is followed.
    pub(crate) async fn send(self, fetcher: &Fetcher) -> Result<Response, FetchFault> {
        let endpoint = endpoint(self.url);
        let mut headers = self.headers;
        headers.push((ACCEPT, HeaderValue::from_static("application/json")));
        let request = Request {
            method: self.method,
            url: self.url.as_str().to_owned(),
            headers,
            body: self.body,
            max_response_bytes: MAX_RESPONSE_BYTES,
            deadline: DEADLINE,
        };
        fetcher.send(&endpoint, request).await
    }
}

/// Over TLS, any address: the user, or the CI system, has named the host. Without it, this machine only, whatever a
/// name resolves to.
fn endpoint(url: &SafeUrl) -> Endpoint {
    let is_local = url.is_plain_http();
    Endpoint::new(EndpointRules {
        plain_http: is_local,
        private_network: false,
        loopback: is_local,
        any_address: !is_local,
        ca_pem: None,
    })
}

/// The seconds of a `Retry-After`; its form with a date is not read.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
