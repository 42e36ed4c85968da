//! One token, one use: the second is refused, and no forgery or refusal uses one up.

use std::sync::Arc;

use daypass_app::jobs::Removal;
use daypass_store::{AccountStatus, Outcome};
use serde_json::{Value, json};

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::Answer;
use crate::support::keys::TestKey;

struct Played {
    kit: Kit,
    table: Table,
    app: TestApp,
}

async fn start() -> Played {
    let kit = Kit::start().await;
    let app = Setup::new()
        .shared("main", kit.main.url(), "github", &["RS256"])
        .shared("second", kit.second.url(), "github", &["ES256"])
        .start()
        .await;
    for issuer in ["main", "second"] {
        app.onboard(issuer, "123456789", "65", AccountStatus::Accepted).await;
    }
    Played { kit, table: Table::default(), app }
}

fn result(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn used() -> (u16, String) {
    (401, "token_already_used".to_owned())
}

#[tokio::test]
async fn a_second_use_is_refused_at_every_face_and_recorded_with_both_sources() {
    let Played { kit, mut table, app } = start().await;
    let token = kit.honest(&mut table);
    assert_eq!(app.exchange(&token, None).await.status, 200);
    assert_eq!(result(&app.exchange(&token, None).await), used());
    assert_eq!(result(&app.post_json("/v1.0/exchange", &json!({"token": token})).await), used());
    let records = app.records().await;
    let refused: Vec<_> = records.iter().filter(|record| record.outcome == Outcome::Refused).collect();
    assert_eq!((records.len(), refused.len()), (3, 2));
    for record in refused {
        assert_eq!(record.code.as_deref(), Some("token_already_used"));
        assert!(
            record.detail.as_deref().is_some_and(|detail| detail.contains("from `127.0.0.1`")),
            "{record:?}"
        );
        assert_eq!(record.source, "127.0.0.1");
    }
}

#[tokio::test]
async fn fifty_clients_with_one_token_get_one_pass_and_forty_nine_recorded_refusals() {
    let Played { kit, mut table, app } = start().await;
    let token = kit.honest(&mut table);
    let app = Arc::new(app);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (app, token) = (Arc::clone(&app), token.clone());
            tokio::spawn(async move { app.exchange(&token, None).await })
        })
        .collect();
    let mut results = Vec::new();
    for client in clients {
        results.push(result(&client.await.unwrap()));
    }
    assert_eq!(results.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == used()).count(), 49);
    let records = app.records().await;
    assert_eq!(records.iter().filter(|record| record.outcome == Outcome::Success).count(), 1);
    let refused = |code| records.iter().filter(|record| record.code.as_deref() == Some(code)).count();
    assert_eq!((refused("token_already_used"), records.len()), (49, 50), "no batch failed, none was lost");
}

#[tokio::test]
async fn another_spelling_of_a_token_is_the_same_token() {
    let Played { kit, mut table, app } = start().await;
    let claims = kit.claims(&mut table);
    let key = kit.main.key();
    let payload = Value::from(claims.clone()).to_string();
    assert_eq!(app.exchange(&key.token(key.header().to_string(), &payload), None).await.status, 200);
    let other_header = key.token(format!("{{\"kid\":\"{}\",\"alg\":\"RS256\"}}", key.kid), &payload);
    assert_eq!(result(&app.exchange(&other_header, None).await), used());
    let spaced = key.token(key.header().to_string(), payload.replacen('{', "{ ", 1));
    assert_eq!(result(&app.exchange(&spaced, None).await), used());
    let mut other_claims = claims;
    other_claims.insert("run_id".to_owned(), json!("9"));
    assert_eq!(
        result(&app.exchange(&key.honest(&other_claims.into()), None).await),
        used(),
        "one jti, other claims"
    );
}

