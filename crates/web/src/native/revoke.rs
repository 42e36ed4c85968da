//! `POST /v1.0/revoke`: a pass revokes itself, as a job does at its end.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::pass::{self, SignedPass};
use daypass_app::{Code, Refusal};
use daypass_jose::ids::{CredentialId, ExchangeId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::describe::{Answer, Components, Credential, Header, Operation, Refusals};
use crate::state::Web;
use crate::{answer, bearer, problem};

/// A pass that opens nothing any more
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revoked")]
struct Body {
    /// True
    revoked: bool,
    /// Under which the ledger has the pass
    #[schemars(with = "String", extend("format" = "uuid"))]
    jti: CredentialId,
    /// Under which it has the exchange
    #[schemars(with = "String", extend("format" = "uuid"))]
    exchange: ExchangeId,
    /// When it was revoked, which may be earlier than now
    #[schemars(extend("format" = "date-time"))]
    revoked_at: String,
}

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    let codes = pass::REFUSALS.iter().copied().filter(|code| *code != Code::PassRevoked);
    let codes: Vec<Code> = codes.collect();
    Operation {
        id: "revokeBearer",
        tag: "pass",
        summary: "Revoke the pass that comes as Bearer",
        description: "Holding the pass suffices. One that is revoked already is answered the same. A body is not read.",
        credential: Credential::Pass(&[]),
        answers: vec![Answer {
            status: 200,
            description: "it is revoked, on every server of the database",
            content: vec![("application/json", components.answer::<Body>())],
            headers: vec![Header::always("cache-control")],
        }],
        refusals: vec![Refusals::of(problem::BEARER, &[bearer::REFUSALS, &codes])],
        ..Operation::default()
    }
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
