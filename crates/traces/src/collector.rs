//! One request to the collector, and what its answer means (OTLP 1.x §"OTLP/HTTP").

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, FetchFault, Fetcher, Request, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method};

use crate::headers::SecretHeaders;
use crate::otlp;
use crate::settings::TraceSettings;
use crate::statistics::Drop as Why;

/// How long one request to the collector may take.
pub const EXPORT_DEADLINE: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that is heeded.
pub const MAX_RETRY_PAUSE: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read; it has a number and a sentence.
const MAX_ANSWER_SIZE_BYTES: usize = 64 * 1024;

/// Where spans go.
pub(crate) struct Collector {
    fetcher: Fetcher,
    endpoint: Endpoint,
    url: String,
    headers: SecretHeaders,
}

/// Why spans were not taken. The texts hold nothing that the collector sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untaken {
    /// There is no answer.
    #[error("{0}")]
    Unreachable(#[from] FetchFault),
    /// The answer is not 200. Redirects are not followed.
    #[error("the answer is HTTP {status}")]
    Status {
        /// The status.
        status: u16,
        /// When to come back, if it says so.
        retry_after: Option<Duration>,
    },
}

impl Collector {
    pub(crate) fn new(settings: TraceSettings, fetcher: Fetcher) -> Self {
        let TraceSettings { url, endpoint, headers, .. } = settings;
        Self { fetcher, endpoint, url, headers }
    }

    /// Sends a request; gives the number of spans that the collector says it has not taken.
    pub(crate) async fn send(&self, body: Bytes) -> Result<usize, Untaken> {
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))];
        headers.extend(self.headers.of_request());
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body,
            max_response_bytes: MAX_ANSWER_SIZE_BYTES,
            deadline: EXPORT_DEADLINE,
        };
        let response = self.fetcher.send(&self.endpoint, request).await?;
        match response.status {
            200 => Ok(otlp::rejected(&response.body)),
            status => Err(Untaken::Status { status, retry_after: retry_after(&response) }),
        }
    }
}

impl Untaken {
    /// Whether the same request may be taken later: the statuses that OTLP names, and a collector that is away.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(fault) => fault.is_transient(),
            Self::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable(_) => None,
            Self::Status { retry_after, .. } => *retry_after,
        }
    }

    /// As what the spans are counted.
    pub(crate) fn why(&self) -> Why {
        match self {
            Self::Unreachable(_) => Why::Unreachable,
            Self::Status { .. } => Why::Refused,
        }
    }
}

/// Seconds; a date is passed over.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_PAUSE))
}
