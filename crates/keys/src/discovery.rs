//! From an issuer to its keys: the discovery document, and the key set that it names (OpenID Connect Discovery §4).

use std::time::Duration;

use bytes::Bytes;
use daypass_fetch::{Endpoint, Fetcher, Request, Response};
use daypass_jose::jwk::KeySet;
use daypass_jose::{Algorithm, IssuerUrl, Json, Object};
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderValue, Method};

use crate::fault::FetchKeysFault;
use crate::seen::Seen;
use crate::{freshness, settings};

/// Both documents together. It bounds how long a request with an unknown key waits: longer, and a slow issuer keeps
/// connections of its callers open.
pub const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// Each document in bytes; real ones have about five thousand.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Where the keys of an issuer are to be had.
pub(crate) struct Source {
    pub(crate) issuer: IssuerUrl,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) endpoint: Endpoint,
    pub(crate) jwks_hosts: Vec<String>,
}

/// A key set as it was fetched.
pub(crate) struct Fetched {
    pub(crate) keys: KeySet,
    pub(crate) ttl: Duration,
}

impl Source {
    /// Fetches the keys, whatever was fetched before.
    pub(crate) async fn fetch(&self, fetcher: &Fetcher) -> Result<Fetched, FetchKeysFault> {
        self.fetch_seeing(fetcher, &mut Seen::nothing()).await
    }

    /// The same, and notes of each answer what a person may want to know.
    pub(crate) async fn fetch_seeing(
        &self,
        fetcher: &Fetcher,
        seen: &mut Seen<'_>,
    ) -> Result<Fetched, FetchKeysFault> {
        let outcome = tokio::time::timeout(FETCH_DEADLINE, self.fetch_both(fetcher, seen)).await;
        outcome.unwrap_or(Err(FetchKeysFault::Deadline(FETCH_DEADLINE)))
    }

    async fn fetch_both(&self, fetcher: &Fetcher, seen: &mut Seen<'_>) -> Result<Fetched, FetchKeysFault> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let discovery = seen.answer(self.get(fetcher, "the discovery document", url)).await?;
        let discovery = ok("the discovery document", discovery)?;
        let jwks_uri = self.jwks_uri(&discovery.body)?;
        let response = seen.answer(self.get(fetcher, "the key set", jwks_uri)).await?;
        let response = ok("the key set", response)?;
        let keys = settings::parse(&response.body, &self.algorithms)?;
        let cache_control = response.headers.get_all(CACHE_CONTROL);
        Ok(Fetched { keys, ttl: freshness::ttl(cache_control.iter().filter_map(|line| line.to_str().ok())) })
    }

    async fn get(
        &self,
        fetcher: &Fetcher,
        document: &'static str,
        url: String,
    ) -> Result<Response, FetchKeysFault> {
        let request = Request {
            method: Method::GET,
            url,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Bytes::new(),
            max_response_bytes: MAX_DOCUMENT_BYTES,
            deadline: FETCH_DEADLINE,
        };
        let response = fetcher.send(&self.endpoint, request).await;
        response.map_err(|fault| FetchKeysFault::Fetch { document, fault })
    }

    /// Reads the discovery document: it must be this issuer's, byte for byte (OpenID Connect Discovery §4.3).
    fn jwks_uri(&self, document: &[u8]) -> Result<String, FetchKeysFault> {
        let document = Object::parse(document)?;
        if document.member("issuer").and_then(Json::as_str) != Some(self.issuer.as_str()) {
            return Err(FetchKeysFault::IssuerDiffers);
        }
        let jwks_uri = document.member("jwks_uri").and_then(Json::as_str).ok_or(FetchKeysFault::NoJwksUri)?;
        if self.may_hold_keys(jwks_uri) {
            Ok(jwks_uri.to_owned())
        } else {
            Err(FetchKeysFault::JwksElsewhere)
        }
    }

    /// Compares texts, so that two spellings of one host are two hosts: who answers for the issuer could otherwise send
    /// this server to any place.
    fn may_hold_keys(&self, url: &str) -> bool {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let own_scheme = if self.issuer.is_plain_http() { "http" } else { "https" };
        let is_own = scheme == own_scheme && authority == self.issuer.authority();
        is_own || (scheme == "https" && self.jwks_hosts.iter().any(|host| host == authority))
    }
}

fn ok(document: &'static str, response: Response) -> Result<Response, FetchKeysFault> {
    match response.status {
        200 => Ok(response),
        status => Err(FetchKeysFault::Status { document, status }),
    }
}

#[cfg(test)]
mod tests {
    use daypass_fetch::EndpointRules;

    use super::*;

    fn source(issuer: &str) -> Source {
        Source {
            issuer: IssuerUrl::parse(issuer).unwrap(),
            algorithms: vec![Algorithm::RS256],
            endpoint: Endpoint::new(EndpointRules::default()),
            jwks_hosts: vec!["keys.example".to_owned(), "keys.example:8443".to_owned()],
        }
    }

    #[test]
    fn keys_are_at_the_issuer_or_on_a_host_of_the_settings() {
        let (plain, tls) = (source("http://127.0.0.1:4011"), source("https://a.example/path"));
        for (source, url, may) in [
            (&tls, "https://a.example/jwks", true),
            (&tls, "https://a.example", true),
            (&tls, "https://a.example?x", true),
            (&tls, "https://keys.example/jwks", true),
            (&tls, "https://keys.example:8443/jwks", true),
            (&tls, "https://keys.example:9443/jwks", false),
            (&tls, "http://keys.example/jwks", false),
            (&tls, "http://a.example/jwks", false),
            (&tls, "HTTPS://a.example/jwks", false),
            (&tls, "https://A.example/jwks", false),
            (&tls, "https://a.example:8443/jwks", false),
            (&tls, "https://a.example.evil.example/jwks", false),
            (&tls, "https://evil.example/a.example", false),
            (&tls, "https://a.example@evil.example/jwks", false),
            (&tls, "https://a.example\\@evil.example/jwks", false),
            (&tls, "https://evil.example#a.example", false),
            (&tls, "https://evil.example?a.example", false),
            (&tls, "https:a.example/jwks", false),
            (&tls, "/jwks", false),
            (&tls, "file:///etc/jwks", false),
            (&tls, "data:application/json,{}", false),
            (&plain, "http://127.0.0.1:4011/jwks", true),
            (&plain, "https://127.0.0.1:4011/jwks", false),
            (&plain, "http://127.0.0.2:4011/jwks", false),
            (&plain, "http://keys.example/jwks", false),
        ] {
            assert_eq!(source.may_hold_keys(url), may, "{} {url}", source.issuer);
        }
    }
}
