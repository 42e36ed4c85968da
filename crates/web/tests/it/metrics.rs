//! What is counted, and that nobody outside can make the counters many.

use std::collections::BTreeSet;

use daypass_store::AccountStatus;
use serde_json::json;

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app = Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).start().await;
    app.onboard("main", "123456789", "65", AccountStatus::Accepted).await;
    (kit, Table::default(), app)
}

/// The value of this series; 0 where there is none yet.
fn value(app: &TestApp, series: &str) -> f64 {
    let text = app.app.scrape().unwrap();
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
    found.unwrap_or(0.0)
}

/// All series but those of claims that no profile knows: their names are the issuer's, and so many are told apart.
fn series(app: &TestApp) -> BTreeSet<String> {
    let text = app.app.scrape().unwrap();
    let is_other =
        |line: &&str| !line.starts_with('#') && !line.starts_with("daypass_unaccounted_claims_total");
    let samples = text.lines().filter(is_other);
    samples.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

fn exchanges(face: &str, issuer: &str, outcome: &str, code: &str) -> String {
    format!(
        "daypass_exchanges_total{{code=\"{code}\",face=\"{face}\",issuer=\"{issuer}\",outcome=\"{outcome}\"}}"
    )
}

#[tokio::test]
async fn exchanges_are_counted_by_face_issuer_and_how_they_ended() {
    let (kit, mut table, app) = start().await;
    let token = kit.honest(&mut table);
    assert_eq!(app.exchange(&token, None).await.status, 200);
    assert_eq!(app.exchange(&token, None).await.code(), "token_already_used");
    let asked = json!({ "token": kit.honest(&mut table), "dry_run": true });
    assert_eq!(app.post_json("/v1.0/exchange", &asked).await.status, 200);
    assert_eq!(app.exchange(&kit.honest(&mut table), Some("none")).await.status, 403);
    for (series, wanted) in [
        (exchanges("seed", "main", "success", ""), 1.0),
        (exchanges("seed", "main", "refused", "token_already_used"), 1.0),
        (exchanges("native", "main", "dry_run", ""), 1.0),
        (exchanges("seed", "main", "refused", "not_allowed"), 1.0),
        ("daypass_credentials_minted_total{kind=\"api\"}".to_owned(), 1.0),
        ("daypass_ledger_wait_seconds_count".to_owned(), 2.0),
        ("daypass_exchange_duration_seconds_count{face=\"seed\",outcome=\"refused\"}".to_owned(), 2.0),
        ("daypass_http_requests_total{route=\"/v1.0/auth/jwt\",status=\"200\"}".to_owned(), 1.0),
        ("daypass_http_requests_total{route=\"/v1.0/auth/jwt\",status=\"401\"}".to_owned(), 1.0),
        ("daypass_issuer_keys_failing{issuer=\"main\"}".to_owned(), 0.0),
        ("daypass_signing_keys_usable".to_owned(), 1.0),
    ] {
        assert!((value(&app, &series) - wanted).abs() < f64::EPSILON, "{series} is not {wanted}");
    }
    assert!(value(&app, "daypass_issuer_keys{issuer=\"main\"}") >= 1.0);
}

#[tokio::test]
async fn a_claim_that_the_profile_does_not_know_is_counted_by_its_name_once_the_token_is_verified() {
    let (kit, mut table, app) = start().await;
    let series = "daypass_unaccounted_claims_total{claim=\"brand_new\",issuer=\"main\"}";
    let token = kit.with(&mut table, &[("brand_new", Some(json!("1")))]);
    let forged = format!("{}A", token.strip_suffix(char::is_alphanumeric).unwrap());
    if forged != token {
        assert_eq!(app.exchange(&forged, None).await.status, 401);
    }
    assert!(value(&app, series) < 1.0);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 200);
    assert!(
        !app.app.scrape().unwrap().contains("daypass_unaccounted_claims_total{"),
        "a usual token has none"
    );
    assert_eq!(app.exchange(&token, None).await.status, 200);
    assert!((value(&app, series) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_seen() {
    let (kit, mut table, app) = start().await;
    kit.main.set_down(true);
    assert_eq!(app.exchange(&kit.honest(&mut table), None).await.status, 503);
    assert!(value(&app, "daypass_issuer_keys_failing{issuer=\"main\"}") > 0.0);
    assert!(value(&app, &exchanges("seed", "main", "refused", "issuer_unavailable")) > 0.0);
}

/// Whatever a stranger chooses: a path, a role, an issuer, a claim.
async fn strange_requests(kit: &Kit, table: &mut Table, app: &TestApp, number: usize) {
    let text = |what: &str| format!("{what}-{number}");
    app.get(&format!("/{}", text("path")), None).await;
    app.get(&format!("/v1.0/config/{}", text("path")), None).await;
    app.exchange(&kit.honest(table), Some(&text("role"))).await;
    let issuer = json!(format!("https://{}.example.com", text("issuer")));
    app.exchange(&kit.with(table, &[("iss", Some(issuer))]), None).await;
    app.exchange(&kit.with(table, &[(&text("claim"), Some(json!(text("value"))))]), Some("none")).await;
    app.exchange(&kit.with(table, &[("repository", Some(json!(text("octo/repository"))))]), Some("none"))
        .await;
}

#[tokio::test]
async fn nothing_that_a_caller_chooses_makes_another_series() {
    let (kit, mut table, app) = start().await;
    strange_requests(&kit, &mut table, &app, 0).await;
    let before = series(&app);
    for number in 1..20 {
        strange_requests(&kit, &mut table, &app, number).await;
    }
    let new: Vec<String> = series(&app).difference(&before).cloned().collect();
    assert!(new.is_empty(), "{new:?}");
    assert!(value(&app, &exchanges("seed", "", "refused", "issuer_unknown")) > 19.0);
    assert!(!before.iter().any(|series| series.contains("-0")));
}

#[tokio::test]
async fn the_server_itself_shows_no_metrics() {
    let (_kit, _table, app) = start().await;
    assert_eq!(app.get("/metrics", None).await.status, 404);
}
