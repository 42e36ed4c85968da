//! `POST /oauth2/introspect`: OAuth 2.0 Token Introspection (RFC 7662). A service asks about the passes that it is shown, any
//! holder about its own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::Refusal;
use daypass_app::pass::{VerifiedPass, introspect};
use daypass_jose::{Json, Object, Secret};
use serde::Serialize;

use super::error;
use super::form::{self, Form};
use crate::state::Web;
use crate::{answer, bearer, problem};

/// RFC 7662 §2.2. Of what is not active, and of what is none of the caller's business, nothing else is said.
#[derive(Serialize)]
struct Answer<'a> {
    active: bool,
    #[serde(flatten)]
    pass: Option<Content<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    token_type: &'static str,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    nbf: Option<&'a Json>,
    jti: Option<&'a str>,
    scope: Option<&'a Json>,
    client_id: Option<&'a Json>,
    role: Option<&'a Json>,
    account: Option<&'a Object>,
    project: Option<&'a Object>,
    run: Option<&'a Object>,
    exchange: Option<&'a Json>,
}

/// Tells the Bearer what it may know of `token`.
pub(crate) async fn tell(State(web): State<Arc<Web>>, headers: HeaderMap, body: Body) -> Response {
    // RFC 7662 §2.3: who asks by a Bearer token is refused as RFC 6750 §3 says.
    let asking = match asking(&web, &headers).await {
        Ok(asking) => asking,
        Err(refusal) => return problem::of_credential(&refusal, None),
    };
    let asked = match read(&headers, body).await {
        Ok(token) => introspect(&web.app, &asking, &token, web.app.now()).await,
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(pass) => {
            let pass = pass.as_ref().map(content);
            answer::json_no_store(StatusCode::OK, &Answer { active: pass.is_some(), pass })
        }
        Err(refusal) => error::response(&refusal, None),
    }
}

async fn asking(web: &Web, headers: &HeaderMap) -> Result<VerifiedPass, Refusal> {
    let token = bearer::token(headers)?;
    VerifiedPass::verify(&web.app, &token, None, web.app.now()).await
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Secret, Refusal> {
    form::token(&mut Form::read(headers, body).await?)
}

fn content(pass: &VerifiedPass) -> Content<'_> {
    let claims = pass.claims();
    Content {
        token_type: "Bearer",
        iss: claims.issuer().as_str(),
        sub: claims.subject(),
        aud: claims.audience(),
        iat: claims.issued_at().seconds(),
        exp: claims.expires_at().seconds(),
        nbf: claims.claim("nbf"),
        jti: claims.token_id(),
        scope: claims.claim("scope"),
        client_id: claims.claim("client_id"),
        role: claims.claim("role"),
        account: pass.object("account"),
        project: pass.object("project"),
        run: pass.object("run"),
        exchange: claims.claim("exchange"),
    }
}
