//! Whether an answer is one that the OpenAPI document promises: every answer that a test of this crate gets is held against it.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::http::Answer;
use super::schema;

/// The document of the server.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| daypass_web::openapi_document(None));

/// Headers that are HTTP's own, or of a server with a certificate, and not of one answer.
const OF_THE_CONNECTION: [&str; 7] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
    "strict-transport-security",
    "allow",
];

/// Holds an answer to these bytes against the document. What has no request id did not come from a route.
pub(crate) fn check(request: &[u8], answer: &Answer) {
    let text = String::from_utf8_lossy(request);
    let mut words = text.split([' ', '\r']);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
    if answer.header("x-request-id").is_none() {
        return;
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let fault = |why: &str| panic!("{method} {path}: {} {why:.300}: {:.300}", answer.status, answer.body);
    let response = documented(method, path, answer.status).unwrap_or_else(|| fault("is not documented"));
    let headers = response["headers"].as_object().unwrap();
    for (name, header) in headers {
        let is_required = resolved(header)["required"] == json!(true);
        assert!(!is_required || answer.header(name).is_some(), "{method} {path}: no header {name}");
    }
    for (name, _) in &answer.headers {
        let is_known = headers.contains_key(name) || OF_THE_CONNECTION.contains(&name.as_str());
        assert!(is_known, "{method} {path}: {} has the header {name}", answer.status);
    }
    if method != "HEAD"
        && let Err(why) = body(&response, answer)
    {
        fault(&why);
    }
}

/// What the document says of this answer to this request.
fn documented(method: &str, path: &str, status: u16) -> Option<Value> {
    let shared = |name: &str| Some(DOCUMENT["components"]["responses"][name].clone());
    let Some(operations) = DOCUMENT["paths"].get(path) else {
        return match status {
            404 => shared("NotFound"),
            _ => of_any_operation(status),
        };
    };
    let method = if method == "HEAD" && path != "/v1.0/auth/jwt" { "get" } else { &method.to_lowercase() };
    match operations.get(method) {
        Some(operation) => operation["responses"].get(status.to_string()).map(resolved),
        None if status == 405 => shared("MethodNotAllowed"),
        None => of_any_operation(status),
    }
}

/// What the layers around every handler refuse, whatever the path and the method.
fn of_any_operation(status: u16) -> Option<Value> {
    DOCUMENT["paths"]["/healthz"]["get"]["responses"]
        .get(status.to_string())
        .filter(|_| status >= 400)
        .cloned()
}

fn body(response: &Value, answer: &Answer) -> Result<(), String> {
    let none = Map::new();
    let content = response["content"].as_object().unwrap_or(&none);
    let media_type = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let Some(media) = content.get(media_type) else {
        let is_empty = media_type.is_empty() && answer.body.is_empty() && content.is_empty();
        return if is_empty { Ok(()) } else { Err(format!("is `{media_type}`")) };
    };
    let value = if media_type.ends_with("json") { answer.json() } else { json!(answer.body) };
    if let (Some(examples), Some(code)) = (media["examples"].as_object(), value["code"].as_str())
        && !examples.keys().any(|name| name.rsplit('.').next() == Some(code))
    {
        return Err(format!("has the code `{code}`, which is not documented there"));
    }
    schema::check(&media["schema"], &value)
}

/// What a reference in the document points to; anything else itself.
pub(crate) fn resolved(value: &Value) -> Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap().clone(),
        None => value.clone(),
    }
}
