//! Every route of the table: what it is without a credential, and what the open ones say.

use daypass_web::ROUTES;
use serde_json::json;

use crate::support::app::{Setup, TestApp};
use crate::support::http::send;

async fn start() -> TestApp {
    Setup::new().start().await
}

#[tokio::test]
async fn every_route_that_is_not_open_refuses_who_shows_nothing() {
    let app = start().await;
    for route in ROUTES {
        for method in route.methods {
            let answer = send(app.address, method, route.path, &[], b"").await;
            let is_refused = [400, 401, 415].contains(&answer.status) && !answer.code().is_empty();
            assert_eq!(is_refused, !route.open, "{method} {}: {} {}", route.path, answer.status, answer.body);
        }
    }
}

#[tokio::test]
async fn every_route_is_in_the_router_and_takes_its_methods_alone() {
    let app = start().await;
    for route in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let answer = send(app.address, method, route.path, &[], b"").await;
            assert_ne!(answer.status, 404, "{method} {}", route.path);
            assert_eq!(
                answer.status == 405,
                !route.methods.contains(&method),
                "{method} {}: {}",
                route.path,
                answer.status
            );
            if answer.status == 405 {
                let allow = answer.header("allow").unwrap_or_default();
                assert!(
                    route.methods.iter().all(|method| allow.contains(method)),
                    "{}: `{allow}`",
                    route.path
                );
                assert_eq!(answer.code(), "method_not_allowed");
            }
        }
    }
    let nowhere = send(app.address, "GET", "/nowhere", &[], b"").await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_request_without_a_credential_gets_a_challenge_without_an_error() {
    let app = start().await;
    let answer = send(app.address, "GET", "/v1.0/auth/jwt", &[], b"").await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer realm=\"daypass\"")));
    assert_eq!((answer.code().as_str(), answer.json()["error"].is_null()), ("credentials_missing", true));
}

#[tokio::test]
async fn metadata_speaks_of_the_settings_and_never_of_the_request() {
    let app = start().await;
    let url = format!("http://{}", app.address);
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let evil = [
            ("X-Forwarded-Host", "evil.example"),
            ("Forwarded", "host=evil.example"),
            ("X-Original-URL", "http://evil.example/"),
        ];
        let answer = send(app.address, "GET", path, &evil, b"").await;
        assert_eq!(answer.json()["issuer"], json!(url));
        assert_eq!(answer.json()["jwks_uri"], json!(format!("{url}/.well-known/jwks.json")));
        assert_eq!(answer.json()["token_endpoint"], json!(format!("{url}/oauth2/token")));
        assert!(!answer.body.contains("evil"));
    }
    let keys = send(app.address, "GET", "/.well-known/jwks.json", &[], b"").await;
    let key = &keys.json()["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("EC"), &json!("ES256"), &json!("sig")));
    assert!(key["d"].is_null() && keys.header("cache-control").unwrap().contains("max-age=300"));
}

#[tokio::test]
async fn metadata_says_what_works_and_all_of_it() {
    let app = start().await;
    let url = app.app.public_url().as_str().to_owned();
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let metadata = send(app.address, "GET", path, &[], b"").await.json();
        let members = metadata.as_object().unwrap();
        let mut endpoints: Vec<&str> = members
            .iter()
            .filter(|(name, _)| name.ends_with("_endpoint"))
            .map(|(_, value)| value.as_str().unwrap().strip_prefix(&url).unwrap())
            .collect();
        endpoints.sort_unstable();
        let mut routes: Vec<&str> =
            ROUTES.iter().map(|route| route.path).filter(|path| path.starts_with("/oauth2/")).collect();
        routes.sort_unstable();
        assert_eq!(endpoints, routes, "{path}");
        for endpoint in ["token", "introspection", "revocation"] {
            let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
            let form = [("Content-Type", "application/x-www-form-urlencoded")];
            let path = members[&format!("{endpoint}_endpoint")].as_str().unwrap().strip_prefix(&url).unwrap();
            let answer = send(app.address, "POST", path, &form, b"").await;
            // Without a credential: a request that lacks a parameter, or one that lacks the credential.
            let wanted = if *methods == json!(["Bearer"]) { 401 } else { 400 };
            assert_eq!(answer.status, wanted, "{endpoint}: {methods}");
        }
        let grants: Vec<&str> = metadata["grant_types_supported"]
            .as_array()
            .unwrap()
            .iter()
            .map(|grant| grant.as_str().unwrap())
            .collect();
        for grant in
            grants.iter().copied().chain(["client_credentials", "authorization_code", "refresh_token"])
        {
            let body =
                form_urlencoded::Serializer::new(String::new()).append_pair("grant_type", grant).finish();
            let form = [("Content-Type", "application/x-www-form-urlencoded")];
            let answer = send(app.address, "POST", "/oauth2/token", &form, body.as_bytes()).await;
            let is_supported = answer.json()["error"] != json!("unsupported_grant_type");
            assert_eq!(is_supported, grants.contains(&grant), "{grant}");
        }
    }
}

#[tokio::test]
async fn health_and_readiness_answer_and_nobody_else_may_read_across_origins() {
    let app = start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = send(app.address, "GET", path, &[("Origin", "https://evil.example")], b"").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.header("access-control-allow-origin").is_none());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn every_route_is_in_the_documentation() {
    let documentation =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md")).unwrap();
    for route in ROUTES {
        for method in route.methods {
            let entry = format!("`{method} {}`", route.path);
            assert!(documentation.contains(&entry), "docs/api.md does not name {entry}");
        }
    }
}
