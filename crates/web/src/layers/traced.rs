//! The span of a request: which requests have one, and what it may say of them.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, Method};
use daypass_jose::ids::RequestId;
use daypass_traces::{Caller, Root, Span};

use crate::peer::Peer;
use crate::state::Web;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What asks every few seconds whether the server is well: its spans would be the most, and say nothing.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The span of a request for a route; an empty one where it is not traced. An address that does not exist has none: whoever
/// looks for holes would fill the collector.
///
/// Whether it is traced, and in which trace, is decided here alone. `traceparent` of a trusted proxy is a link to the caller's
/// span, that of everybody else is not read: taken for a parent, it would let a stranger put spans into any trace, and have all
/// of his requests traced or none.
pub(super) fn begin(
    web: &Web,
    request: &Request,
    (route, peer): (Option<&MatchedPath>, Peer),
    request_id: RequestId,
) -> Span {
    let Some(route) = route.map(MatchedPath::as_str) else { return Span::default() };
    if PROBES.iter().any(|probe| route.ends_with(probe)) {
        return Span::default();
    }
    web.app.traces().begin(|| Root {
        method: method(request.method()),
        route: route.to_owned(),
        path: request.uri().path().to_owned(),
        scheme: if web.app.public_url().issuer().is_plain_http() { "http" } else { "https" },
        request_id,
        caller: caller(web, request.headers(), peer),
    })
}

/// Two of them say nothing together (W3C Trace Context §3.2).
fn caller(web: &Web, headers: &HeaderMap, peer: Peer) -> Option<Caller> {
    if !web.trusted_proxies.has(peer.0.to_canonical()) {
        return None;
    }
    let mut all = headers.get_all(TRACEPARENT).iter();
    let (one, other) = (all.next()?, all.next());
    if other.is_some() { None } else { Caller::parse(one.as_bytes()) }
}

/// A method that HTTP does not know is `_OTHER` (semantic conventions of OpenTelemetry): it is the caller's own word.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}
