//! What happens when something that the server needs is gone, and that it recovers by itself.

use std::sync::Arc;

use daypass_app::policy_source::{PolicyFault, Reload};
use daypass_store::{AccountStatus, ExchangeFilter};
use daypass_web::Drained;
use serde_json::json;
use tokio::task::JoinSet;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::send;
use crate::support::keys::TestKey;

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new()
        .shared("main", kit.main.url(), "github", &["RS256"])
        .shared("second", kit.second.url(), "github", &["ES256"])
        .start()
        .await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    app.onboard("second", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

#[tokio::test]
async fn without_its_store_the_server_gives_nothing_says_so_and_comes_back() {
    let (kit, mut table, app) = start().await;
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    let (database, away) = (app.database(), app.database().with_extension("away"));
    let token = kit.honest(&mut table);
    for suffix in ["", "-wal", "-shm"] {
        let from = database.with_extension(format!("db{suffix}"));
        std::fs::rename(&from, away.with_extension(format!("away{suffix}"))).unwrap();
    }
    let gone = app.exchange(&token, None).await;
    assert_eq!((gone.status, gone.code()), (503, "store_unavailable".to_owned()));
    assert!(gone.header("retry-after").is_some());
    let ready = app.get("/readyz", None).await;
    assert_eq!((ready.status, &ready.json()["ready"]), (503, &json!(false)));
    assert!(ready.json()["checks"]["store"].as_str().unwrap().contains("unavailable"), "{}", ready.body);
    assert_eq!(app.get("/healthz", None).await.status, 200);
    for suffix in ["", "-wal", "-shm"] {
        let to = database.with_extension(format!("db{suffix}"));
        std::fs::rename(away.with_extension(format!("away{suffix}")), to).unwrap();
    }
    assert_eq!(app.exchange(&token, None).await.status, 200, "the same token: it was not spent");
    assert_eq!(app.get("/readyz", None).await.status, 503, "the answer is kept for a second");
    app.advance(1).await;
    assert_eq!(app.get("/readyz", None).await.status, 200);
    assert_eq!(app.exchange(&token, None).await.code(), "token_already_used");
}

#[tokio::test]
async fn however_many_ask_whether_it_is_ready_the_store_is_asked_once_a_second() {
    let app = Arc::new(Setup::new().start().await);
    let written = || app.app.store().ledger().statistics().requests;
    let before = written();
    for second in 1..=2 {
        let mut asking = JoinSet::new();
        for _ in 0..50 {
            let app = Arc::clone(&app);
            asking.spawn(async move { app.get("/readyz", None).await });
        }
        for ready in asking.join_all().await {
            assert_eq!(ready.status, 200, "{}", ready.body);
        }
        assert_eq!(written(), before + second);
        app.advance(1).await;
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_is_a_503_of_its_own_jobs_alone() {
    let (kit, mut table, app) = start().await;
    kit.main.set_down(true);
    let token = kit.honest(&mut table);
    let down = app.exchange(&token, None).await;
    assert_eq!((down.status, down.code()), (503, "issuer_unavailable".to_owned()));
    assert!(down.header("retry-after").is_some());
    let mut claims = kit.claims(&mut table);
    claims.insert("iss".to_owned(), kit.second.url().into());
    assert_eq!(app.exchange(&kit.second.key().honest(&claims.into()), None).await.status, 200);
    assert_eq!(app.get("/readyz", None).await.status, 200, "readiness does not depend on issuers");
    kit.main.set_down(false);
    app.advance(10).await;
    assert_eq!(app.exchange(&token, None).await.status, 200);
}

#[tokio::test]
async fn an_unknown_issuer_or_a_bad_signature_costs_no_network() {
    let (kit, mut table, app) = start().await;
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    let requests = kit.main.requests();
    for _ in 0..20 {
        let forged = TestKey::new("key-1", "ES256");
        let mut header = kit.main.key().header();
        header["kid"] = "key-1".into();
        let token =
            forged.token(header.to_string(), serde_json::Value::from(kit.claims(&mut table)).to_string());
        assert_eq!(app.exchange(&token, None).await.code(), "signature_invalid");
    }
    assert_eq!(kit.main.requests(), requests, "a bad signature under a known key id fetches nothing");
    for _ in 0..20 {
        let token = kit.with_header(&mut table, &[("kid", Some(json!("nobody")))]);
        assert_eq!(app.exchange(&token, None).await.code(), "key_unknown");
    }
    assert!(kit.main.requests() <= requests + 2, "unknown key ids fetch once at most inside the cooldown");
    let own = kit.evil.key().honest(&json!({"iss": kit.evil.url(), "aud": "x"}));
    assert_eq!(app.exchange(&own, None).await.code(), "issuer_unknown");
    assert_eq!(kit.evil.requests(), 0);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_withdrawn_one_dies() {
    let (kit, mut table, app) = start().await;
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    let next = TestKey::new("next", "RS256");
    kit.main.publish(&[next.jwk()]);
    app.advance(10).await;
    assert_eq!(app.exchange(&next.honest(&kit.claims(&mut table).into()), None).await.status, 200);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.code(), "key_unknown");
}

/// Two looks at the files, as the server takes them: what both see is read.
fn settle(app: &TestApp) -> Result<Reload, PolicyFault> {
    assert!(matches!(app.app.policy().reload(), Ok(Reload::Unsettled)));
    app.app.policy().reload()
}

#[tokio::test]
async fn a_policy_that_is_being_written_is_not_taken() {
    let (_, _, app) = start().await;
    let policy = app.app.policy();
    let version = policy.snapshot().version().to_owned();
    for half in ["[[deny]]\nissuer = \"main\"\n", "# half", "[[deny]]\nissuer = \"main\"\n"] {
        std::fs::write(app.policy_file(), half).unwrap();
        assert!(matches!(policy.reload(), Ok(Reload::Unsettled)));
        assert_eq!(policy.snapshot().version(), version);
    }
    assert!(matches!(policy.reload(), Ok(Reload::Replaced { has_lost_guards: false, .. })));
    std::fs::write(app.policy_file(), "").unwrap();
    assert!(matches!(settle(&app), Ok(Reload::Replaced { has_lost_guards: true, .. })));
}

#[tokio::test]
async fn a_policy_is_reloaded_and_a_bad_one_is_not() {
    let (kit, mut table, app) = start().await;
    let role = |git_ref: &str| {
        format!(
            "[roles.deploy]\n[[roles.deploy.trust]]\nissuer = \"main\"\nrepository_owner_id = \"65\"\nref = \"{git_ref}\"\n\
             [roles.deploy.grants.api]\naudience = \"https://api.example.com\"\nscopes = []\n"
        )
    };
    assert_eq!(app.exchange(&kit.honest(&mut table), Some("deploy")).await.status, 403);
    std::fs::write(app.policy_file(), role("refs/heads/main")).unwrap();
    settle(&app).unwrap();
    assert_eq!(app.exchange(&kit.honest(&mut table), Some("deploy")).await.status, 200);
    std::fs::write(app.policy_file(), role("refs/heads/main").replace("ref =", "reff =")).unwrap();
    let fault = settle(&app).unwrap_err().to_string();
    assert!(fault.contains("did you mean `ref`?"), "{fault}");
    assert_eq!(app.exchange(&kit.honest(&mut table), Some("deploy")).await.status, 200, "the old one stays");
    assert!(app.get("/readyz", None).await.body.contains("newer one that is refused"));
    std::fs::write(app.policy_file(), "").unwrap();
    settle(&app).unwrap();
    assert!(!app.get("/readyz", None).await.body.contains("refused"));
    assert_eq!(app.exchange(&kit.honest(&mut table), Some("deploy")).await.status, 403);
}

#[tokio::test]
async fn more_exchanges_than_can_wait_are_told_that_the_server_is_overloaded() {
    let (kit, mut table, app) = start().await;
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    let holder = rusqlite::Connection::open(app.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let app = Arc::new(app);
    let codes = codes_of(&app, (0..1_200).map(|_| kit.honest(&mut table)).collect()).await;
    assert!(codes["overloaded"] > 0 && codes["store_unavailable"] > 0, "{codes:?}");
    assert_eq!(codes.values().sum::<usize>(), 1_200, "nothing was given: {codes:?}");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_keeps_nobody_elses_jobs_waiting() {
    let (kit, mut table, app) = start().await;
    kit.main.set_silent(true);
    let app = Arc::new(app);
    let unsigned = |table: &mut Table| {
        let token = kit.with_header(table, &[("kid", Some(json!("nobody")))]);
        token.rsplit_once('.').map(|(rest, _)| format!("{rest}.AAAA")).unwrap()
    };
    let flood = (0..700).map(|_| unsigned(&mut table)).collect();
    let flood = tokio::spawn({
        let app = Arc::clone(&app);
        async move { codes_of(&app, flood).await }
    });
    while kit.main.requests() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..12 {
        let mut claims = kit.claims(&mut table);
        claims.insert("iss".to_owned(), kit.second.url().into());
        assert_eq!(app.exchange(&kit.second.key().honest(&claims.into()), None).await.status, 200);
    }
    assert_eq!(flood.await.unwrap(), [("issuer_unavailable".to_owned(), 700)].into());
}

/// How many of each code these tokens get, sent at once; each of them 503 with Retry-After.
async fn codes_of(app: &Arc<TestApp>, tokens: Vec<String>) -> std::collections::BTreeMap<String, usize> {
    let send = |token: String| {
        let app = Arc::clone(app);
        tokio::spawn(async move { app.exchange(&token, None).await })
    };
    let waiting: Vec<_> = tokens.into_iter().map(send).collect();
    let mut codes = std::collections::BTreeMap::<String, usize>::new();
    for answer in waiting {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.body);
        *codes.entry(answer.code()).or_default() += 1;
    }
    codes
}

#[tokio::test]
async fn what_is_in_flight_when_the_server_is_ended_is_answered() {
    let (kit, mut table, app) = start().await;
    kit.main.set_silent(true);
    let (address, bearer) = (app.address, format!("Bearer {}", kit.honest(&mut table)));
    let headers = bearer.clone();
    let in_flight = tokio::spawn(async move {
        send(address, "GET", "/v1.0/auth/jwt", &[("Authorization", &headers)], b"").await
    });
    while kit.main.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let store = app.app.store().clone();
    let ended = tokio::spawn(app.end());
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    kit.main.set_silent(false);
    assert_eq!(in_flight.await.unwrap().status, 200);
    let (drained, _folder) = ended.await.unwrap();
    assert_eq!(drained, Drained::Completely);
    store.ping().await.unwrap();
    assert_eq!(store.ledger().list(&ExchangeFilter::default(), 10).await.unwrap().len(), 1);
}
