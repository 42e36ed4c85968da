//! `POST /oauth2/token`: OAuth 2.0 Token Exchange (RFC 8693) and JWT authorization grants (RFC 7523 §2.1), for clients that
//! exist already.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use daypass_app::request::{Asked, Issued, Outcome, Request};
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;

use super::answer::{ACCESS_TOKEN_TYPE, TokenAnswer};
use super::error;
use super::form::Form;
use super::grant::Grant;
use crate::answer::{self, EXCHANGE_ID};
use crate::state::{Context, Web};

/// Types under which an identity token may be sent (RFC 8693 §3).
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// Types that may be asked for; what is given is an access token that is a JWT.
const REQUESTED_TOKEN_TYPES: [&str; 2] = [ACCESS_TOKEN_TYPE, "urn:ietf:params:oauth:token-type:jwt"];

/// Exchanges the identity token of a grant for an access token.
pub(crate) async fn exchange(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (grant, request) = match read(&headers, body, context).await {
        Ok(read) => read,
        Err(refusal) => return error::response(&refusal, None),
    };
    match daypass_app::exchange::exchange(&web.app, &request).await {
        Ok(issued) => answer(&issued),
        Err(refused) => error::of_grant(grant, &refused.refusal, refused.exchange_id),
    }
}

async fn read(headers: &HeaderMap, body: Body, context: Context) -> Result<(Grant, Request), Refusal> {
    let mut form = Form::read(headers, body).await?;
    let grant = Grant::from_type(&form.require("grant_type")?)?;
    let token = match grant {
        Grant::TokenExchange => {
            let token = form.require("subject_token")?;
            check_types(&mut form)?;
            token
        }
        Grant::JwtBearer => form.require("assertion")?,
    };
    let asked = Asked {
        role: form.take("role"),
        audience: target(&mut form)?,
        scopes: form.take("scope").map(|scope| scope.split(' ').map(ToOwned::to_owned).collect()),
        ..Asked::default()
    };
    Ok((grant, Request { token: Secret::new(token), asked, origin: context.origin("oauth") }))
}

fn check_types(form: &mut Form) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::new(Code::RequestInvalid).with_detail(detail));
    let subject_token_type = form.require("subject_token_type")?;
    if !SUBJECT_TOKEN_TYPES.contains(&subject_token_type.as_str()) {
        return refuse(format!("`subject_token_type` must be one of {}", SUBJECT_TOKEN_TYPES.join(", ")));
    }
    if form.take("requested_token_type").is_some_and(|asked| !REQUESTED_TOKEN_TYPES.contains(&asked.as_str()))
    {
        return refuse(format!("`requested_token_type` must be one of {}", REQUESTED_TOKEN_TYPES.join(", ")));
    }
    if form.take("actor_token").or_else(|| form.take("actor_token_type")).is_some() {
        return refuse("delegation is not offered: leave `actor_token` out".to_owned());
    }
    Ok(())
}

/// One target: `audience` and `resource` name the same thing here, and may not name two.
fn target(form: &mut Form) -> Result<Option<String>, Refusal> {
    match (form.take("audience"), form.take("resource")) {
        (Some(audience), Some(resource)) if audience != resource => Err(Refusal::new(Code::TargetInvalid)
            .with_detail("`audience` and `resource` name two targets; a credential has one")),
        (audience, resource) => Ok(audience.or(resource)),
    }
}

fn answer(issued: &Issued) -> Response {
    let Outcome::Pass(pass) = &issued.outcome else {
        return error::response(&Refusal::internal("a dry run on the OAuth face"), None);
    };
    let mut response = answer::json_no_store(StatusCode::OK, &TokenAnswer::of(pass, issued.exchange_id));
    if let Ok(value) = HeaderValue::try_from(issued.exchange_id.to_string()) {
        response.headers_mut().insert(EXCHANGE_ID, value);
    }
    response
}
