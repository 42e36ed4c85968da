//! `POST /v1.0/revoke`: a pass revokes itself, as a job does at its end.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::Refusal;
use daypass_app::pass::SignedPass;
use daypass_jose::ids::{CredentialId, ExchangeId};
use serde::Serialize;

use crate::state::Web;
use crate::{answer, bearer, problem};

#[derive(Serialize)]
struct Body {
    revoked: bool,
    jti: CredentialId,
    exchange: ExchangeId,
    revoked_at: String,
}

/// Revokes the Bearer pass. One that is revoked already is told the same: a job that asks twice has what it wants.
pub(crate) async fn revoke(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    match revoked(&web, &headers).await {
        Ok(body) => answer::json_no_store(StatusCode::OK, &body),
        Err(refusal) => problem::of_credential(&refusal, None),
    }
}

async fn revoked(web: &Web, headers: &HeaderMap) -> Result<Body, Refusal> {
    let token = bearer::token(headers)?;
    let now = web.app.now();
    let pass = SignedPass::verify(&web.app, &token, None, now).await?.revoke(&web.app, now).await?;
    Ok(Body { revoked: true, jti: pass.credential, exchange: pass.exchange, revoked_at: pass.at.to_string() })
}
