//! The table of attacks on a token, run against each face.

mod accepted;
mod algorithm;
mod claims;
mod document;
mod encoded;
mod form;
pub(crate) mod kit;
mod rules;
mod signature;

use daypass_store::AccountStatus;
use serde_json::json;

use crate::support::app::{Setup, TestApp};
use crate::support::http::{Answer, send};
use kit::{Case, Expect, Kit, Table};

/// A good token after this many cases: no lock-out, no poisoned cache.
const CONTROL_EVERY: usize = 40;

const ROLES: &str = r#"
[roles.deploy]
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
repository_id       = "123456789"
ref                 = "refs/heads/main"
[[roles.deploy.deny]]
issuer             = "main"
runner_environment = "self-hosted"
absent             = "deny"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]

[roles.samekey]
[[roles.samekey.trust]]
issuer              = "same-key"
repository_owner_id = "65"
[roles.samekey.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]

[roles.environment]
[[roles.environment.trust]]
issuer              = "main"
repository_owner_id = "65"
environment         = "Production:V1"
[roles.environment.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]

[roles.reusable]
[[roles.reusable.trust]]
issuer              = "main"
repository_owner_id = "65"
job_workflow_ref    = "octo-org/shared/.github/workflows/x.yml@refs/heads/main"
[roles.reusable.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]

[roles.protected]
[[roles.protected.trust]]
issuer              = "main"
repository_owner_id = "65"
ref_protected       = "true"
[roles.protected.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]

[roles.wild]
[[roles.wild.trust]]
issuer              = "main"
repository_owner_id = "65"
ref                 = { glob = "refs/heads/release-*" }
[roles.wild.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Seed,
    Native,
    OAuth,
    /// The same endpoint by the grant of RFC 7523.
    Assertion,
}

impl Face {
    /// Whether it answers as RFC 6749 says.
    fn is_oauth(self) -> bool {
        matches!(self, Self::OAuth | Self::Assertion)
    }
}

async fn start(kit: &Kit) -> TestApp {
    let algorithms = ["ES256", "ES384", "EdDSA", "PS256", "RS384", "RS512"];
    let app = Setup::new()
        .shared("main", kit.main.url(), "github", &["RS256"])
        .shared("second", kit.second.url(), "github", &algorithms)
        .shared("same-key", kit.same_key.url(), "github", &["RS256"])
        .policy(ROLES)
        .start()
        .await;
    for issuer in ["main", "second", "same-key"] {
        app.onboard(issuer, "123456789", "65", AccountStatus::Accepted).await;
    }
    app
}

fn table(kit: &Kit) -> Table {
    let mut table = Table::default();
    accepted::cases(kit, &mut table);
    algorithm::cases(kit, &mut table);
    signature::cases(kit, &mut table);
    form::cases(kit, &mut table);
    claims::cases(kit, &mut table);
    rules::cases(kit, &mut table);
    table
}

async fn present(app: &TestApp, face: Face, case: &Case) -> Option<Answer> {
    match face {
        Face::Seed => {
            let path =
                case.role.map_or("/v1.0/auth/jwt".to_owned(), |role| format!("/v1.0/auth/jwt?role={role}"));
            let authorization = format!("Bearer {}", case.token);
            let head = format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: ",
                app.address
            );
            let request = [head.as_bytes(), authorization.as_bytes(), b"\r\n\r\n"].concat();
            crate::support::http::send_raw(app.address, &request).await
        }
        Face::Native => {
            let mut body = json!({"token": case.token});
            if let Some(role) = case.role {
                body["role"] = role.into();
            }
            Some(app.post_json("/v1.0/exchange", &body).await)
        }
        Face::OAuth | Face::Assertion => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            if face == Face::OAuth {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
                form.append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:id_token");
                form.append_pair("subject_token", &case.token);
            } else {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                form.append_pair("assertion", &case.token);
            }
            if let Some(role) = case.role {
                form.append_pair("role", role);
            }
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            Some(send(app.address, "POST", "/oauth2/token", &headers, form.finish().as_bytes()).await)
        }
    }
}

/// A token that no header can carry never reaches the server's own code on the seed face.
fn breaks_the_request(face: Face, case: &Case) -> bool {
    face == Face::Seed
        && case.expect != Expect::TokenBeyondHeaders
        && case.token.chars().any(|character| character.is_ascii_control() && character != '\t')
}

