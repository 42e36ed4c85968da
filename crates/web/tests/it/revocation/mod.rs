//! A pass that was revoked opens nothing, on any face and any server; no other pass is hit.

mod introspection;

use daypass_app::jobs::Removal;
use daypass_app::revocation::{Subject, revoke};
use daypass_jose::Clock as _;
use daypass_jose::ids::{AccountId, CredentialId, ExchangeId};
use daypass_store::{AccountStatus, Project};
use serde_json::json;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp, claims_of};
use crate::support::http::{Answer, send};

const ROLES: &str = r#"
[roles.deploy]
max_ttl = "24h"
[[roles.deploy.trust]]
issuer              = "main"
repository_owner_id = "65"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
ttl      = "24h"
"#;

struct Played {
    kit: Kit,
    table: Table,
    app: TestApp,
    project: Project,
}

async fn start() -> Played {
    let kit = Kit::start().await;
    let setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(ROLES);
    let app = setup.scopes(&["config:read", "introspect"]).start().await;
    let project = app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    Played { kit, table: Table::default(), app, project }
}

impl Played {
    /// A pass for an identity token with these claims, by the time of the server.
    async fn pass(&mut self, role: Option<&str>, changed: &[(&str, &str)]) -> String {
        let mut claims = self.kit.claims(&mut self.table);
        let now = self.app.clock.now().seconds();
        for (name, value) in [("iat", now), ("nbf", now - 600), ("exp", now + 300)] {
            claims.insert(name.to_owned(), value.into());
        }
        for (name, value) in changed {
            claims.insert((*name).to_owned(), (*value).into());
        }
        let answer = self.app.exchange(&self.kit.main.key().honest(&claims.into()), role).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    async fn revoke(&self, subject: &Subject) {
        let now = self.app.clock.now();
        revoke(self.app.app.store(), subject, now, now).await.unwrap();
    }
}

async fn form(app: &TestApp, path: &str, bearer: Option<&str>, pairs: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let bearer = bearer.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
    headers.extend(bearer.iter().map(|value| ("Authorization", value.as_str())));
    send(app.address, "POST", path, &headers, body.as_bytes()).await
}

async fn revoke_by_form(app: &TestApp, token: &str) -> Answer {
    form(app, "/oauth2/revoke", None, &[("token", token)]).await
}

async fn revoke_itself(app: &TestApp, pass: &str) -> Answer {
    let bearer = format!("Bearer {pass}");
    send(app.address, "POST", "/v1.0/revoke", &[("Authorization", &bearer)], b"").await
}

async fn introspect(app: &TestApp, asking: &str, token: &str) -> Answer {
    form(app, "/oauth2/introspect", Some(asking), &[("token", token)]).await
}

/// How each face that takes a pass answers to this one: its status, and its code where it refuses.
async fn faces(app: &TestApp, pass: &str) -> [(u16, String); 4] {
    let audience = claims_of(pass)["aud"].as_str().unwrap().to_owned();
    let answers = [
        app.get("/v1.0/whoami", Some(pass)).await,
        app.get(&format!("/v1.0/verify?audience={audience}"), Some(pass)).await,
        introspect(app, pass, pass).await,
        app.get("/v1.0/config", Some(pass)).await,
    ];
    answers.map(|answer| (answer.status, answer.code()))
}

fn ok() -> [(u16, String); 4] {
    std::array::from_fn(|_| (200, String::new()))
}

fn refused() -> [(u16, String); 4] {
    std::array::from_fn(|_| (401, "pass_revoked".to_owned()))
}

async fn is_good(app: &TestApp, pass: &str) -> bool {
    let answer = app.get("/v1.0/whoami", Some(pass)).await;
    let is_good = answer.status == 200;
    assert!(is_good || answer.code() == "pass_revoked", "{} {}", answer.status, answer.body);
    is_good
}

#[tokio::test]
async fn a_pass_that_revokes_itself_opens_nothing_on_any_face_and_any_server_and_no_other_is_hit() {
    let mut played = start().await;
    let replica = played.app.replica(None).await;
    let (pass, other) = (played.pass(None, &[]).await, played.pass(None, &[]).await);
    for server in [&played.app, &replica] {
        assert_eq!(faces(server, &pass).await, ok());
    }
    let answer = revoke_itself(&played.app, &pass).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let claims = claims_of(&pass);
    assert_eq!(
        answer.json(),
        json!({"revoked": true, "jti": claims["jti"], "exchange": claims["exchange"], "revoked_at": "2026-11-24T09:30:00Z"})
    );
    for server in [&replica, &played.app] {
        assert_eq!(faces(server, &pass).await, refused());
        assert_eq!(faces(server, &other).await, ok());
    }
    let again = played.app.get("/v1.0/whoami", Some(&pass)).await;
    assert!(again.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{}", again.body);
    // Who asks again has what it wants, and nothing more is written.
    played.app.advance(5).await;
    let again = revoke_itself(&replica, &pass).await;
    assert_eq!((again.status, again.json()), (200, answer.json()));
}

#[tokio::test]
async fn holding_a_pass_suffices_to_revoke_it_by_rfc_7009_and_of_other_tokens_nothing_is_told() {
    let mut played = start().await;
    let (pass, other) = (played.pass(None, &[]).await, played.pass(Some("deploy"), &[]).await);
    let identity = played.kit.honest(&mut played.table);
    let (id, exchange) = (claims_of(&other)["jti"].clone(), claims_of(&other)["exchange"].clone());
    let (head, signature) = other.rsplit_once('.').unwrap();
    let unsigned = format!("{head}.");
    let flipped: String = signature.chars().rev().collect();
    let forged = format!("{head}.{flipped}");
    for token in [
        id.as_str().unwrap(),
        exchange.as_str().unwrap(),
        &unsigned,
        &forged,
        &identity,
        "x",
        &"a".repeat(17_000),
    ] {
        let answer = revoke_by_form(&played.app, token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{token}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert!(is_good(&played.app, &pass).await && is_good(&played.app, &other).await, "nothing was held");
    assert_eq!(played.app.exchange(&identity, None).await.status, 200, "nor used");
    let hinted = [("token", pass.as_str()), ("token_type_hint", "refresh_token")];
    for _ in 0..2 {
        let answer = form(&played.app, "/oauth2/revoke", None, &hinted).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert!(!is_good(&played.app, &pass).await && is_good(&played.app, &other).await);
    }
    for pairs in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let answer = form(&played.app, "/oauth2/revoke", None, pairs).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_request")));
    }
}

#[tokio::test]
async fn each_subject_hits_its_own_passes_alone() {
    let mut played = start().await;
    let project = played.app.onboard("main", "999", "77", AccountStatus::Accepted).await;
    let elsewhere =
        [("repository_id", "999"), ("repository_owner_id", "77"), ("run_id", "1"), ("check_run_id", "1")];
    let text = ToOwned::to_owned;
    let main = || "main".to_owned();
    let pass = played.pass(None, &[]).await;
    let claims = claims_of(&pass);
    let id = |name: &str| claims[name].as_str().unwrap();
    let hit = [
        Subject::Credential(CredentialId::parse(id("jti")).unwrap()),
        Subject::Exchange(ExchangeId::parse(id("exchange")).unwrap()),
        Subject::Job { issuer: main(), job: text("77001") },
        Subject::Run { issuer: main(), run: text("4283094502") },
        Subject::Project(played.project.id),
        Subject::Account(played.project.account_id),
        Subject::Role(text("project")),
        Subject::Issuer(main()),
        Subject::All,
    ];
    let missed = [
        Subject::Job { issuer: text("other"), job: text("77001") },
        Subject::Job { issuer: main(), job: text("7700") },
        Subject::Run { issuer: main(), run: text("77001") },
        Subject::Project(project.id),
        Subject::Account(project.account_id),
        Subject::Account(AccountId::parse(&played.project.id.to_string()).unwrap()),
        Subject::Role(text("deploy")),
        Subject::Issuer(text("mai")),
    ];
    for subject in &missed {
        played.revoke(subject).await;
        assert!(is_good(&played.app, &pass).await, "{subject}");
    }
    // Each on a server of its own: a revocation hits what was issued before it.
    for subject in &hit[2..] {
        played.app.advance(1).await;
        let (pass, other) = (played.pass(None, &[]).await, played.pass(Some("deploy"), &[]).await);
        let stranger = played.pass(None, &elsewhere).await;
        assert!(
            is_good(&played.app, &pass).await,
            "{subject}: one that was issued later than the revocation before"
        );
        played.revoke(subject).await;
        assert!(!is_good(&played.app, &pass).await, "{subject}");
        let is_of_role = matches!(subject, Subject::Role(_));
        assert_eq!(is_good(&played.app, &other).await, is_of_role, "{subject}: another role of the same job");
        let is_of_all = matches!(subject, Subject::Issuer(_) | Subject::All | Subject::Role(_));
        assert_eq!(is_good(&played.app, &stranger).await, !is_of_all, "{subject}: another project");
    }
    for subject in 0..2 {
        played.app.advance(1).await;
        let (pass, other) = (played.pass(None, &[]).await, played.pass(None, &[]).await);
        let claims = claims_of(&pass);
        let id = |name: &str| claims[name].as_str().unwrap();
        let subject = match subject {
            0 => Subject::Credential(CredentialId::parse(id("jti")).unwrap()),
            _ => Subject::Exchange(ExchangeId::parse(id("exchange")).unwrap()),
        };
        played.revoke(&subject).await;
        assert!(!is_good(&played.app, &pass).await && is_good(&played.app, &other).await, "{subject}");
    }
}

#[tokio::test]
async fn a_pass_of_the_second_of_the_revocation_is_hit_and_one_of_the_next_is_not() {
    let mut played = start().await;
    let role = Subject::Role("deploy".to_owned());
    let before = played.pass(Some("deploy"), &[]).await;
    played.app.clock.jump_millis(500);
    let same_second = played.pass(Some("deploy"), &[]).await;
    played.revoke(&role).await;
    played.app.clock.jump_millis(499);
    let after_it = played.pass(Some("deploy"), &[]).await;
    for pass in [before, same_second, after_it] {
        assert!(!is_good(&played.app, &pass).await, "{}", claims_of(&pass)["iat"]);
    }
    played.app.clock.jump_millis(1);
    let next = played.pass(Some("deploy"), &[]).await;
    assert!(is_good(&played.app, &next).await, "what is issued after the revocation of its role works");
}

#[tokio::test]
async fn a_credential_is_revoked_whatever_the_clocks_say() {
    let mut played = start().await;
    let pass = played.pass(None, &[]).await;
    // Another server, whose clock is behind by less than the leeway, is told.
    played.app.clock.jump(-30);
    assert_eq!(revoke_itself(&played.app, &pass).await.status, 200);
    assert!(!is_good(&played.app, &pass).await);
    played.app.clock.jump(30);
    assert_eq!(faces(&played.app, &pass).await, refused());
}

#[tokio::test]
async fn a_revocation_is_remembered_for_as_long_as_a_pass_can_be_valid_that_it_hits() {
    const DAY: i64 = 86_400;
    let mut played = start().await;
    let removal = Removal::new(std::sync::Arc::clone(&played.app.app));
    let passes = [played.pass(Some("deploy"), &[]).await, played.pass(Some("deploy"), &[]).await];
    assert_eq!(revoke_itself(&played.app, &passes[0]).await.status, 200);
    played.revoke(&Subject::Role("deploy".to_owned())).await;
    let (short, rows) = (played.pass(None, &[]).await, async |app: &TestApp| revocations(app));
    assert_eq!(revoke_by_form(&played.app, &short).await.status, 200);
    assert_eq!(rows(&played.app).await, 3);
    // The clock is set forward: nothing is forgotten for that.
    played.app.clock.jump(10 * DAY);
    removal.sweep_revocations().await;
    played.app.clock.jump(-10 * DAY);
    assert_eq!(rows(&played.app).await, 3);
    for (seconds, left) in [(900 + 60 + 300, 3), (1, 2), (DAY - 900 - 1, 2), (1, 0)] {
        if left > 0 {
            assert!(!is_good_or_expired(&played.app, &passes[0]).await);
        }
        played.app.advance(seconds).await;
        removal.sweep_revocations().await;
        assert_eq!(rows(&played.app).await, left);
    }
    for pass in &passes {
        assert_eq!(played.app.get("/v1.0/whoami", Some(pass)).await.code(), "pass_expired");
    }
}

async fn is_good_or_expired(app: &TestApp, pass: &str) -> bool {
    app.get("/v1.0/whoami", Some(pass)).await.status == 200
}

/// Rows of the table.
fn revocations(app: &TestApp) -> i64 {
    let database = rusqlite::Connection::open(app.database()).unwrap();
    database.query_row("SELECT COUNT(*) FROM revocations", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn where_the_store_is_away_no_pass_is_taken_for_unrevoked() {
    let mut played = start().await;
    let pass = played.pass(None, &[]).await;
    played.app.app.store().close().await;
    for (status, code) in faces(&played.app, &pass).await {
        assert_eq!((status, code.as_str()), (503, "store_unavailable"));
    }
    let answers = [revoke_itself(&played.app, &pass).await, revoke_by_form(&played.app, &pass).await];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.code()),
            (503, "store_unavailable".to_owned()),
            "no revocation is promised"
        );
        assert!(answer.header("retry-after").is_some());
    }
}
