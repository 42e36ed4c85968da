//! `/metrics`, on a listener of its own: it names issuers and says how much is going on, which is nobody's business outside.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use daypass_app::App;
use daypass_app::metrics::TEXT_FORMAT;

/// The router of the listener for Prometheus.
pub fn metrics_router(app: Arc<App>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<Arc<App>>) -> Response {
    match app.scrape() {
        Ok(text) => ([(header::CONTENT_TYPE, HeaderValue::from_static(TEXT_FORMAT))], text).into_response(),
        Err(fault) => {
            tracing::error!("metrics cannot be shown: {fault}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
