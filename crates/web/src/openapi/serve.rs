//! `GET /openapi.json`: the document of this very server, made when somebody first asks for it.

use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::answer;
use crate::describe::{Answer, Components, Header, Operation, Parameter};

/// It changes with the version and the address of the server alone.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The document, and what makes it.
pub(crate) struct Served {
    make: Box<dyn Fn() -> Value + Send + Sync>,
    made: OnceLock<(Bytes, String)>,
}

impl Served {
    pub(crate) fn new(make: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), made: OnceLock::new() }
    }

    /// Its bytes and their `ETag`.
    fn get(&self) -> &(Bytes, String) {
        self.made.get_or_init(|| {
            let bytes = Bytes::from((self.make)().to_string());
            let etag = answer::etag(&bytes);
            (bytes, etag)
        })
    }
}

/// How the document describes itself.
pub(crate) fn operation(_: &mut Components) -> Operation {
    let headers = || vec![Header::always("etag"), Header::always("cache-control")];
    let schema = json!({
        "type": "object",
        "properties": { "openapi": { "type": "string" } },
        "required": ["openapi", "info", "paths"],
        "additionalProperties": true,
    });
    Operation {
        id: "getDocument",
        tag: "discovery",
        summary: "This document",
        description: "As `daypass openapi --url URL` prints it.",
        parameters: vec![Parameter::if_none_match()],
        answers: vec![
            Answer {
                status: 200,
                description: "an OpenAPI document",
                content: vec![("application/json", schema)],
                headers: headers(),
            },
            Answer { status: 304, description: "unchanged", content: Vec::new(), headers: headers() },
        ],
        ..Operation::default()
    }
}

/// Gives the document.
pub(crate) async fn show(Extension(served): Extension<Arc<Served>>, headers: HeaderMap) -> Response {
    let (bytes, etag) = served.get();
    let mut response = if answer::is_known(etag, &headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (StatusCode::OK, json, bytes.clone()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    if let Ok(value) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
