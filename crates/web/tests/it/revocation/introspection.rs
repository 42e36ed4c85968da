//! Who learns what of a pass by asking: its service and its holder all of it, everybody else nothing.

use daypass_store::AccountStatus;
use serde_json::{Value, json};

use super::{form, introspect, revoke_by_form, start};
use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, claims_of};

#[tokio::test]
async fn a_service_asks_about_passes_of_its_own_audience_and_any_holder_about_its_own() {
    let mut played = start().await;
    let service = played.pass(None, &[]).await;
    let own = played.pass(None, &[("run_id", "1")]).await;
    let foreign = played.pass(Some("deploy"), &[]).await;
    let identity = played.kit.honest(&mut played.table);
    let answer = introspect(&played.app, &service, &own).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let (told, claims) = (answer.json(), claims_of(&own));
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    for name in [
        "iss",
        "sub",
        "aud",
        "iat",
        "nbf",
        "exp",
        "jti",
        "scope",
        "client_id",
        "role",
        "account",
        "project",
        "run",
        "exchange",
    ] {
        assert_eq!(told[name], claims[name], "{name}");
    }
    // Of itself each may know.
    assert_eq!(introspect(&played.app, &foreign, &foreign).await.json()["jti"], claims_of(&foreign)["jti"]);
    let nothing = json!({"active": false});
    let altered = format!("{own}A");
    for (asking, token) in [
        (&service, &foreign),
        (&foreign, &service),
        (&foreign, &own),
        (&service, &identity),
        (&service, &altered),
        (&service, &"x".to_owned()),
    ] {
        let answer = introspect(&played.app, asking, token).await;
        assert_eq!((answer.status, answer.json()), (200, nothing.clone()), "{token}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    revoke_by_form(&played.app, &own).await;
    assert_eq!(introspect(&played.app, &service, &own).await.json(), nothing, "revoked");
    let late = played.pass(None, &[]).await;
    played.app.advance(900 + 60).await;
    let service = played.pass(None, &[]).await;
    assert_eq!(introspect(&played.app, &service, &late).await.json(), nothing, "expired");
}

#[tokio::test]
async fn without_the_scope_a_pass_asks_about_itself_alone() {
    let kit = Kit::start().await;
    let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
    let app = setup.scopes(&["config:read", "introspection"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    let mut table = Table::default();
    let [one, other] = [kit.honest(&mut table), kit.honest(&mut table)];
    let (one, other) = (app.exchange(&one, None).await.body, app.exchange(&other, None).await.body);
    assert_eq!(introspect(&app, &one, &other).await.json(), json!({"active": false}));
    assert_eq!(introspect(&app, &one, &one).await.json()["active"], json!(true));
}

#[tokio::test]
async fn who_asks_without_a_good_pass_learns_nothing() {
    let mut played = start().await;
    let pass = played.pass(None, &[]).await;
    let revoked = played.pass(None, &[]).await;
    revoke_by_form(&played.app, &revoked).await;
    let identity = played.kit.honest(&mut played.table);
    let asked = [("token", pass.as_str())];
    let nobody = form(&played.app, "/oauth2/introspect", None, &asked).await;
    assert_eq!((nobody.status, nobody.code()), (401, "credentials_missing".to_owned()));
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer realm=\"daypass\""));
    for (asking, code) in [(&revoked, "pass_revoked"), (&identity, "pass_invalid")] {
        let answer = form(&played.app, "/oauth2/introspect", Some(asking), &asked).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, code));
        assert!(answer.json()["active"] == Value::Null);
    }
    for pairs in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let answer = form(&played.app, "/oauth2/introspect", Some(&pass), pairs).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_request")));
    }
}
