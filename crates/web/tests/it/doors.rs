//! Each credential at each door: the diagonal opens, nothing else does.

use daypass_store::AccountStatus;
use daypass_web::ROUTES;
use serde_json::{Value, json};

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::{Answer, send};

const ROLES: &str = r#"
[roles.deploy]
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
"#;

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(ROLES).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

/// Shows a credential where this route wants one.
async fn show(app: &TestApp, method: &str, path: &str, credential: &str) -> Answer {
    let bearer = format!("Bearer {credential}");
    match path {
        "/v1.0/exchange" => app.post_json(path, &json!({"token": credential})).await,
        "/oauth2/token" => {
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
                .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
                .append_pair("subject_token", credential)
                .finish();
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            send(app.address, method, path, &headers, body.as_bytes()).await
        }
        "/oauth2/introspect" | "/oauth2/revoke" => {
            let body =
                form_urlencoded::Serializer::new(String::new()).append_pair("token", credential).finish();
            let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &bearer)];
            send(app.address, method, path, &headers, body.as_bytes()).await
        }
        "/v1.0/verify" => {
            let path = format!("{path}?audience={}", app.app.project_audience());
            send(app.address, method, &path, &[("Authorization", &bearer)], b"").await
        }
        _ => send(app.address, method, path, &[("Authorization", &bearer)], b"").await,
    }
}

#[tokio::test]
async fn every_credential_at_every_door_opens_its_own_alone() {
    let (kit, mut table, app) = start().await;
    let mut opened = Vec::new();
    for route in ROUTES.iter().filter(|route| !route.open) {
        for method in route.methods {
            let own = app.exchange(&kit.honest(&mut table), None).await.body;
            let other = app.exchange(&kit.honest(&mut table), Some("deploy")).await.body;
            let kinds = [("identity", kit.honest(&mut table)), ("own", own), ("other", other)];
            for (kind, credential) in kinds {
                let answer = show(&app, method, route.path, &credential).await;
                if answer.status == 200 {
                    opened.push(format!("{kind}: {method} {}", route.path));
                } else {
                    let is_refused = [400, 401, 403].contains(&answer.status);
                    assert!(is_refused, "{kind} {method} {}: {}", route.path, answer.status);
                }
            }
        }
    }
    assert_eq!(
        opened,
        [
            "identity: GET /v1.0/auth/jwt",
            "identity: POST /v1.0/auth/jwt",
            "own: GET /v1.0/config",
            "identity: POST /v1.0/exchange",
            "own: GET /v1.0/whoami",
            "other: GET /v1.0/whoami",
            "own: POST /v1.0/revoke",
            "other: POST /v1.0/revoke",
            "own: GET /v1.0/verify",
            "identity: POST /oauth2/token",
            "own: POST /oauth2/introspect",
            "other: POST /oauth2/introspect",
            // Says yes to everything, as RFC 7009 has it; what it revokes is told in `revocation`.
            "identity: POST /oauth2/revoke",
            "own: POST /oauth2/revoke",
            "other: POST /oauth2/revoke",
        ]
    );
}

#[tokio::test]
async fn a_token_that_names_the_server_itself_as_its_issuer_is_refused() {
    let (kit, mut table, app) = start().await;
    let public_url = format!("http://{}", app.address);
    for audience in [kit.audience.clone(), public_url.clone()] {
        let mut claims = kit.claims(&mut table);
        claims.insert("iss".to_owned(), public_url.clone().into());
        claims.insert("aud".to_owned(), audience.into());
        let answer = app.exchange(&kit.main.key().honest(&claims.into()), None).await;
        assert_eq!((answer.status, answer.code()), (401, "token_type_refused".to_owned()));
    }
}

/// `scope` in every spelling that is not one of the granted ones, or not a list of scopes at all.
#[tokio::test]
async fn a_scope_outside_the_grant_is_refused_however_it_is_spelled() {
    let (kit, mut table, app) = start().await;
    let ask = async |table: &mut Table, scope: &str| {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
            .append_pair("subject_token", &kit.honest(table))
            .append_pair("role", "deploy")
            .append_pair("scope", scope)
            .finish();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        send(app.address, "POST", "/oauth2/token", &headers, body.as_bytes()).await
    };
    let long = "releases:write ".repeat(700);
    for scope in [
        "*",
        "releases:*",
        "RELEASES:WRITE",
        "releases:writ",
        "releases:write admin:projects",
        "releases:write,releases:read",
        "releases:write\tx",
        "releases:write\0",
        "config:read",
    ] {
        let answer = ask(&mut table, scope).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_scope")), "{scope:?}");
        assert_eq!(answer.json()["access_token"], Value::Null);
    }
    for scope in ["releases:write", "releases:write ", " releases:write", long.as_str()] {
        let answer = ask(&mut table, scope).await;
        let (status, scope) = (answer.status, answer.json()["scope"].clone());
        assert!(status == 400 || (status, &scope) == (200, &json!("releases:write")), "{status} {scope}");
    }
}
