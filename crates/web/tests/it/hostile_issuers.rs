//! Issuers that misbehave, each with one token sent through the whole server: what it answers, how often it asks, how
//! much it takes, and that nobody else waits.

mod modes;
mod over_time;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daypass_store::AccountStatus;
use serde_json::Value;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use crate::support::http::Answer;
use crate::support::issuer::TestIssuer;
use crate::support::keys::TestKey;
use modes::{Mode, all};

/// Within this everybody must have an answer. The documented bound is 5 s for both documents; a machine that is busy
/// with other tests is given the rest.
const PATIENCE: Duration = Duration::from_secs(10);
/// What an issuer may get rid of on one connection: the documents have 256 KiB, the rest is buffers of the system.
const MAX_TAKEN: usize = 16 * 1024 * 1024;

/// A push to main of a repository that is onboarded, as this issuer would say it.
fn claims(kit: &Kit, table: &mut Table, issuer: &str, at: i64) -> Value {
    let mut claims = kit.claims(table);
    claims.insert("iss".to_owned(), issuer.into());
    for (name, after) in [("iat", 0), ("nbf", -600), ("exp", 300)] {
        claims.insert(name.to_owned(), (at + after).into());
    }
    claims.into()
}

/// One server that trusts all these issuers, and one that behaves.
async fn serving(kit: &Kit, issuers: &[(&'static str, &TestIssuer)]) -> TestApp {
    let mut setup = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]);
    for (name, issuer) in issuers {
        setup = setup.shared(name, issuer.url(), "github", &["ES256", "RS256"]);
    }
    let app = setup.start().await;
    for name in issuers.iter().map(|(name, _)| *name).chain(["main"]) {
        app.onboard(name, "123456789", "65", AccountStatus::Accepted).await;
    }
    app
}

async fn within_patience(app: &TestApp, token: &str) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, app.exchange(token, None)).await;
    answer.unwrap_or_else(|_| panic!("no answer within {PATIENCE:?}"))
}

/// What went wrong with the answer to one token of an issuer of this mode.
fn judge(mode: &Mode, issuer: &TestIssuer, answer: &Answer) -> Option<String> {
    let wanted = match mode.code {
        "" => 200,
        "issuer_unavailable" => 503,
        _ => 401,
    };
    let has_retry =
        answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|s| s > 0));
    let fault = if (answer.status, answer.code().as_str()) != (wanted, mode.code) {
        format!("status {}, code `{}`", answer.status, answer.code())
    } else if has_retry != (wanted == 503) {
        format!("Retry-After is {:?}", answer.header("retry-after"))
    } else if issuer.requests() != mode.requests {
        format!("{} requests instead of {}", issuer.requests(), mode.requests)
    } else if issuer.bytes_taken() > MAX_TAKEN {
        format!("{} bytes were taken from it", issuer.bytes_taken())
    } else {
        return None;
    };
    Some(format!("{}: {fault}", mode.id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_misbehaving_issuer_costs_its_own_jobs_an_answer_and_nobody_else_anything() {
    let kit = Kit::start().await;
    let mut table = Table::default();
    let key = Arc::new(TestKey::new("key-1", "ES256"));
    let modes = all(&key, &kit.evil);
    let mut issuers = Vec::new();
    for mode in &modes {
        let issuer = TestIssuer::start(Vec::new()).await;
        mode.play(&issuer, &key, kit.evil.url());
        issuers.push(issuer);
    }
    let named: Vec<_> = modes.iter().map(|mode| mode.id).zip(&issuers).collect();
    let app = Arc::new(serving(&kit, &named).await);
    let mut waiting = BTreeMap::new();
    for (at, (mode, issuer)) in modes.iter().zip(&issuers).enumerate() {
        let (app, token) = (Arc::clone(&app), mode.token(&claims(&kit, &mut table, issuer.url(), kit.now)));
        waiting.insert(at, tokio::spawn(async move { within_patience(&app, &token).await }));
    }
    // Meanwhile the others go on as always: more than once while somebody still waits for a slow issuer.
    let mut meanwhile = 0;
    while meanwhile < 5 || waiting.values().any(|one| !one.is_finished()) {
        let token = kit.honest(&mut table);
        let answer = tokio::time::timeout(Duration::from_secs(2), app.exchange(&token, None)).await;
        assert_eq!(answer.expect("an honest job waits for somebody else's issuer").status, 200);
        meanwhile += 1;
    }
    let mut faults = Vec::new();
    for (at, one) in waiting {
        faults.extend(judge(&modes[at], &issuers[at], &one.await.unwrap()));
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), modes.len(), faults.join("\n"));
    assert_eq!(kit.evil.requests(), 0, "the canary was asked");
    app.app.store().ping().await.unwrap();
    let database = rusqlite::Connection::open(app.database()).unwrap();
    let minted = "SELECT COUNT(*) FROM exchanges WHERE outcome = 'success' AND issuer";
    let minted = |which: &str| -> u32 {
        database.query_row(&format!("{minted} {which} 'main'"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((minted("="), minted("<>")), (meanwhile, 1), "nothing is given but to the honest");
}
