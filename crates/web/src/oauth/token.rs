//! `POST /oauth2/token`: OAuth 2.0 Token Exchange (RFC 8693) and JWT authorization grants (RFC 7523 §2.1), for clients that
//! exist already.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use daypass_app::exchange;
use daypass_app::request::{Asked, Issued, Outcome, Request};
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::answer::{ACCESS_TOKEN_TYPE, TokenAnswer};
use super::error;
use super::form;
use super::grant::Grant;
use crate::answer::{self, EXCHANGE_ID};
use crate::body;
use crate::describe::{Answer, Body as Described, Components, Header, Operation, Refusals};
use crate::state::{Context, Web};

/// The form of a grant: RFC 8693 §2.1 with `subject_token`, RFC 7523 §2.1 with `assertion`
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "GrantForm", transform = form::never_null)]
struct GrantForm {
    #[schemars(required, extend("enum" = Grant::ALL.map(Grant::grant_type)))]
    grant_type: Option<String>,
    /// The identity token of a token exchange
    subject_token: Option<String>,
    /// Wanted beside it
    #[schemars(extend("enum" = SUBJECT_TOKEN_TYPES))]
    subject_token_type: Option<String>,
    /// For a token exchange
    #[schemars(extend("enum" = REQUESTED_TOKEN_TYPES))]
    requested_token_type: Option<String>,
    /// Refused: delegation is not offered
    #[schemars(skip)]
    actor_token: Option<String>,
    /// Refused: delegation is not offered
    #[schemars(skip)]
    actor_token_type: Option<String>,
    /// The identity token as authorization grant
    assertion: Option<String>,
    /// The role to take (an extension); without it, what onboarded repositories may have
    role: Option<String>,
    /// The role's audience
    audience: Option<String>,
    /// The same by another name
    resource: Option<String>,
    /// Some of the role's scopes, with blanks between
    scope: Option<String>,
}

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    let of_grants = &[exchange::REFUSALS, &[Code::TargetInvalid, Code::ScopeInvalid][..]];
    let of_requests = &[body::REFUSALS, &[Code::GrantTypeUnsupported, Code::TargetInvalid][..]];
    Operation {
        id: "grant",
        tag: "oauth",
        summary: "OAuth 2.0 Token Exchange (RFC 8693), or a JWT as authorization grant (RFC 7523)",
        description: "The identity token is in the form and is the authentication: there are no clients. Parameters that \
                      nobody knows are passed over.",
        body: Some(Described {
            media_type: form::MEDIA_TYPE,
            schema: components.request::<GrantForm>(),
            example: json!({
                "grant_type": Grant::TokenExchange.grant_type(),
                "subject_token": "eyJ…",
                "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
                "role": "deploy",
            }),
        }),
        answers: vec![Answer {
            status: 200,
            description: "the pass",
            content: vec![("application/json", components.answer::<TokenAnswer<'_>>())],
            headers: vec![Header::always("daypass-exchange-id"), Header::always("cache-control")],
        }],
        refusals: vec![
            Refusals::of(error::OAUTH, of_requests),
            Refusals::of(error::TOKEN_EXCHANGE, of_grants).and("not_allowed_differs", answer::differing()),
            Refusals::of(error::JWT_BEARER, of_grants).and("not_allowed_differs", answer::differing()),
        ],
        ..Operation::default()
    }
}

/// Types under which an identity token may be sent (RFC 8693 §3).
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// Types that may be asked for; what is given is an access token that is a JWT.
const REQUESTED_TOKEN_TYPES: [&str; 2] = [ACCESS_TOKEN_TYPE, "urn:ietf:params:oauth:token-type:jwt"];

/// Exchanges the identity token of a grant for an access token.
pub(crate) async fn give(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (grant, request) = match read(&headers, body, context).await {
        Ok(read) => read,
        Err(refusal) => return error::response(&refusal, None),
    };
    match exchange::exchange(&web.app, &request).await {
        Ok(issued) => answer(&issued),
        Err(refused) => error::of_grant(grant, &refused.refusal, refused.exchange_id),
    }
}

async fn read(headers: &HeaderMap, body: Body, context: Context) -> Result<(Grant, Request), Refusal> {
    let mut form: GrantForm = form::read(headers, body).await?;
    let grant = Grant::from_type(&form::required("grant_type", form.grant_type.take())?)?;
    let token = match grant {
        Grant::TokenExchange => {
            let token = form::required("subject_token", form.subject_token.take())?;
            check_types(&form)?;
            token
        }
        Grant::JwtBearer => form::required("assertion", form.assertion.take())?,
    };
    let asked = Asked {
        audience: target(&form)?,
        scopes: form.scope.map(|scope| scope.split(' ').map(ToOwned::to_owned).collect()),
        role: form.role,
        ..Asked::default()
    };
    Ok((grant, Request { token: Secret::new(token), asked, origin: context.origin("oauth") }))
}

fn check_types(form: &GrantForm) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::new(Code::RequestInvalid).with_detail(detail));
    let subject_token_type = form::required("subject_token_type", form.subject_token_type.clone())?;
    if !SUBJECT_TOKEN_TYPES.contains(&subject_token_type.as_str()) {
        return refuse(format!("`subject_token_type` must be one of {}", SUBJECT_TOKEN_TYPES.join(", ")));
    }
    let requested = form.requested_token_type.as_deref();
    if requested.is_some_and(|asked| !REQUESTED_TOKEN_TYPES.contains(&asked)) {
        return refuse(format!("`requested_token_type` must be one of {}", REQUESTED_TOKEN_TYPES.join(", ")));
    }
    if form.actor_token.is_some() || form.actor_token_type.is_some() {
        return refuse("delegation is not offered: leave `actor_token` out".to_owned());
    }
    Ok(())
}

/// One target: `audience` and `resource` name the same thing here, and may not name two.
fn target(form: &GrantForm) -> Result<Option<String>, Refusal> {
    match (&form.audience, &form.resource) {
        (Some(audience), Some(resource)) if audience != resource => Err(Refusal::new(Code::TargetInvalid)
            .with_detail("`audience` and `resource` name two targets; a credential has one")),
        (audience, resource) => Ok(audience.clone().or_else(|| resource.clone())),
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
