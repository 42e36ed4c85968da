//! `GET` or `POST /v1.0/auth/jwt`: a Bearer identity token goes in, a pass comes out, as text.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::exchange;
use daypass_app::request::{Asked, Issued, Outcome, Request};
use daypass_app::{Code, Refusal};
use serde_json::json;

use crate::answer::{self, EXCHANGE_ID, NO_STORE};
use crate::describe::{Answer, Components, Credential, Header, Operation, Parameter, Refusals};
use crate::oauth::answer::TokenAnswer;
use crate::state::{Context, Web};
use crate::{bearer, problem};

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    Operation {
        id: "exchangeBearer",
        tag: "exchange",
        summary: "Exchange an identity token for a pass",
        description: "The identity token of the job goes in as Bearer, the pass comes out as text, or as JSON with \
                      `Accept: application/json`. A token of most CI systems can be exchanged once. A body is not read, and \
                      `HEAD` is refused: it would use the token up.",
        credential: Credential::IdentityToken,
        parameters: vec![Parameter {
            name: "role",
            place: "query",
            is_required: false,
            description: "the role to take; without it, what onboarded repositories may have",
            schema: json!({ "type": "string" }),
        }],
        answers: vec![Answer {
            status: 200,
            description: "the pass",
            content: vec![
                ("text/plain", json!({ "type": "string" })),
                ("application/json", components.answer::<TokenAnswer<'_>>()),
            ],
            headers: vec![Header::always("daypass-exchange-id"), Header::always("cache-control")],
        }],
        refusals: vec![
            Refusals::of(problem::BEARER, &[bearer::REFUSALS, &[Code::RequestInvalid]]),
            Refusals::of(problem::EXCHANGE, &[exchange::REFUSALS])
                .and("not_allowed_differs", answer::differing()),
        ],
        ..Operation::default()
    }
}

/// Exchanges the Bearer token for a pass.
pub(crate) async fn give(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = match read(query.as_deref(), &headers) {
        Ok((token, role)) => {
            Request { token, asked: Asked { role, ..Asked::default() }, origin: context.origin("seed") }
        }
        Err(refusal) => return problem::of_credential(&refusal, None),
    };
    match exchange::exchange(&web.app, &request).await {
        Ok(issued) => answer(&issued, wants_json(&headers)),
        Err(refused) => problem::of_credential(&refused.refusal, Some(refused.exchange_id)),
    }
}

/// `HEAD` never exchanges: it would spend the token and show nothing.
pub(crate) async fn head() -> Response {
    let mut response = problem::of_credential(&Refusal::new(Code::MethodNotAllowed), None);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

fn read(query: Option<&str>, headers: &HeaderMap) -> Result<(daypass_jose::Secret, Option<String>), Refusal> {
    let role = role(query.unwrap_or(""))?;
    Ok((bearer::token(headers)?, role))
}

/// The one parameter that there is. A token in a URL would be in every log between, so nothing unknown is passed over.
fn role(query: &str) -> Result<Option<String>, Refusal> {
    let mut role = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let refuse = |detail: &str| Err(Refusal::new(Code::RequestInvalid).with_detail(detail));
        if name != "role" {
            return refuse(
                "the only parameter of this address is `role`; the token belongs into the Authorization header",
            );
        }
        if role.replace(value.into_owned()).is_some() {
            return refuse("the parameter `role` stands twice");
        }
    }
    Ok(role)
}

fn answer(issued: &Issued, as_json: bool) -> Response {
    let Outcome::Pass(pass) = &issued.outcome else {
        return problem::of_credential(&Refusal::internal("a dry run on the seed face"), None);
    };
    let mut response = if as_json {
        answer::json(StatusCode::OK, &TokenAnswer::of(pass, issued.exchange_id))
    } else {
        let text = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
        (StatusCode::OK, text, pass.token.reveal().to_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    if let Ok(value) = HeaderValue::try_from(issued.exchange_id.to_string()) {
        headers.insert(EXCHANGE_ID, value);
    }
    response
}

fn wants_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| {
        value
            .split(',')
            .any(|range| range.split(';').next().is_some_and(|essence| essence.trim() == "application/json"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_is_the_one_parameter() {
        assert_eq!(role("").ok(), Some(None));
        assert_eq!(role("role=deploy").ok(), Some(Some("deploy".to_owned())));
        for query in ["token=a.b.c", "access_token=a", "role=a&role=b", "role=a&x", "Role=a"] {
            assert!(role(query).is_err(), "{query}");
        }
    }
}
