//! `POST /v1.0/exchange`: one token, any number of credentials, or a dry run that explains.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use daypass_app::request::{Asked, Issued, Outcome, Request};
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, EXCHANGE_ID};
use crate::state::{Context, Web};
use crate::{body, problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    token: String,
    role: Option<String>,
    #[serde(default)]
    credentials: Vec<String>,
    ttl: Option<Ttl>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ttl {
    Seconds(i64),
    Duration(String),
}

/// Exchanges the token of the body.
pub(crate) async fn exchange(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request = match read(&headers, body, context).await {
        Ok(request) => request,
        Err(refusal) => return problem::of_credential(&refusal, None),
    };
    match daypass_app::exchange::exchange(&web.app, &request).await {
        Ok(issued) => answer(&issued),
        Err(refused) => problem::of_credential(&refused.refusal, Some(refused.exchange_id)),
    }
}

async fn read(headers: &HeaderMap, body: Body, context: Context) -> Result<Request, Refusal> {
    let bytes = body::read(headers, body, "application/json").await?;
    let asking: Asking = serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Refusal::new(Code::RequestInvalid)
            .with_detail(format!("the body is not the JSON object of this endpoint (line {line}, column {column})"))
            .with_hint(r#"{"token": "…", "role": "…", "credentials": ["api"], "ttl": "15m", "dry_run": false}; only `token` is needed"#)
    })?;
    let ttl_seconds = asking.ttl.map(seconds).transpose()?;
    let Asking { token, role, credentials, dry_run, .. } = asking;
    let asked = Asked { role, credentials, ttl_seconds, dry_run, ..Asked::default() };
    Ok(Request { token: Secret::new(token), asked, origin: context.origin("native") })
}

fn seconds(ttl: Ttl) -> Result<i64, Refusal> {
    match ttl {
        Ttl::Seconds(seconds) => Ok(seconds),
        Ttl::Duration(text) => daypass_policy::parse_duration(&text).map_err(|_| {
            Refusal::new(Code::RequestInvalid)
                .with_detail("`ttl` is not a duration")
                .with_hint("write `15m` or `900`")
        }),
    }
}

fn answer(issued: &Issued) -> Response {
    let body = match &issued.outcome {
        Outcome::Pass(pass) => json!({
            "exchange_id": issued.exchange_id,
            "role": issued.role,
            "expires_at": pass.expires_at.to_string(),
            "credentials": { "api": {
                "access_token": pass.token.reveal(),
                "expires_in": pass.expires_in_seconds,
                "scope": pass.scope(),
                "audience": pass.audience,
            }},
        }),
        Outcome::DryRun(terms) => json!({
            "exchange_id": issued.exchange_id,
            "role": issued.role,
            "dry_run": true,
            "credentials": { "api": {
                "expires_in": terms.ttl_seconds,
                "scope": terms.scopes.join(" "),
                "audience": terms.audience,
            }},
        }),
    };
    respond(&body, issued)
}

fn respond(body: &Value, issued: &Issued) -> Response {
    let mut response = answer::json_no_store(StatusCode::OK, body);
    if let Ok(value) = HeaderValue::try_from(issued.exchange_id.to_string()) {
        response.headers_mut().insert(EXCHANGE_ID, value);
    }
    response
}
