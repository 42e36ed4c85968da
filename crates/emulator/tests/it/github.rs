//! The contract of GitHub Actions, as its jobs and its verifiers see it.

use std::collections::BTreeMap;

use crate::support::{Answer, decoded, get, request, start, verified};
use daypass_emulator::github::RunNumbers;
use daypass_emulator::{ClaimOverride, GithubJob, Provider, Running};
use daypass_jose::{Json, Object};

pub(crate) const LIFETIME: i64 = 900;

pub(crate) fn job() -> GithubJob {
    let run =
        RunNumbers { id: Some(4_283_094_502), number: 10, attempt: 2, check_run_id: Some(12_043_816_402) };
    GithubJob { run, ..GithubJob::default() }
}

/// Asks for a token as a job does.
pub(crate) async fn ask(variables: &BTreeMap<String, String>, query: &str, scheme: &str) -> Answer {
    let url = format!("{}{query}", variables["ACTIONS_ID_TOKEN_REQUEST_URL"]);
    let authorization = format!("Authorization: {scheme} {}", variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
    request("GET", &url, &[&authorization]).await
}

pub(crate) fn value(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().member("value").and_then(Json::as_str).unwrap().to_owned()
}

async fn claims(running: &Running, query: &str, audience: &str) -> Object {
    let answer = ask(&running.environment(), query, "Bearer").await;
    verified(running, &value(&answer), audience, LIFETIME).await
}

#[tokio::test]
async fn the_discovery_document_has_the_members_of_the_real_one() {
    let running = start(Provider::Github(job())).await;
    let answer = get(&format!("{}/.well-known/openid-configuration", running.issuer_url())).await;
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    let text = serde_json::to_string_pretty(&answer.json()).unwrap();
    let port = running.issuer_url().rsplit_once(':').unwrap().1;
    insta::assert_snapshot!("discovery", text.replace(&format!(":{port}"), ":PORT"));
}

#[tokio::test]
async fn the_header_names_a_key_that_looks_like_githubs() {
    let running = start(Provider::Github(job())).await;
    let token = value(&ask(&running.environment(), "", "Bearer").await);
    let [header, _] = decoded(&token);
    let text = |name: &str| header.member(name).and_then(Json::as_str).unwrap().to_owned();
    assert_eq!((text("typ"), text("alg"), header.len()), ("JWT".to_owned(), "RS256".to_owned(), 4));
    let keys = get(&format!("{}/.well-known/jwks", running.issuer_url())).await.json();
    let Some(Json::Array(keys)) = keys.member("keys").cloned() else { panic!("no keys") };
    let members = |key: &Json, name: &str| {
        let Json::Object(key) = key else { panic!("a key is an object") };
        key.member(name).and_then(Json::as_str).map(str::to_owned)
    };
    let [other, signing] = keys.as_slice() else { panic!("two keys") };
    assert_eq!(members(signing, "kid"), Some(text("kid")));
    assert_eq!(members(signing, "x5t"), Some(text("x5t")));
    assert!(text("kid").len() == 40 && text("kid").bytes().all(|byte| b"0123456789ABCDEF".contains(&byte)));
    assert_eq!(members(other, "kid").unwrap().split('-').count(), 5);
    assert_eq!((members(other, "x5t"), members(other, "x5c")), (None, None));
}

#[tokio::test]
async fn the_audience_is_the_one_asked_for_or_the_owners() {
    let running = start(Provider::Github(job())).await;
    for (query, audience) in [
        ("", "https://github.com/octo-org"),
        ("&audience=", "https://github.com/octo-org"),
        ("&audience=https%3A%2F%2Fpass.example.com", "https://pass.example.com"),
        ("&audience=a%20b%26c", "a b&c"),
    ] {
        claims(&running, query, audience).await;
    }
    let variables = running.environment();
    assert_eq!(ask(&variables, "&audience=a&audience=b", "Bearer").await.status, 400);
    assert_eq!(ask(&variables, &format!("&audience={}", "a".repeat(1025)), "Bearer").await.status, 400);
}

#[tokio::test]
async fn the_envelope_counts_the_tokens_characters_and_every_token_is_new() {
    let running = start(Provider::Github(job())).await;
    let variables = running.environment();
    let (first, second) = (ask(&variables, "", "bearer").await, ask(&variables, "", "BEARER").await);
    let count = first.json().member("count").and_then(Json::as_integer);
    assert_eq!(count, Some(i128::try_from(value(&first).len()).unwrap()));
    assert!(first.head.contains("cache-control: no-store"));
    let token_id = |answer: &Answer| decoded(&value(answer))[1].member("jti").cloned();
    assert_ne!(token_id(&first), token_id(&second));
}

#[tokio::test]
async fn a_request_without_the_jobs_token_gets_nothing() {
    let running = start(Provider::Github(job())).await;
    let other = running.start_job(Provider::Github(job())).unwrap().environment();
    let url = &running.environment()["ACTIONS_ID_TOKEN_REQUEST_URL"];
    let token = &running.environment()["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
    let right = format!("Authorization: Bearer {token}");
    for headers in [
        vec![],
        vec!["Authorization: Bearer".to_owned()],
        vec!["Authorization: Bearer ".to_owned()],
        vec![format!("Authorization: Basic {token}")],
        vec![format!("Authorization: Bearer {token}x")],
        vec![format!("Authorization: Bearer {}", other["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])],
        vec![right.clone(), right.clone()],
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = request("GET", url, &headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(!answer.body.contains("eyJ"));
    }
    assert_eq!(request("GET", url, &[&right]).await.status, 200);
    assert_eq!(request("POST", url, &[&right]).await.status, 405);
    assert_eq!(request("GET", &url.replace("jobs/", "jobs/x"), &[&right]).await.status, 404);
}

#[tokio::test]
async fn a_job_finds_its_variables_and_files() {
    let running = start(Provider::Github(job())).await;
    let variables = running.environment();
    let folder = std::path::PathBuf::from(&variables["RUNNER_TEMP"]);
    for name in ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"] {
        assert_eq!(std::fs::read_to_string(&variables[name]).unwrap(), "", "{name}");
    }
    let event = Object::parse(&std::fs::read(&variables["GITHUB_EVENT_PATH"]).unwrap()).unwrap();
    assert_eq!(event.member("ref"), Some(&Json::from("refs/heads/main")));
    let port = running.issuer_url().rsplit_once(':').unwrap().1;
    let is_random =
        |name: &str| name.starts_with("ACTIONS_ID_TOKEN") || name == "RUNNER_OS" || name == "RUNNER_ARCH";
    let shown = variables.iter().filter(|(name, _)| !is_random(name)).map(|(name, value)| {
        let value = value.replace(folder.to_str().unwrap(), "$TEMP").replace(&format!(":{port}"), ":PORT");
        format!("{name}={value}")
    });
    insta::assert_snapshot!("variables", shown.collect::<Vec<_>>().join("\n"));
    running.stop().await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_pull_request_is_in_the_events_payload() {
    let running = start(Provider::Github(GithubJob { event: "pull_request".to_owned(), ..job() })).await;
    let variables = running.environment();
    assert_eq!(
        (variables["GITHUB_REF"].as_str(), variables["GITHUB_REF_NAME"].as_str()),
        ("refs/pull/1/merge", "1/merge")
    );
    assert_eq!(
        (variables["GITHUB_HEAD_REF"].as_str(), variables["GITHUB_BASE_REF"].as_str()),
        ("feature", "main")
    );
    let event = Object::parse(&std::fs::read(&variables["GITHUB_EVENT_PATH"]).unwrap()).unwrap();
    assert_eq!(event.member("number"), Some(&Json::Integer(1)));
}

#[tokio::test]
async fn a_claim_set_by_hand_replaces_the_usual_one_but_not_the_mark() {
    let by_hand = ["actor=mona", "run_attempt:=3", "extra=x"].map(|text| text.parse().unwrap());
    let running = start(Provider::Github(GithubJob { claims: by_hand.to_vec(), ..job() })).await;
    let given = claims(&running, "", "https://github.com/octo-org").await;
    assert_eq!(given.member("actor"), Some(&Json::from("mona")));
    assert_eq!(given.member("run_attempt"), Some(&Json::from(3)));
    assert_eq!(given.member("extra"), Some(&Json::from("x")));
    let overrides =
        [ClaimOverride::remove("repository_id").unwrap(), ClaimOverride::set("actor", "lisa").unwrap()];
    let minted = running.mint(Some("x"), &overrides).unwrap();
    let claims = verified(&running, minted.reveal(), "x", LIFETIME).await;
    assert_eq!((claims.member("repository_id"), claims.member("actor")), (None, Some(&Json::from("lisa"))));
    assert_eq!(claims.member("daypass_emulated"), Some(&Json::Bool(true)));
}
