//! `POST /oauth2/revoke`: OAuth 2.0 Token Revocation (RFC 7009). Who holds a pass may revoke it; there are no clients that
//! could authenticate.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::Refusal;
use daypass_app::pass::SignedPass;

use super::error;
use super::form::{self, Form};
use crate::answer;
use crate::state::Web;

/// Revokes `token`. Of one that is not valid nothing is left to revoke (RFC 7009 §2.2), and nothing is told.
pub(crate) async fn revoke(State(web): State<Arc<Web>>, headers: HeaderMap, body: Body) -> Response {
    match revoked(&web, &headers, body).await {
        Ok(()) => (StatusCode::OK, [(header::CACHE_CONTROL, answer::NO_STORE)]).into_response(),
        Err(refusal) => error::response(&refusal, None),
    }
}

async fn revoked(web: &Web, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let token = form::token(&mut Form::read(headers, body).await?)?;
    let now = web.app.now();
    match SignedPass::verify(&web.app, &token, None, now).await {
        Ok(pass) => pass.revoke(&web.app, now).await.map(drop),
        Err(refusal) if refusal.is_of_token() => Ok(()),
        Err(refusal) => Err(refusal),
    }
}
