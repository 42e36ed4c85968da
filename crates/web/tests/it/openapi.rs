//! The OpenAPI document: complete, true, and given by every server.

use std::collections::BTreeSet;

use daypass_app::Code;
use daypass_web::{ROUTES, openapi_document};
use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::documented::{DOCUMENT, resolved};
use crate::support::http::{Answer, send};
use crate::support::schema;

async fn start() -> TestApp {
    Setup::new().start().await
}

/// Every response that is described, with where.
fn responses() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (path, operations) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                all.push((format!("{method} {path}: {status}"), response.clone()));
            }
        }
    }
    for (name, response) in DOCUMENT["components"]["responses"].as_object().unwrap() {
        all.push((name.clone(), response.clone()));
    }
    all
}

/// The examples of a response, by name, with the schema that they must have.
fn examples(response: &Value) -> Vec<(String, Value, Value)> {
    let content = response["content"].as_object().into_iter().flatten();
    content
        .flat_map(|(_, media)| {
            let examples = media["examples"].as_object().into_iter().flatten();
            examples.map(|(name, example)| {
                (name.clone(), resolved(example)["value"].clone(), media["schema"].clone())
            })
        })
        .collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of the developer, not of the product")]
fn the_copy_in_the_documentation_is_the_one_that_is_made() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let made = format!("{:#}\n", openapi_document(None));
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(path, &made).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == made, "make it anew: UPDATE_DOCS=1 cargo nextest run -p daypass-web openapi");
}

#[test]
fn every_route_is_described_with_its_methods_and_nothing_else_is() {
    let described: BTreeSet<String> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations
                .as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let routes: BTreeSet<String> = ROUTES
        .iter()
        .flat_map(|route| route.methods.iter().map(|method| format!("{method} {}", route.path)))
        .collect();
    assert_eq!(described, routes);
    let all: Vec<&Value> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .collect();
    let ids: BTreeSet<&str> =
        all.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "two operations have one name: {ids:?}");
}

#[test]
fn every_code_is_described_with_an_example_that_has_its_schema_and_its_status() {
    let mut seen = BTreeSet::new();
    for (place, response) in responses() {
        for (name, example, schema) in examples(&response) {
            schema::check(&schema, &example).unwrap_or_else(|fault| panic!("{place}: {name}: {fault}"));
            let code = example["code"].as_str().unwrap().to_owned();
            assert!(
                response["description"].as_str().unwrap().contains(&format!("`{code}`")),
                "{place}: {name}"
            );
            if let Some(status) = example["status"].as_u64() {
                assert!(place.ends_with(&status.to_string()) || !place.contains('/'), "{place}: {name}");
            }
            seen.insert(code);
        }
    }
    let all: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(seen, all);
}

/// What a server answered is the example, but for ids.
fn is_example(answer: &Answer, name: &str) {
    let mut wanted = DOCUMENT["components"]["examples"][name]["value"].clone();
    assert!(wanted.is_object(), "there is no example `{name}`");
    if wanted.get("exchange_id").is_some() {
        wanted["exchange_id"] = answer.json()["exchange_id"].clone();
        assert!(wanted["exchange_id"].is_string(), "{}", answer.body);
    }
    assert_eq!(answer.json(), wanted, "{name}");
}

#[tokio::test]
async fn examples_are_what_a_server_answers() {
    let app = start().await;
    let bearer = |token: &str| format!("Bearer {token}");
    is_example(&app.get("/v1.0/whoami", None).await, "bearer.credentials_missing");
    is_example(&app.get("/v1.0/whoami", Some("a.b.c")).await, "bearer.pass_invalid");
    is_example(&app.get("/nowhere", None).await, "problem.not_found");
    is_example(&send(app.address, "PUT", "/healthz", &[], b"").await, "problem.method_not_allowed");
    let large = bearer(&"a".repeat(17_000));
    let answer = send(app.address, "GET", "/v1.0/whoami", &[("Authorization", &large)], b"").await;
    is_example(&answer, "bearer.token_too_large");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = send(app.address, "POST", "/oauth2/token", &form, b"grant_type=x").await;
    is_example(&answer, "oauth.grant_type_unsupported");
    let too_large = vec![b'a'; 40_000];
    is_example(
        &send(app.address, "POST", "/oauth2/token", &form, &too_large).await,
        "oauth.request_too_large",
    );
    // {"alg":"RS256"}.{"iss":"https://issuer.example"}.
    let stranger = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIn0.AAAA";
    is_example(&app.exchange(stranger, None).await, "exchange.issuer_unknown");
    let body = json!({ "token": stranger });
    is_example(&app.post_json("/v1.0/exchange", &body).await, "exchange.issuer_unknown");
    let body =
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={stranger}");
    let answer = send(app.address, "POST", "/oauth2/token", &form, body.as_bytes()).await;
    is_example(&answer, "jwt-bearer.issuer_unknown");
}

#[tokio::test]
async fn a_server_gives_its_document_with_its_own_address_and_not_twice() {
    let app = start().await;
    let answer = send(app.address, "GET", "/openapi.json", &[("Host", "evil.example")], b"").await;
    assert_eq!(answer.status, 400, "two hosts");
    let answer = app.get("/openapi.json", None).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json(), openapi_document(Some(app.app.public_url().as_str())));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    let etag = answer.header("etag").unwrap().to_owned();
    let again = send(app.address, "GET", "/openapi.json", &[("If-None-Match", &etag)], b"").await;
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(etag.as_str())));
    let other = send(app.address, "GET", "/openapi.json", &[("If-None-Match", "\"other\"")], b"").await;
    assert_eq!(other.status, 200);
}
