//! `GET /v1.0/whoami`: what a pass says about its bearer. Gives nothing but the pass's own content.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::Refusal;
use daypass_app::pass::{self, VerifiedPass};
use daypass_jose::{Json, Object};
use schemars::JsonSchema;
use serde::Serialize;

use crate::describe::{Account, Answer, Components, Credential, Header, Operation, Project, Refusals, Run};
use crate::state::Web;
use crate::{answer, bearer, problem};

/// What a pass says of its bearer
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Whoami")]
struct Body<'a> {
    /// `project:ID` or `role:NAME`
    sub: &'a str,
    #[schemars(with = "Option<String>")]
    role: Option<&'a Json>,
    /// What it may do, with blanks between
    #[schemars(with = "Option<String>")]
    scope: Option<&'a Json>,
    /// Whom it is for
    aud: &'a str,
    #[schemars(with = "Option<Account>")]
    account: Option<&'a Object>,
    #[schemars(with = "Option<Project>")]
    project: Option<&'a Object>,
    #[schemars(with = "Option<Run>")]
    run: Option<&'a Object>,
    /// Under which the ledger has the exchange
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    exchange: Option<&'a Json>,
    /// Under which the ledger has the pass
    jti: Option<&'a str>,
    /// When it was issued, in seconds since 1970
    iat: i64,
    /// When it expires, in seconds since 1970
    exp: i64,
    /// For how long it is valid yet, in seconds
    expires_in: i64,
}

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    Operation {
        id: "whoami",
        tag: "pass",
        summary: "What a pass says about its bearer",
        description: "Takes any pass of this server, whatever its audience, and gives nothing but its content.",
        credential: Credential::Pass(&[]),
        answers: vec![Answer {
            status: 200,
            description: "what the pass says",
            content: vec![("application/json", components.answer::<Body<'_>>())],
            headers: vec![Header::always("cache-control")],
        }],
        refusals: vec![Refusals::of(problem::BEARER, &[bearer::REFUSALS, pass::REFUSALS])],
        ..Operation::default()
    }
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
