//! What the answers of an issuer say beside their documents, noted where somebody wants to know.

use daypass_fetch::Response;
use daypass_jose::{Clock, Timestamp};
use http::HeaderValue;
use http::header::{AGE, DATE};

/// What an answer said beside its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAnswer {
    /// When it was asked for, by this machine's clock.
    pub asked_at: Timestamp,
    /// When it was here, by this machine's clock.
    pub answered_at: Timestamp,
    /// Its header `Date` (RFC 9110 §6.6.1), as it was sent.
    pub date: Option<HeaderValue>,
    /// Its header `Age` (RFC 9111 §5.1): a cache has answered, with what was made so many seconds before.
    pub age: Option<HeaderValue>,
    /// The certificate of its server in DER, where it came over TLS.
    pub certificate: Option<Vec<u8>>,
}

/// The answers of one fetch, noted where somebody wants to know.
pub(crate) struct Seen<'a> {
    pub(crate) clock: Option<&'a dyn Clock>,
    pub(crate) answers: Vec<SeenAnswer>,
}

impl Seen<'_> {
    pub(crate) const fn nothing() -> Self {
        Self { clock: None, answers: Vec::new() }
    }

    pub(crate) async fn answer<F>(
        &mut self,
        getting: impl Future<Output = Result<Response, F>>,
    ) -> Result<Response, F> {
        let Some(clock) = self.clock else { return getting.await };
        let asked_at = clock.now();
        let response = getting.await?;
        self.answers.push(SeenAnswer {
            asked_at,
            answered_at: clock.now(),
            date: response.headers.get(DATE).cloned(),
            age: response.headers.get(AGE).cloned(),
            certificate: response.certificate.as_deref().map(<[u8]>::to_vec),
        });
        Ok(response)
    }
}
