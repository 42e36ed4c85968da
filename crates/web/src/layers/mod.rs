//! What every request passes before its handler.

pub(crate) mod strict;
mod traced;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use daypass_jose::ids::RequestId;

use crate::peer::Peer;
use crate::source::Source;
use crate::state::{Context, Web};
use crate::{failures, problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// One year, for this host alone. What is below it or beside it is somebody else's to decide.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Names the request, checks its framing, lets it through, and limits refusals by source.
pub(crate) async fn around(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let started = web.app.monotonic();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = RequestId::new(web.app.now(), web.app.rng());
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let source = Source::of(peer, request.headers(), &web.trusted_proxies);
    let span = traced::begin(&web, &request, (route.as_ref(), peer), request_id);
    request.extensions_mut().insert(Context { source, request_id, trace: span.inside() });
    let mut response = match strict::check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => strict::closing(problem::plain(&refusal)),
    };
    let status = response.status();
    if status.is_client_error() && !web.failures.admits(source, web.app.now()) {
        response = failures::limited(&response);
    }
    let took = web.app.monotonic().saturating_sub(started);
    web.app.metrics().answered(
        route.as_ref().map_or("", MatchedPath::as_str),
        response.status().as_str(),
        took,
    );
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if web.is_strict_transport {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    span.answers(response.status().as_u16());
    tracing::debug!(request.id = %request_id, status = status.as_u16(), "answered");
    response
}
