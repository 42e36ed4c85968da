//! The demo's own client: real requests over a socket, and nothing of the server's code.

use std::time::Duration;

use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound, Request, Response};
use daypass_jose::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use serde_json::Value;

use crate::fault::CommandFault;

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Sends the demo's requests.
pub(super) struct Caller {
    base: String,
    fetcher: Fetcher,
    endpoint: Endpoint,
}

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// A member of the JSON body, as text.
    pub(super) fn member(&self, name: &str) -> Option<String> {
        self.json().get(name).and_then(Value::as_str).map(ToOwned::to_owned)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Caller {
    /// A caller of the server at `base`, which is on this machine.
    pub(super) fn new(base: String) -> Result<Self, CommandFault> {
        let fetcher = Fetcher::new(&Outbound::default())
            .map_err(|fault| CommandFault::Unavailable(format!("the demo cannot send requests: {fault}")))?;
        let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
        Ok(Self { base, fetcher, endpoint: Endpoint::new(rules) })
    }

    /// `GET` of a path of the server, with a Bearer token where there is one.
    pub(super) async fn get(&self, path: &str, bearer: Option<&Secret>) -> Result<Answer, CommandFault> {
        self.get_url(format!("{}{path}", self.base), bearer).await
    }

    /// `GET` of a URL on this machine.
    pub(super) async fn get_url(&self, url: String, bearer: Option<&Secret>) -> Result<Answer, CommandFault> {
        let bearer = bearer.map(|token| HeaderValue::from_str(&format!("Bearer {}", token.reveal())));
        let bearer = bearer.transpose().map_err(|fault| CommandFault::Unavailable(fault.to_string()))?;
        let request = Request {
            method: Method::GET,
            url,
            headers: bearer.into_iter().map(|value| (AUTHORIZATION, value)).collect(),
            body: bytes::Bytes::new(),
            max_response_bytes: MAX_RESPONSE_BYTES,
            deadline: DEADLINE,
        };
        let answer = self.fetcher.send(&self.endpoint, request).await;
        let Response { status, body, .. } =
            answer.map_err(|fault| CommandFault::Unavailable(format!("the demo got no answer: {fault}")))?;
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
