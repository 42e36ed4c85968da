//! `GET /v1.0/whoami`: what a pass says about its bearer. Gives nothing but the pass's own content.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::Refusal;
use daypass_app::pass::VerifiedPass;
use serde::Serialize;

use daypass_jose::{Json, Object};

use crate::state::Web;
use crate::{answer, bearer, problem};

#[derive(Serialize)]
struct Body<'a> {
    sub: &'a str,
    role: Option<&'a Json>,
    scope: Option<&'a Json>,
    aud: &'a str,
    account: Option<&'a Object>,
    project: Option<&'a Object>,
    run: Option<&'a Object>,
    exchange: Option<&'a Json>,
    jti: Option<&'a str>,
    iat: i64,
    exp: i64,
    expires_in: i64,
}

/// Tells the bearer of any pass of this server who it is.
pub(crate) async fn show(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    match read(&web, &headers).await {
        Ok(response) => response,
        Err(refusal) => problem::of_credential(&refusal, None),
    }
}

async fn read(web: &Web, headers: &HeaderMap) -> Result<Response, Refusal> {
    let token = bearer::token(headers)?;
    let now = web.app.now();
    let pass = VerifiedPass::verify(&web.app, &token, None, now).await?;
    let claims = pass.claims();
    let body = Body {
        sub: claims.subject(),
        role: claims.claim("role"),
        scope: claims.claim("scope"),
        aud: claims.audience(),
        account: pass.object("account"),
        project: pass.object("project"),
        run: pass.object("run"),
        exchange: claims.claim("exchange"),
        jti: claims.token_id(),
        iat: claims.issued_at().seconds(),
        exp: claims.expires_at().seconds(),
        expires_in: claims.expires_at().seconds().saturating_sub(now.seconds()).max(0),
    };
    Ok(answer::json_no_store(StatusCode::OK, &body))
}