fn check(face: Face, case: &Case, answer: Option<&Answer>) -> Result<(), String> {
    let Some(answer) = answer else { return Err("no answer".to_owned()) };
    if breaks_the_request(face, case) {
        let is_refused = answer.status == 400 || answer.status == 401;
        return if is_refused { Ok(()) } else { Err(format!("status {}", answer.status)) };
    }
    let (got, code) = (answer.status, answer.code());
    let wanted = match case.expect {
        Expect::Accept => got == 200,
        Expect::Token(codes) => {
            let status = if face.is_oauth() { 400 } else { 401 };
            let is_malformed = code == "credentials_malformed" && got == 400;
            (got == status && codes.contains(&code.as_str())) || is_malformed
        }
        Expect::Policy => {
            let status = if face.is_oauth() { 400 } else { 403 };
            got == status && ["not_allowed", "project_unavailable"].contains(&code.as_str())
        }
        Expect::TokenBeyondHeaders if face == Face::Seed => got == 200,
        Expect::TokenBeyondHeaders => code == "token_malformed",
        Expect::Denied => {
            let status = if face.is_oauth() {
                400
            } else if code == "not_allowed" {
                403
            } else {
                401
            };
            got == status && ["not_allowed", "claim_malformed", "claim_missing"].contains(&code.as_str())
        }
        Expect::TooBig => got == 413 || got == 431,
    };
    if !wanted {
        return Err(format!("status {got}, code `{code}`, wanted {:?}", case.expect));
    }
    if got == 200 { accepted_in_form(answer) } else { refused_in_form(face, case, answer) }
}

fn accepted_in_form(answer: &Answer) -> Result<(), String> {
    let is_kept_from_caches = answer.header("cache-control") == Some("no-store");
    if is_kept_from_caches { Ok(()) } else { Err("a pass may be cached".to_owned()) }
}

fn refused_in_form(face: Face, case: &Case, answer: &Answer) -> Result<(), String> {
    if answer.status == 431 {
        return Ok(());
    }
    let body = answer.json();
    let error = body["error"].as_str().unwrap_or("");
    let has_error = match (face, answer.status) {
        (Face::OAuth, _) => error == "invalid_request",
        // A body that is too large is no assertion yet.
        (Face::Assertion, 413) => ["invalid_request", "invalid_grant"].contains(&error),
        // RFC 7523 §3.1; what is missing altogether is a fault of the request.
        (Face::Assertion, _) => {
            let wanted = if answer.code() == "request_invalid" { "invalid_request" } else { "invalid_grant" };
            error == wanted
        }
        (_, 401) => {
            error == "invalid_token"
                && answer.header("www-authenticate").is_some_and(|text| text.contains("invalid_token"))
        }
        (_, 403) => error == "access_denied",
        (_, _) => error == "invalid_request",
    };
    if !has_error {
        return Err(format!("error `{error}`"));
    }
    if answer.header("cache-control") != Some("no-store") || answer.header("x-request-id").is_none() {
        return Err("headers are missing".to_owned());
    }
    let longest = case.token.split('.').max_by_key(|part| part.len()).unwrap_or("");
    let echoed = longest.len() >= 16 && answer.body.contains(longest.get(..16).unwrap_or("\u{fffd}"));
    if echoed { Err("part of the token is echoed".to_owned()) } else { Ok(()) }
}

async fn run(face: Face) {
    let kit = Kit::start().await;
    let app = start(&kit).await;
    let mut table = table(&kit);
    let controls = table.cases.len() / CONTROL_EVERY;
    for index in 0..controls {
        let at = (controls - index) * CONTROL_EVERY;
        let control = kit.honest(&mut table);
        let case = Case { id: format!("control.{at}"), token: control, role: None, expect: Expect::Accept };
        table.cases.insert(at, case);
    }
    let (mut wrong, mut accepted) = (Vec::new(), 0);
    for case in &table.cases {
        let answer = present(&app, face, case).await;
        accepted += usize::from(answer.as_ref().is_some_and(|answer| answer.status == 200));
        if let Err(fault) = check(face, case, answer.as_ref()) {
            wrong.push(format!("{}: {fault}", case.id));
        }
    }
    assert!(wrong.is_empty(), "{} of {} on {face:?}:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
    assert!(table.cases.len() > 600, "the table has only {} cases", table.cases.len());
    assert_eq!(app.successes().await, accepted, "every pass has its record, and no refusal has one");
    assert_eq!(kit.evil.requests(), 0, "an unknown issuer costs no network");
}

#[tokio::test]
async fn the_table_holds_on_the_seed_face() {
    run(Face::Seed).await;
}

#[tokio::test]
async fn the_table_holds_on_the_native_face() {
    run(Face::Native).await;
}

#[tokio::test]
async fn the_table_holds_on_the_oauth_face() {
    run(Face::OAuth).await;
}

#[tokio::test]
async fn the_table_holds_on_the_oauth_face_by_assertion() {
    run(Face::Assertion).await;
}
