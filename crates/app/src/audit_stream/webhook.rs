//! The webhook: a batch is one POST, signed as Standard Webhooks 1.0.0 says.

use std::time::Duration;

use daypass_fetch::{CheckedUrl, Endpoint, FetchFault, Fetcher, Request};
use daypass_jose::Timestamp;

use super::batch::Batch;
use super::delivery::DeliveryFault;
use super::secret::WebhookSecret;

/// For one delivery: connecting, sending, and the whole answer.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of an answer, of which the status alone is looked at.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// One object a line.
const MEDIA_TYPE: &str = "application/x-ndjson";

/// A receiver.
pub struct Webhook {
    url: String,
    shown: String,
    endpoint: Endpoint,
    secret: WebhookSecret,
}

impl Webhook {
    /// A receiver at this URL, reached under the rules of this endpoint.
    pub fn new(url: &str, checked: &CheckedUrl, endpoint: Endpoint, secret: WebhookSecret) -> Self {
        Self { url: url.to_owned(), shown: checked.origin.clone(), endpoint, secret }
    }

    /// Its scheme and host. A path may hold a secret.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Sends a batch. Its name is the same each time, its moment is that of the try.
    pub(super) async fn deliver(
        &self,
        fetcher: &Fetcher,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<(), DeliveryFault> {
        let timestamp = now.seconds().to_string();
        let signature = self.secret.sign(&batch.id, &timestamp, &batch.body);
        let headers = [
            ("content-type", MEDIA_TYPE),
            ("webhook-id", batch.id.as_str()),
            ("webhook-timestamp", timestamp.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let request = Request::post(&self.url, &headers, batch.body.clone())
            .ok_or(FetchFault::UrlMalformed("a header cannot be written"))?;
        let request =
            Request { max_response_bytes: MAX_ANSWER_BYTES, deadline: DELIVERY_DEADLINE, ..request };
        let answer = fetcher.send(&self.endpoint, request).await?;
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let asked = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
        let seconds = asked.and_then(|text| text.trim().parse().ok());
        Err(DeliveryFault::Status { status: answer.status, retry_after: seconds.map(Duration::from_secs) })
    }
}
