//! What clients and APIs find out by themselves: metadata (OpenID Connect Discovery §3, RFC 8414 §2) and keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::answer;
use crate::oauth::token::TOKEN_EXCHANGE;
use crate::state::Web;

/// For how long a verifier may keep the key set, in seconds. A new key must be published for at least twice this
/// before it signs, or verifiers refuse its first passes.
pub(crate) const JWKS_MAX_AGE_SECONDS: u32 = 300;

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    #[serde(flatten)]
    openid: Option<OpenId>,
}

#[derive(Serialize)]
struct OpenId {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

/// `/.well-known/oauth-authorization-server`
pub(crate) async fn oauth(State(web): State<Arc<Web>>) -> Response {
    public(answer::json(StatusCode::OK, &metadata(&web, None)))
}

/// `/.well-known/openid-configuration`
pub(crate) async fn openid(State(web): State<Arc<Web>>) -> Response {
    let openid = OpenId {
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [web.app.pass_keys().algorithm().name()],
    };
    public(answer::json(StatusCode::OK, &metadata(&web, Some(openid))))
}

/// `/.well-known/jwks.json`
pub(crate) async fn jwks(State(web): State<Arc<Web>>) -> Response {
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"))];
    public((StatusCode::OK, media_type, web.app.pass_keys().published().to_owned()).into_response())
}

/// Every address comes from the settings, none from the request.
fn metadata(web: &Web, openid: Option<OpenId>) -> Metadata {
    let url = web.app.public_url();
    Metadata {
        issuer: url.as_str().to_owned(),
        jwks_uri: url.join("/.well-known/jwks.json"),
        token_endpoint: url.join("/oauth2/token"),
        grant_types_supported: [TOKEN_EXCHANGE],
        token_endpoint_auth_methods_supported: ["none"],
        response_types_supported: [],
        openid,
    }
}

fn public(mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("public, max-age={JWKS_MAX_AGE_SECONDS}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
