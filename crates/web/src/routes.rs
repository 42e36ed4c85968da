//! The table of routes: every address of the server stands here, once.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use daypass_app::{Code, Refusal};

use crate::state::Web;
use crate::{health, layers, native, oauth, problem, seed, well_known};

/// One address, and what it wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The path, as the router writes it.
    pub path: &'static str,
    /// Its methods.
    pub methods: &'static [&'static str],
    /// Whether it answers without a credential.
    pub open: bool,
}

/// Every route. A test sends each one that is not open a request without a credential.
pub const ROUTES: &[Route] = &[
    Route { path: "/v1.0/auth/jwt", methods: &["GET", "POST"], open: false },
    Route { path: "/v1.0/config", methods: &["GET"], open: false },
    Route { path: "/v1.0/exchange", methods: &["POST"], open: false },
    Route { path: "/v1.0/whoami", methods: &["GET"], open: false },
    Route { path: "/v1.0/revoke", methods: &["POST"], open: false },
    Route { path: "/v1.0/verify", methods: &["GET"], open: false },
    Route { path: "/oauth2/token", methods: &["POST"], open: false },
    Route { path: "/oauth2/introspect", methods: &["POST"], open: false },
    Route { path: "/oauth2/revoke", methods: &["POST"], open: false },
    Route { path: "/.well-known/openid-configuration", methods: &["GET"], open: true },
    Route { path: "/.well-known/oauth-authorization-server", methods: &["GET"], open: true },
    Route { path: "/.well-known/jwks.json", methods: &["GET"], open: true },
    Route { path: "/healthz", methods: &["GET"], open: true },
    Route { path: "/readyz", methods: &["GET"], open: true },
];

/// The router of the whole server, below the path of `public_url` where it has one.
pub fn router(web: Arc<Web>) -> Router {
    let base_path = web.app.public_url().base_path().to_owned();
    let routes = routes();
    let routes = if base_path.is_empty() {
        routes
    } else {
        // RFC 8414 §3.1 puts the well-known part before the path of the issuer.
        let before_path = format!("/.well-known/oauth-authorization-server{base_path}");
        Router::new()
            .nest(&base_path, routes.clone())
            .route(&before_path, get(well_known::oauth))
            .merge(routes)
    };
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&web), layers::around))
        .with_state(web)
}

fn routes() -> Router<Arc<Web>> {
    Router::new()
        .route(
            "/v1.0/auth/jwt",
            get(seed::auth_jwt::exchange).post(seed::auth_jwt::exchange).head(seed::auth_jwt::head),
        )
        .route("/v1.0/config", get(seed::config::show))
        .route("/v1.0/exchange", post(native::exchange::exchange))
        .route("/v1.0/whoami", get(native::whoami::show))
        .route("/v1.0/revoke", post(native::revoke::revoke))
        .route("/v1.0/verify", get(native::verify::verify))
        .route("/oauth2/token", post(oauth::token::exchange))
        .route("/oauth2/introspect", post(oauth::introspect::tell))
        .route("/oauth2/revoke", post(oauth::revoke::revoke))
        .route("/.well-known/openid-configuration", get(well_known::openid))
        .route("/.well-known/oauth-authorization-server", get(well_known::oauth))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
}

async fn not_found() -> Response {
    problem::plain(&Refusal::new(Code::NotFound))
}

async fn method_not_allowed() -> Response {
    problem::plain(&Refusal::new(Code::MethodNotAllowed))
}
