//! The endpoint from which a GitHub job asks for its tokens.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use daypass_jose::{Object, Secret};

use crate::shared::{Shared, not_found};

/// No audience is longer.
const MAX_AUDIENCE_BYTES: usize = 1024;

/// `GET /_apis/pipelines/jobs/{job}/idtoken`
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/_apis/pipelines/jobs/{job}/idtoken", get(id_token))
}

async fn id_token(
    State(shared): State<Arc<Shared>>,
    Path(job): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(job) = shared.job(&job) else { return not_found().await };
    if !bearer(&headers).is_some_and(|token| job.is_request_token(&token)) {
        let challenge = [(WWW_AUTHENTICATE, "Bearer")];
        let text = "send `Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN`\n";
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
    let audience = match audience(query.as_deref().unwrap_or_default()) {
        Ok(audience) => audience,
        Err(text) => return (StatusCode::BAD_REQUEST, text).into_response(),
    };
    match job.mint(audience.as_deref(), &[]) {
        Ok(token) => {
            let headers = [(CONTENT_TYPE, "application/json; charset=utf-8"), (CACHE_CONTROL, "no-store")];
            (headers, envelope(&token)).into_response()
        }
        Err(fault) => {
            tracing::error!(fault = %fault, "the emulator cannot sign a token");
            (StatusCode::INTERNAL_SERVER_ERROR, "cannot sign a token\n").into_response()
        }
    }
}

/// The token in the envelope of GitHub's answers; `count` is its number of characters.
fn envelope(token: &Secret) -> String {
    let mut answer = Object::default();
    answer.insert("count", i64::try_from(token.size_bytes()).unwrap_or(i64::MAX));
    answer.insert("value", token.reveal());
    answer.to_string()
}

/// The one Bearer token; its scheme's case does not matter (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.to_owned()))
}

/// The audience that is asked for; an empty one counts as none.
fn audience(query: &str) -> Result<Option<String>, &'static str> {
    let mut values = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name == "audience" && !value.is_empty())
        .map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err("a token has one audience; send `audience` once\n"),
        (Some(audience), None) if audience.len() > MAX_AUDIENCE_BYTES => Err("the audience is too long\n"),
        (audience, _) => Ok(audience),
    }
}
