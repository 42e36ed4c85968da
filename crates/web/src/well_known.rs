//! What clients and APIs find out by themselves: metadata (OpenID Connect Discovery §3, RFC 8414 §2) and keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_jose::Algorithm;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer;
use crate::describe::{Answer, Components, Header, JwkSet, Operation};
use crate::oauth::grant::Grant;
use crate::state::Web;

/// The media type of RFC 7517 §8.5.2.
const JWK_SET: &str = "application/jwk-set+json";

/// What the server can do (RFC 8414 §2, OpenID Connect Discovery §3)
#[derive(Serialize, JsonSchema)]
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

/// Members of OpenID Connect Discovery alone
#[derive(Serialize, JsonSchema)]
struct OpenId {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

/// How the document describes `/.well-known/oauth-authorization-server`.
pub(crate) fn oauth_operation(components: &mut Components) -> Operation {
    let content = ("application/json", components.answer::<Metadata>());
    described("getAuthorizationServer", "Metadata of the authorization server (RFC 8414)", content)
}

/// How the document describes `/.well-known/openid-configuration`.
pub(crate) fn openid_operation(components: &mut Components) -> Operation {
    let content = ("application/json", components.answer::<Metadata>());
    described("getOpenIdConfiguration", "Metadata (OpenID Connect Discovery)", content)
}

/// How the document describes `/.well-known/jwks.json`.
pub(crate) fn jwks_operation(components: &mut Components) -> Operation {
    let content = (JWK_SET, components.answer::<JwkSet>());
    described("getKeys", "The keys that verify passes (RFC 7517)", content)
}

fn described(id: &'static str, summary: &'static str, content: (&'static str, Value)) -> Operation {
    let headers = vec![Header::always("cache-control")];
    Operation {
        id,
        tag: "discovery",
        summary,
        description: "May be kept for as long as Cache-Control says.",
        answers: vec![Answer { status: 200, description: "found", content: vec![content], headers }],
        ..Operation::default()
    }
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
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(JWK_SET))];
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