#[tokio::test]
async fn a_malleated_signature_is_the_same_token() {
    let Played { kit, mut table, app } = start().await;
    let mut claims = kit.claims(&mut table);
    claims.insert("iss".to_owned(), kit.second.url().into());
    let token = kit.second.key().honest(&claims.into());
    assert_eq!(app.exchange(&token, None).await.status, 200);
    let answer = app.exchange(&high_s(&token), None).await;
    assert_eq!(result(&answer), used(), "an altered signature may verify, but not be another token");
}

/// (r, n - s): a second signature that anybody can make of one that is known.
fn high_s(token: &str) -> String {
    use base64::Engine as _;
    use num_bigint::BigUint;
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = BigUint::parse_bytes(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
        .unwrap();
    let s = (order - BigUint::from_bytes_be(&bytes[32..])).to_bytes_be();
    let s = [vec![0; 32 - s.len()], s].concat();
    format!("{rest}.{}", crate::support::keys::base64url([&bytes[..32], &s].concat()))
}

#[tokio::test]
async fn a_token_id_belongs_to_its_issuer() {
    let Played { kit, mut table, app } = start().await;
    let mut claims = kit.claims(&mut table);
    assert_eq!(app.exchange(&kit.main.key().honest(&claims.clone().into()), None).await.status, 200);
    claims.insert("iss".to_owned(), kit.second.url().into());
    assert_eq!(app.exchange(&kit.second.key().honest(&claims.into()), None).await.status, 200);
}

#[tokio::test]
async fn token_ids_that_differ_in_case_or_normal_form_are_two() {
    let Played { kit, mut table, app } = start().await;
    for id in ["abc", "ABC", "\u{e9}", "e\u{301}"] {
        let token = kit.with(&mut table, &[("jti", Some(json!(id)))]);
        assert_eq!(app.exchange(&token, None).await.status, 200, "{id}");
    }
}

#[tokio::test]
async fn neither_a_forgery_nor_a_refusal_uses_a_token_up() {
    let Played { kit, mut table, app } = start().await;
    let claims = Value::from(kit.claims(&mut table));
    let forged = TestKey::new(&kit.main.key().kid, "RS256").honest(&claims);
    assert_eq!(result(&app.exchange(&forged, None).await), (401, "signature_invalid".to_owned()));
    let good = kit.main.key().honest(&claims);
    assert_eq!(app.exchange(&good, Some("no-such-role")).await.status, 403);
    let dry = app.post_json("/v1.0/exchange", &json!({"token": good, "dry_run": true})).await;
    assert_eq!((dry.status, dry.json()["dry_run"].as_bool()), (200, Some(true)));
    assert!(dry.json()["credentials"]["api"]["access_token"].is_null());
    assert_eq!(app.exchange(&good, None).await.status, 200);
    assert_eq!(result(&app.exchange(&good, None).await), used());
    let dry = app.post_json("/v1.0/exchange", &json!({"token": good, "dry_run": true})).await;
    assert_eq!(result(&dry), used(), "a used token does not even explain what it would have given");
}

#[tokio::test]
async fn a_spent_token_is_remembered_for_longer_than_it_is_valid() {
    let Played { kit, mut table, app } = start().await;
    let token = kit.honest(&mut table);
    assert_eq!(app.exchange(&token, None).await.status, 200);
    let ledger = app.app.store().ledger();
    // exp is in 300 s, the leeway 60 s, the margin 300 s.
    app.advance(300 + 59).await;
    assert_eq!(result(&app.exchange(&token, None).await), used(), "still within the leeway");
    app.advance(1 + 299).await;
    assert_eq!(ledger.sweep(app.app.now(), 100).await.unwrap(), 0);
    app.advance(2).await;
    assert_eq!(ledger.sweep(app.app.now(), 100).await.unwrap(), 1);
    assert_eq!(result(&app.exchange(&token, None).await), (401, "token_expired".to_owned()));
}

#[tokio::test]
async fn twelve_spellings_of_one_token_at_once_give_one_pass() {
    let Played { kit, mut table, app } = start().await;
    let app = Arc::new(app);
    let key = kit.main.key();
    for _ in 0..4 {
        let claims = kit.claims(&mut table);
        let spelled = |number: usize| {
            let mut claims = claims.clone();
            claims.insert("run_number".to_owned(), json!(number.to_string()));
            let payload =
                Value::from(claims).to_string().replacen('{', &format!("{{{}", " ".repeat(number)), 1);
            key.token(format!("{{\"kid\":\"{}\",{}\"alg\":\"RS256\"}}", key.kid, " ".repeat(number)), payload)
        };
        let clients: Vec<_> = (0..12)
            .map(|number| {
                let (app, token) = (Arc::clone(&app), spelled(number));
                tokio::spawn(async move { app.exchange(&token, None).await })
            })
            .collect();
        let mut results = Vec::new();
        for client in clients {
            results.push(result(&client.await.unwrap()));
        }
        assert_eq!(results.iter().filter(|(status, _)| *status == 200).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|result| **result == used()).count(), 11, "{results:?}");
    }
    assert_eq!(app.successes().await, 4);
}

