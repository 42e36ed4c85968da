//! Asking the server that runs, within bounds.

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, EndpointRules, FetchFault, Fetcher, Request, Response};
use daypass_jose::{Clock, IssuerUrl, Timestamp};
use http::{HeaderName, HeaderValue, Method};

use super::super::Context;
use crate::args::DoctorArguments;
use crate::settings::{Settings, is_loopback_url};

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes of one answer. Its metrics are the longest.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// The server that runs, or should.
pub(super) struct Server<'a> {
    /// Where it is asked, without a slash at the end.
    pub(super) url: String,
    /// Whether whoever runs this has named it, and so expects it to run.
    pub(super) is_named: bool,
    pub(super) clock: &'a dyn Clock,
    fetcher: &'a Fetcher,
    endpoint: Endpoint,
}

/// An answer, and when it was asked for and here.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) asked_at: Timestamp,
    pub(super) answered_at: Timestamp,
}

impl<'a> Server<'a> {
    /// The server of the arguments, else of the settings.
    pub(super) fn new(
        arguments: &DoctorArguments,
        settings: Option<&Settings>,
        fetcher: &'a Fetcher,
        context: &'a Context,
    ) -> Self {
        let of_settings = settings.map(|settings| settings.public_url.as_str());
        let url = arguments.url.as_deref().or(of_settings).unwrap_or("");
        // Whoever runs this names the server, or has named it in the settings, as in a job: any address will do. Plain
        // HTTP stays on this machine all the same.
        let url = url.trim_end_matches('/').to_owned();
        // A server of this machine is not reached through a proxy.
        let loopback = IssuerUrl::parse(&url).is_ok_and(|url| is_loopback_url(&url));
        let rules =
            EndpointRules { plain_http: true, any_address: true, loopback, ..EndpointRules::default() };
        Self {
            url,
            is_named: arguments.url.is_some(),
            clock: context.clock.as_ref(),
            fetcher,
            endpoint: Endpoint::new(rules),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, FetchFault> {
        self.get_url(format!("{}{path}", self.url)).await
    }

    pub(super) async fn get_url(&self, url: String) -> Result<Answer, FetchFault> {
        self.send(Method::GET, url, Vec::new(), Bytes::new()).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        url: String,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Answer, FetchFault> {
        let request =
            Request { method, url, headers, body, max_response_bytes: MAX_ANSWER_BYTES, deadline: DEADLINE };
        let asked_at = self.clock.now();
        let response = self.fetcher.send(&self.endpoint, request).await?;
        Ok(Answer { response, asked_at, answered_at: self.clock.now() })
    }
}
