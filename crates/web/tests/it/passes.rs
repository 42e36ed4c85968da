//! What a pass is good for, and where it is good for nothing.

use daypass_store::{AccountStatus, Project, ProjectStatus};
use serde_json::{Value, json};

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp, claims_of};
use crate::support::http::{Answer, send};

const ROLES: &str = r#"
[roles.deploy]
max_ttl = "1h"
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
event_name          = ["push", "pull_request"]
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write", "releases:read"]
"#;

struct Played {
    kit: Kit,
    table: Table,
    app: TestApp,
    project: Project,
}

async fn start() -> Played {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(ROLES).start().await;
    let project = app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    Played { kit, table: Table::default(), app, project }
}

async fn pass(app: &TestApp, token: &str, role: Option<&str>) -> String {
    let answer = app.exchange(token, role).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn result(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

#[tokio::test]
async fn a_pass_carries_account_project_and_run_from_verified_claims_alone() {
    let Played { kit, mut table, app, project } = start().await;
    let pull = [("event_name", Some(json!("pull_request"))), ("ref", Some(json!("refs/pull/7/merge")))];
    let token = kit.with(&mut table, &pull);
    let claims = claims_of(&pass(&app, &token, None).await);
    let public_url = format!("http://{}", app.address);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(public_url), &json!(public_url)));
    assert_eq!(claims["sub"], json!(format!("project:{}", project.id)));
    assert_eq!((&claims["scope"], &claims["role"]), (&json!("config:read"), &json!("project")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    let account = json!({"id": project.account_id.to_string(), "provider": "github", "external_id": "65", "name": "octo-org", "tenant": "acme"});
    assert_eq!(claims["account"], account);
    let repository = json!({"id": project.id.to_string(), "provider": "github", "external_id": "123456789", "path": "octo-org/octo-repo"});
    assert_eq!(claims["project"], repository);
    assert_eq!(
        claims["run"],
        json!({
            "id": "4283094502", "attempt": "1", "job": "77001", "event": "pull_request", "ref": "refs/pull/7/merge",
            "workflow": "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
            "sha": "0123456789abcdef0123456789abcdef01234567", "environment": null, "pull_request": 7,
        })
    );
}

#[tokio::test]
async fn a_role_gives_its_own_audience_and_scopes() {
    let Played { kit, mut table, app, .. } = start().await;
    let claims = claims_of(&pass(&app, &kit.honest(&mut table), Some("deploy")).await);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("role:deploy"), &json!("https://api.example.com")));
    assert_eq!(claims["scope"], json!("releases:write releases:read"));
}

