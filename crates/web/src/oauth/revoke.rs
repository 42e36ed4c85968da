//! `POST /oauth2/revoke`: OAuth 2.0 Token Revocation (RFC 7009). Who holds a pass may revoke it; there are no clients that
//! could authenticate.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::pass::SignedPass;
use daypass_app::{Code, Refusal};
use serde_json::json;

use super::error;
use super::form::{self, TokenForm};
use crate::describe::{Answer, Body as Described, Components, Header, Operation, Refusals};
use crate::state::Web;
use crate::{answer, body};

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    Operation {
        id: "revoke",
        tag: "oauth",
        summary: "Revoke a pass (RFC 7009)",
        description: "Holding the pass suffices. The answer is the same for a token that is none.",
        body: Some(Described {
            media_type: form::MEDIA_TYPE,
            schema: components.request::<TokenForm>(),
            example: json!({ "token": "eyJ…" }),
        }),
        answers: vec![Answer {
            status: 200,
            description: "it is not valid any more",
            content: Vec::new(),
            headers: vec![Header::always("cache-control")],
        }],
        refusals: vec![Refusals::of(error::OAUTH, &[body::REFUSALS, UNAVAILABLE])],
        ..Operation::default()
    }
}

/// Where whether the token is valid cannot be told now.
pub(super) const UNAVAILABLE: &[Code] = &[Code::StoreUnavailable, Code::KeysUnavailable];

/// Revokes `token`. Of one that is not valid nothing is left to revoke (RFC 7009 §2.2), and nothing is told.
pub(crate) async fn revoke(State(web): State<Arc<Web>>, headers: HeaderMap, body: Body) -> Response {
    match revoked(&web, &headers, body).await {
        Ok(()) => (StatusCode::OK, [(header::CACHE_CONTROL, answer::NO_STORE)]).into_response(),
        Err(refusal) => error::response(&refusal, None),
    }
}

async fn revoked(web: &Web, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let token = form::read::<TokenForm>(headers, body).await?.token()?;
    let now = web.app.now();
    match SignedPass::verify(&web.app, &token, None, now).await {
        Ok(pass) => pass.revoke(&web.app, now).await.map(drop),
        Err(refusal) if refusal.is_of_token() => Ok(()),
        Err(refusal) => Err(refusal),
    }
}
