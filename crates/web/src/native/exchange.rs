//! `POST /v1.0/exchange`: one token, any number of credentials, or a dry run that explains.

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
use daypass_jose::ids::ExchangeId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{self, EXCHANGE_ID};
use crate::describe::{Answer, Body as Described, Components, Header, Operation, Refusals};
use crate::state::{Context, Web};
use crate::{body, problem};

/// What is wanted for an identity token
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExchangeRequest")]
struct Asking {
    /// The identity token
    token: String,
    /// The role to take; without it, what onboarded repositories may have
    role: Option<String>,
    /// Kinds of credential; without any, all that the role grants
    #[serde(default)]
    credentials: Vec<String>,
    /// For how long; can only shorten what the role says
    ttl: Option<Ttl>,
    /// Decide and explain; mint nothing, and use nothing up
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Ttl {
    /// In seconds
    Seconds(#[schemars(range(min = 1))] i64),
    /// As `15m`
    Duration(String),
}

/// What an exchange gives
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExchangeAnswer")]
struct Given<'a> {
    #[schemars(with = "String", extend("format" = "uuid"))]
    exchange_id: ExchangeId,
    /// The role that was taken
    role: &'a str,
    /// When the pass ends; not in a dry run
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Option<String>,
    /// True in a dry run
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    credentials: Credentials<'a>,
}

/// What was given, by kind
#[derive(Serialize, JsonSchema)]
struct Credentials<'a> {
    api: Api<'a>,
}

/// A pass
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiCredential")]
struct Api<'a> {
    /// The pass; not in a dry run
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    access_token: Option<&'a str>,
    /// For how long it is valid, in seconds
    expires_in: i64,
    /// What it may do, with blanks between
    scope: String,
    /// Whom it is for
    audience: &'a str,
}

const MEDIA_TYPE: &str = "application/json";

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    Operation {
        id: "exchange",
        tag: "exchange",
        summary: "Exchange an identity token for credentials, or ask what it would give",
        description: "A dry run decides and explains; it mints nothing and uses nothing up, and is recorded as one.",
        body: Some(Described {
            media_type: MEDIA_TYPE,
            schema: components.request::<Asking>(),
            example: json!({ "token": "eyJ…", "role": "deploy", "credentials": ["api"], "ttl": "15m", "dry_run": false }),
        }),
        answers: vec![Answer {
            status: 200,
            description: "what was given, or would be",
            content: vec![(MEDIA_TYPE, components.answer::<Given<'_>>())],
            headers: vec![Header::always("daypass-exchange-id"), Header::always("cache-control")],
        }],
        refusals: vec![
            Refusals::of(problem::BEARER, &[body::REFUSALS]),
            Refusals::of(problem::EXCHANGE, &[exchange::REFUSALS, &[Code::RequestInvalid]])
                .and("not_allowed_differs", answer::differing()),
        ],
        ..Operation::default()
    }
}

/// Exchanges the token of the body.
pub(crate) async fn give(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request = match read(&headers, body, context).await {
        Ok(request) => request,
        Err(refusal) => return problem::of_credential(&refusal, None),
    };
    match exchange::exchange(&web.app, &request).await {
        Ok(issued) => answer(&issued),
        Err(refused) => problem::of_credential(&refused.refusal, Some(refused.exchange_id)),
    }
}

async fn read(headers: &HeaderMap, body: Body, context: Context) -> Result<Request, Refusal> {
    let bytes = body::read(headers, body, MEDIA_TYPE).await?;
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
    let (expires_at, dry_run, api) = match &issued.outcome {
        Outcome::Pass(pass) => (
            Some(pass.expires_at.to_string()),
            false,
            Api {
                access_token: Some(pass.token.reveal()),
                expires_in: pass.expires_in_seconds,
                scope: pass.scope(),
                audience: &pass.audience,
            },
        ),
        Outcome::DryRun(terms) => (
            None,
            true,
            Api {
                access_token: None,
                expires_in: terms.ttl_seconds,
                scope: terms.scopes.join(" "),
                audience: &terms.audience,
            },
        ),
    };
    let credentials = Credentials { api };
    let given =
        Given { exchange_id: issued.exchange_id, role: &issued.role, expires_at, dry_run, credentials };
    let mut response = answer::json_no_store(StatusCode::OK, &given);
    if let Ok(value) = HeaderValue::try_from(issued.exchange_id.to_string()) {
        response.headers_mut().insert(EXCHANGE_ID, value);
    }
    response
}