#[tokio::test]
async fn what_is_asked_can_narrow_and_never_widen() {
    let Played { kit, mut table, app, .. } = start().await;
    for (ttl, expires_in) in
        [(json!("5m"), 300), (json!(60), 60), (json!("1h"), 3600), (json!("9h"), 3600), (Value::Null, 900)]
    {
        let body = json!({"token": kit.honest(&mut table), "role": "deploy", "ttl": ttl});
        let answer = app.post_json("/v1.0/exchange", &body).await;
        assert_eq!(
            answer.json()["credentials"]["api"]["expires_in"],
            json!(expires_in),
            "{ttl}: {}",
            answer.body
        );
    }
    for ttl in [json!("0m"), json!(0), json!(-5), json!("x"), json!(1.5)] {
        let body = json!({"token": kit.honest(&mut table), "role": "deploy", "ttl": ttl});
        assert_eq!(
            result(&app.post_json("/v1.0/exchange", &body).await),
            (400, "request_invalid".to_owned()),
            "{ttl}"
        );
    }
    let ask = |table: &mut Table, more: &[(&str, &str)]| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        form.append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
        form.append_pair("subject_token", &kit.honest(table)).append_pair("role", "deploy");
        form.extend_pairs(more).finish()
    };
    for (more, wanted) in [
        (&[("scope", "releases:read")][..], Ok("releases:read")),
        (&[("scope", "releases:read releases:read releases:read")][..], Ok("releases:read")),
        (&[("audience", "https://api.example.com")][..], Ok("releases:write releases:read")),
        (&[("resource", "https://api.example.com")][..], Ok("releases:write releases:read")),
        (&[("scope", "releases:read admin:x")][..], Err("invalid_scope")),
        (&[("audience", "https://evil.example")][..], Err("invalid_target")),
        (
            &[("audience", "https://api.example.com"), ("resource", "https://evil.example")][..],
            Err("invalid_target"),
        ),
    ] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = ask(&mut table, more);
        let answer = send(app.address, "POST", "/oauth2/token", &headers, body.as_bytes()).await;
        match wanted {
            Ok(scope) => {
                assert_eq!((answer.status, &answer.json()["scope"]), (200, &json!(scope)), "{more:?}");
            }
            Err(error) => {
                assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(error)), "{more:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_credential_that_is_not_granted_is_refused_and_spends_nothing() {
    let Played { kit, mut table, app, .. } = start().await;
    let token = kit.honest(&mut table);
    for (kinds, wanted) in [
        (json!(["aws"]), (403, "credential_not_granted")),
        (json!(["api", "registry"]), (403, "credential_not_granted")),
        (json!(["root"]), (400, "request_invalid")),
    ] {
        let answer = app.post_json("/v1.0/exchange", &json!({"token": token, "credentials": kinds})).await;
        assert_eq!(result(&answer), (wanted.0, wanted.1.to_owned()), "{kinds}");
    }
    let answer = app.post_json("/v1.0/exchange", &json!({"token": token, "credentials": ["api"]})).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_configuration_is_for_the_projects_own_pass() {
    let Played { kit, mut table, app, project } = start().await;
    let now = app.app.now();
    app.app.store().projects().set_config(project.id, r#"{"severity":"high"}"#, now).await.unwrap();
    let own = pass(&app, &kit.honest(&mut table), None).await;
    let config = app.get("/v1.0/config", Some(&own)).await;
    assert_eq!(config.status, 200, "{}", config.body);
    assert_eq!(config.json()["config"], json!({"severity": "high"}));
    assert_eq!(config.json()["project"]["id"], json!(project.id.to_string()));
    assert_eq!(config.json()["run"]["job"], json!("77001"));
    let etag = config.header("etag").unwrap().to_owned();
    let again = [("Authorization", format!("Bearer {own}")), ("If-None-Match", etag)];
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(send(app.address, "GET", "/v1.0/config", &again, b"").await.status, 304);
    let other = pass(&app, &kit.honest(&mut table), Some("deploy")).await;
    assert_eq!(
        result(&app.get("/v1.0/config", Some(&other)).await),
        (401, "pass_for_another_audience".to_owned())
    );
}

#[tokio::test]
async fn each_credential_opens_its_own_doors_alone() {
    let Played { kit, mut table, app, .. } = start().await;
    let identity = kit.honest(&mut table);
    let own = pass(&app, &kit.honest(&mut table), None).await;
    let at_api = app.get("/v1.0/config", Some(&identity)).await;
    assert_eq!(result(&at_api), (401, "pass_invalid".to_owned()));
    assert!(
        at_api.json()["detail"].as_str().unwrap().contains("identity token, not a pass"),
        "{}",
        at_api.body
    );
    assert_eq!(result(&app.get("/v1.0/whoami", Some(&identity)).await), (401, "pass_invalid".to_owned()));
    assert_eq!(
        result(&app.exchange(&own, None).await),
        (401, "token_type_refused".to_owned()),
        "no chaining"
    );
    let chained = app.post_json("/v1.0/exchange", &json!({"token": own})).await;
    assert_eq!(chained.status, 401);
    let whoami = app.get("/v1.0/whoami", Some(&own)).await;
    assert_eq!((whoami.status, &whoami.json()["role"]), (200, &json!("project")));
}

#[tokio::test]
async fn an_altered_or_expired_pass_opens_nothing() {
    let Played { kit, mut table, app, .. } = start().await;
    let own = pass(&app, &kit.honest(&mut table), None).await;
    for at in [5, own.len() / 2, own.len() - 5] {
        let mut altered = own.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(app.get("/v1.0/whoami", Some(&altered)).await.status, 401, "byte {at}");
    }
    app.advance(900 + 59).await;
    assert_eq!(app.get("/v1.0/whoami", Some(&own)).await.status, 200);
    app.advance(1).await;
    assert_eq!(result(&app.get("/v1.0/whoami", Some(&own)).await), (401, "pass_expired".to_owned()));
}

#[tokio::test]
async fn a_suspended_project_has_nothing_under_any_role_and_what_it_has_stops_working() {
    let Played { kit, mut table, app, project } = start().await;
    let own = pass(&app, &kit.honest(&mut table), None).await;
    let projects = app.app.store().projects();
    for status in [ProjectStatus::Suspended, ProjectStatus::Deleted] {
        projects.set_status(project.id, status, app.app.now()).await.unwrap();
        for role in [None, Some("deploy")] {
            let answer = app.exchange(&kit.honest(&mut table), role).await;
            assert_eq!(result(&answer), (403, "project_unavailable".to_owned()), "{status:?} {role:?}");
        }
        assert_eq!(
            result(&app.get("/v1.0/config", Some(&own)).await),
            (403, "project_unavailable".to_owned())
        );
    }
    projects.set_status(project.id, ProjectStatus::Active, app.app.now()).await.unwrap();
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    assert_eq!(app.get("/v1.0/config", Some(&own)).await.status, 200);
}

#[tokio::test]
async fn a_pending_account_waits_and_a_transferred_repository_is_suspended() {
    let Played { kit, mut table, app, .. } = start().await;
    let own = pass(&app, &kit.honest(&mut table), None).await;
    app.onboard("main", "123456789", "65", AccountStatus::Pending).await;
    assert_eq!(result(&app.get("/v1.0/config", Some(&own)).await), (403, "project_unavailable".to_owned()));
    let pending = app.exchange(&kit.honest(&mut table), None).await;
    assert_eq!(result(&pending), (403, "project_unavailable".to_owned()));
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    let moved = [("repository_owner_id", Some(json!("999"))), ("repository_owner", Some(json!("evil")))];
    let moved = kit.with(&mut table, &moved);
    assert_eq!(app.exchange(&moved, None).await.status, 403);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
}

#[tokio::test]
async fn a_fault_of_the_server_is_told_without_its_inside() {
    let Played { kit, mut table, app, project } = start().await;
    let own = pass(&app, &kit.honest(&mut table), None).await;
    app.app.store().projects().set_config(project.id, "no JSON, by a fault", app.app.now()).await.unwrap();
    let answer = app.get("/v1.0/config", Some(&own)).await;
    assert_eq!(result(&answer), (500, "internal_error".to_owned()));
    assert!(!answer.body.contains("by a fault") && !answer.body.contains(&project.id.to_string()));
}

#[tokio::test]
async fn a_pass_without_the_scope_is_told_which_one_it_lacks() {
    let kit = Kit::start().await;
    let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
    let app = setup.scopes(&["findings:write"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    let own = pass(&app, &kit.honest(&mut Table::default()), None).await;
    let answer = app.get("/v1.0/config", Some(&own)).await;
    assert_eq!(result(&answer), (403, "insufficient_scope".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
    assert_eq!(app.get("/v1.0/whoami", Some(&own)).await.status, 200);
}
