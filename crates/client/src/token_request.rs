//! Asking a CI system's endpoint for an identity token, as often as its own tools would.

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{FetchFault, Fetcher, Response};
use daypass_jose::{Json, Object, Secret};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};

use crate::answer::is_token;
use crate::call::Call;
use crate::fault::ClientFault;
use crate::pause::pause;
use crate::provider::CiProvider;
use crate::server_url::SafeUrl;

/// One request and four repetitions; the pauses between them double and come to 3 s.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Where one CI system's tokens are to be had.
pub(crate) struct TokenEndpoint {
    provider: &'static CiProvider,
    url: SafeUrl,
    authorization: HeaderValue,
    advice: String,
}

impl TokenEndpoint {
    /// The endpoint that a job is told of, for one audience.
    pub(crate) fn new(
        provider: &'static CiProvider,
        url: &str,
        token: &str,
        audience: &str,
    ) -> Result<Self, ClientFault> {
        let what = "the URL that the CI system gives for identity tokens";
        let url = SafeUrl::parse(url).map_err(|reason| ClientFault::UrlRefused {
            what,
            url: url.to_owned(),
            reason,
        })?;
        let authorization = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut authorization = authorization
            .map_err(|_| ClientFault::TokenMalformed("the request token of the CI system".to_owned()))?;
        authorization.set_sensitive(true);
        let url = url.with_parameter("audience", audience);
        Ok(Self { provider, url, authorization, advice: provider.advice(audience) })
    }

    /// A fresh token. Repeats only what is worth it: a gateway's 502, 503 and 504, and a connection that fails.
    pub(crate) async fn fetch(&self, fetcher: &Fetcher) -> Result<Secret, ClientFault> {
        let mut wait = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.once(fetcher).await {
                Ok(response) if !matches!(response.status, 502..=504) => return self.read(&response),
                Err(fault) if !matches!(fault, FetchFault::Connect { .. }) => {
                    return Err(ClientFault::unreachable(self.url.host(), fault));
                }
                Ok(_) | Err(_) => pause(wait).await,
            }
            wait = wait.saturating_mul(2);
        }
        match self.once(fetcher).await {
            Ok(response) => self.read(&response),
            Err(fault) => Err(ClientFault::unreachable(self.url.host(), fault)),
        }
    }

    async fn once(&self, fetcher: &Fetcher) -> Result<Response, FetchFault> {
        let headers = vec![(AUTHORIZATION, self.authorization.clone())];
        Call { method: Method::GET, url: &self.url, headers, body: Bytes::new() }.send(fetcher).await
    }

    fn read(&self, response: &Response) -> Result<Secret, ClientFault> {
        let unreachable = |reason| ClientFault::Unreachable { host: self.url.host().to_owned(), reason };
        match response.status {
            200 => token_of(&response.body)
                .ok_or_else(|| unreachable("its answer holds no identity token".to_owned())),
            status @ (400..=428 | 430..=499) => Err(ClientFault::TokenRequestRefused {
                provider: self.provider.title,
                status,
                advice: self.advice.clone(),
            }),
            status => Err(unreachable(format!("it answered HTTP {status}"))),
        }
    }
}

/// The member `value`; whatever stands beside it is of no interest.
fn token_of(body: &[u8]) -> Option<Secret> {
    match Object::parse(body).ok()?.remove("value") {
        Some(Json::String(token)) if is_token(&token) => Some(Secret::new(token)),
        _ => None,
    }
}
