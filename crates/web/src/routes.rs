//! The table of routes: every address of the server stands here, once.

use std::sync::Arc;

use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router, middleware};
use daypass_app::{Code, Refusal};
use serde_json::Value;

use crate::describe::{Components, Described, Operation};
use crate::openapi::{self, Served};
use crate::state::Web;
use crate::{health, layers, native, oauth, problem, seed, well_known};

/// One address, what it wants to see, and how it is described.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The path, as the router writes it.
    pub path: &'static str,
    /// Its methods.
    pub methods: &'static [&'static str],
    /// Whether it answers without a credential.
    pub open: bool,
    /// Its handlers.
    handlers: fn() -> MethodRouter<Arc<Web>>,
    /// What the OpenAPI document says of it.
    operation: fn(&mut Components) -> Operation,
}

/// Every route; the router and the document are made of this. A test sends each one that is not open a request without a
/// credential.
pub const ROUTES: &[Route] = &[
    closed("/v1.0/auth/jwt", &["GET", "POST"], auth_jwt, seed::auth_jwt::operation),
    closed("/v1.0/config", &["GET"], || get(seed::config::show), seed::config::operation),
    closed("/v1.0/exchange", &["POST"], || post(native::exchange::give), native::exchange::operation),
    closed("/v1.0/whoami", &["GET"], || get(native::whoami::show), native::whoami::operation),
    closed("/v1.0/revoke", &["POST"], || post(native::revoke::revoke), native::revoke::operation),
    closed("/v1.0/verify", &["GET"], || get(native::verify::verify), native::verify::operation),
    closed("/oauth2/token", &["POST"], || post(oauth::token::give), oauth::token::operation),
    closed("/oauth2/introspect", &["POST"], || post(oauth::introspect::tell), oauth::introspect::operation),
    closed("/oauth2/revoke", &["POST"], || post(oauth::revoke::revoke), oauth::revoke::operation),
    open("/.well-known/openid-configuration", || get(well_known::openid), well_known::openid_operation),
    open(BEFORE_PATH, || get(well_known::oauth), well_known::oauth_operation),
    open("/.well-known/jwks.json", || get(well_known::jwks), well_known::jwks_operation),
    open("/openapi.json", || get(openapi::show), openapi::operation),
    open("/healthz", || get(health::healthz), health::healthz_operation),
    open("/readyz", || get(health::readyz), health::readyz_operation),
];

/// RFC 8414 §3.1 puts the well-known part before the path of the issuer.
const BEFORE_PATH: &str = "/.well-known/oauth-authorization-server";

const fn open(
    path: &'static str,
    handlers: fn() -> MethodRouter<Arc<Web>>,
    operation: fn(&mut Components) -> Operation,
) -> Route {
    Route { path, methods: &["GET"], open: true, handlers, operation }
}

const fn closed(
    path: &'static str,
    methods: &'static [&'static str],
    handlers: fn() -> MethodRouter<Arc<Web>>,
    operation: fn(&mut Components) -> Operation,
) -> Route {
    Route { path, methods, open: false, handlers, operation }
}

fn auth_jwt() -> MethodRouter<Arc<Web>> {
    get(seed::auth_jwt::give).post(seed::auth_jwt::give).head(seed::auth_jwt::head)
}

/// The OpenAPI document of the server at this address; of one at an address for examples where none is given.
pub fn openapi_document(url: Option<&str>) -> Value {
    let described = ROUTES.iter().map(|Route { path, methods, operation, .. }| Described {
        path,
        methods,
        operation: *operation,
    });
    openapi::document(&described.collect::<Vec<_>>(), url)
}

/// The router of the whole server, below the path of `public_url` where it has one.
pub fn router(web: Arc<Web>) -> Router {
    let base_path = web.app.public_url().base_path().to_owned();
    let url = web.app.public_url().as_str().to_owned();
    let served = Served::new(move || openapi_document(Some(&url)));
    let routes = routes();
    let routes = if base_path.is_empty() {
        routes
    } else {
        let before_path = format!("{BEFORE_PATH}{base_path}");
        Router::new()
            .nest(&base_path, routes.clone())
            .route(&before_path, get(well_known::oauth))
            .merge(routes)
    };
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(Arc::new(served)))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), layers::around))
        .with_state(web)
}

fn routes() -> Router<Arc<Web>> {
    ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handlers)()))
}

async fn not_found() -> Response {
    problem::plain(&Refusal::new(Code::NotFound))
}

async fn method_not_allowed() -> Response {
    problem::plain(&Refusal::new(Code::MethodNotAllowed))
}