#[tokio::test]
async fn a_clock_that_is_set_forward_or_back_gives_no_token_a_second_use() {
    let Played { kit, mut table, app } = start().await;
    let token = kit.honest(&mut table);
    assert_eq!(app.exchange(&token, None).await.status, 200);
    let pass = app.exchange(&kit.honest(&mut table), None).await.body;
    app.clock.jump(-3_600);
    assert_eq!(result(&app.exchange(&token, None).await), (401, "token_not_yet_valid".to_owned()));
    assert_eq!(app.get("/v1.0/whoami", Some(&pass)).await.status, 401, "a pass of the future");
    app.clock.jump(3_600);
    assert_eq!(result(&app.exchange(&token, None).await), used());
    assert_eq!(app.get("/v1.0/whoami", Some(&pass)).await.status, 200);
    let removal = Removal::new(Arc::clone(&app.app));
    // Forward, the token looks long expired, and is not forgotten for it: back again, it would be valid.
    app.clock.jump(3_600);
    removal.sweep().await;
    assert_eq!(result(&app.exchange(&token, None).await), (401, "token_expired".to_owned()));
    assert_eq!(app.get("/v1.0/whoami", Some(&pass)).await.code(), "pass_expired");
    app.clock.jump(-3_600);
    assert_eq!(result(&app.exchange(&token, None).await), used());
    // When that hour has really passed, it is forgotten.
    app.advance(3_600).await;
    removal.sweep().await;
    assert_eq!(
        app.app.store().ledger().sweep(app.app.now(), 100).await.unwrap(),
        0,
        "nothing was left to sweep"
    );
    app.clock.jump(-3_600);
    // The second that is inserted or left out is within the leeway.
    app.clock.jump(-1);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    app.clock.jump(2);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
}

#[tokio::test]
async fn where_a_job_is_given_one_token_each_use_is_recorded() {
    let kit = Kit::start().await;
    let app = Setup::new().shared("gitlab", kit.main.url(), "gitlab", &["RS256"]).start().await;
    app.onboard("gitlab", "42", "7", AccountStatus::Accepted).await;
    let claims = json!({
        "iss": kit.main.url(), "aud": kit.audience, "sub": "project_path:octo/app:ref_type:branch:ref:main", "jti": "one",
        "iat": kit.now, "nbf": kit.now - 5, "exp": kit.now + 3600, "namespace_id": "7", "namespace_path": "octo",
        "project_id": "42", "project_path": "octo/app", "pipeline_id": "574", "pipeline_source": "push", "job_id": "302",
        "ref": "main", "ref_type": "branch", "ref_protected": "true", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
    });
    let token = kit.main.key().honest(&claims);
    for _ in 0..3 {
        assert_eq!(app.exchange(&token, None).await.status, 200);
    }
    assert_eq!(app.successes().await, 3);
}
