//! `POST /oauth2/introspect`: OAuth 2.0 Token Introspection (RFC 7662). A service asks about the passes that it is shown, any
//! holder about its own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daypass_app::Refusal;
use daypass_app::pass::{self, VerifiedPass, introspect};
use daypass_jose::{Json, Object, Secret};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::form::{self, TokenForm};
use super::{error, revoke};
use crate::describe::{
    self, Account, Body as Described, Components, Credential, Header, Operation, Project, Refusals, Run,
};
use crate::state::Web;
use crate::{answer, bearer, body, problem};

/// RFC 7662 §2.2. Of what is not active, and of what is none of the caller's business, nothing else is said.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Introspection")]
struct Answer<'a> {
    /// Whether it is valid, and the caller may know
    active: bool,
    #[serde(flatten)]
    pass: Option<Content<'a>>,
}

/// The claims of a pass; only where it is active
#[derive(Serialize, JsonSchema)]
struct Content<'a> {
    /// `Bearer`
    token_type: &'static str,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    /// Seconds since 1970
    iat: i64,
    /// Seconds since 1970
    exp: i64,
    /// Seconds since 1970
    #[schemars(with = "Option<i64>")]
    nbf: Option<&'a Json>,
    jti: Option<&'a str>,
    #[schemars(with = "Option<String>")]
    scope: Option<&'a Json>,
    #[schemars(with = "Option<String>")]
    client_id: Option<&'a Json>,
    #[schemars(with = "Option<String>")]
    role: Option<&'a Json>,
    #[schemars(with = "Option<Account>")]
    account: Option<&'a Object>,
    #[schemars(with = "Option<Project>")]
    project: Option<&'a Object>,
    #[schemars(with = "Option<Run>")]
    run: Option<&'a Object>,
    #[schemars(with = "Option<String>")]
    exchange: Option<&'a Json>,
}

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    Operation {
        id: "introspect",
        tag: "oauth",
        summary: "What a token says, and whether it is valid (RFC 7662)",
        description: "A pass asks about itself; one with the scope `introspect` about every pass of its own audience. Of \
                      everything else the answer is that it is not active.",
        credential: Credential::Pass(&[]),
        body: Some(Described {
            media_type: form::MEDIA_TYPE,
            schema: components.request::<TokenForm>(),
            example: json!({ "token": "eyJ…" }),
        }),
        answers: vec![describe::Answer {
            status: 200,
            description: "whether it is active, and what it says then",
            content: vec![("application/json", components.answer::<Answer<'_>>())],
            headers: vec![Header::always("cache-control")],
        }],
        // RFC 7662 §2.3: who asks by a Bearer token is refused as RFC 6750 §3 says, and in OAuth's words once that is good.
        refusals: vec![
            Refusals::of(problem::BEARER, &[bearer::REFUSALS, pass::REFUSALS]),
            Refusals::of(error::OAUTH, &[body::REFUSALS, revoke::UNAVAILABLE]),
        ],
        ..Operation::default()
    }
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
    form::read::<TokenForm>(headers, body).await?.token()
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
