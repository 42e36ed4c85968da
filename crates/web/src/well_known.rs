//! What clients and APIs find out by themselves: metadata (OpenID Connect Discovery §3, RFC 8414 §2) and keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_jose::Algorithm;
use serde::Serialize;

use crate::answer;
use crate::oauth::grant::Grant;
use crate::state::Web;

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    #[serde(flatten)]
    openid: Option<OpenId>,
}

#[derive(Serialize)]
struct OpenId {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

/// `/.well-known/oauth-authorization-server`
pub(crate) async fn oauth(State(web): State<Arc<Web>>) -> Response {
    let max_age = web.app.pass_keys().max_age_seconds();
    public(answer::json(StatusCode::OK, &metadata(&web, None)), max_age)
}

/// `/.well-known/openid-configuration`
pub(crate) async fn openid(State(web): State<Arc<Web>>) -> Response {
    let openid = OpenId {
        subject_types_supported: ["public"],
        // Those of keys that sign no more too: passes that they signed are still about.
        id_token_signing_alg_values_supported: web
            .app
            .pass_keys()
            .algorithms()
            .into_iter()
            .map(Algorithm::name)
            .collect(),
    };
    let max_age = web.app.pass_keys().max_age_seconds();
    public(answer::json(StatusCode::OK, &metadata(&web, Some(openid))), max_age)
}

/// `/.well-known/jwks.json`: also while the store cannot be seen, or no pass that is about could be verified then.
pub(crate) async fn jwks(State(web): State<Arc<Web>>) -> Response {
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"))];
    let (published, max_age) = web.app.pass_keys().published(web.app.monotonic());
    public((StatusCode::OK, media_type, published).into_response(), max_age)
}

/// Every address comes from the settings, none from the request.
fn metadata(web: &Web, openid: Option<OpenId>) -> Metadata {
    let url = web.app.public_url();
    Metadata {
        issuer: url.as_str().to_owned(),
        jwks_uri: url.join("/.well-known/jwks.json"),
        token_endpoint: url.join("/oauth2/token"),
        introspection_endpoint: url.join("/oauth2/introspect"),
        revocation_endpoint: url.join("/oauth2/revoke"),
        grant_types_supported: Grant::ALL.map(Grant::grant_type),
        token_endpoint_auth_methods_supported: ["none"],
        // A type of access token, which RFC 8414 §2 allows here: a pass is the authentication.
        introspection_endpoint_auth_methods_supported: ["Bearer"],
        revocation_endpoint_auth_methods_supported: ["none"],
        response_types_supported: [],
        openid,
    }
}

fn public(mut response: Response, max_age_seconds: u32) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("public, max-age={max_age_seconds}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
