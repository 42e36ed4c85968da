//! The contract of GitLab CI, as its jobs and its verifiers see it.

use crate::support::{decoded, get, start, verified};
use daypass_emulator::gitlab::{Environment, IdToken};
use daypass_emulator::{EmulatorFault, GitlabJob, Provider};
use daypass_jose::Json;

pub(crate) const LIFETIME: i64 = 3600;

pub(crate) fn job() -> GitlabJob {
    GitlabJob {
        pipeline_id: Some(574),
        job_id: Some(302),
        id_tokens: vec!["DAYPASS_ID_TOKEN=pass.example.com".parse().unwrap()],
        ..GitlabJob::default()
    }
}

#[tokio::test]
async fn each_entry_of_id_tokens_is_a_variable() {
    let id_tokens = vec![
        "ONE=https://one.example.com".parse().unwrap(),
        IdToken::new("MANY", vec!["a".to_owned(), "b".to_owned()]).unwrap(),
    ];
    let running = start(Provider::Gitlab(GitlabJob { id_tokens, ..job() })).await;
    let variables = running.environment();
    assert_eq!(variables, running.environment(), "a job has the same tokens to its end");
    let audience = |name: &str| decoded(&variables[name])[1].member("aud").cloned().unwrap();
    assert_eq!(audience("ONE"), Json::from("https://one.example.com"));
    assert_eq!(audience("MANY"), Json::Array(vec!["a".into(), "b".into()]));
    let [header, _] = decoded(&variables["ONE"]);
    assert_eq!(header.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["alg", "kid", "typ"]);
}

#[tokio::test]
async fn the_key_set_may_be_kept_for_a_day_and_holds_the_key_of_log_ins() {
    let running = start(Provider::Gitlab(job())).await;
    let answer = get(&format!("{}/oauth/discovery/keys", running.issuer_url())).await;
    assert!(answer.head.contains("cache-control: max-age=86400, public, must-revalidate, no-transform"));
    let Some(Json::Array(keys)) = answer.json().member("keys").cloned() else { panic!("no keys") };
    assert_eq!(keys.len(), 2);
    assert_eq!(get(&format!("{}/.well-known/jwks", running.issuer_url())).await.status, 404);
}

#[tokio::test]
async fn a_job_finds_its_variables() {
    let merge_request = GitlabJob {
        pipeline_source: "merge_request_event".to_owned(),
        git_ref: "feature/x".to_owned(),
        environment: Some(Environment::named("review/x")),
        ..job()
    };
    let running = start(Provider::Gitlab(merge_request)).await;
    let port = running.issuer_url().rsplit_once(':').unwrap().1.to_owned();
    let variables = running.environment().into_iter().filter(|(name, _)| name != "DAYPASS_ID_TOKEN");
    let shown = variables.map(|(name, value)| format!("{name}={}", value.replace(&port, "PORT")));
    insta::assert_snapshot!("variables", shown.collect::<Vec<_>>().join("\n"));
    let tag = start(Provider::Gitlab(GitlabJob { git_ref: "refs/tags/v1".to_owned(), ..job() })).await;
    assert_eq!(tag.environment()["CI_COMMIT_TAG"], "v1");
    assert_eq!(start(Provider::Gitlab(job())).await.environment()["CI_COMMIT_BRANCH"], "main");
}

#[tokio::test]
async fn a_token_needs_an_audience() {
    let running = start(Provider::Gitlab(job())).await;
    assert!(matches!(running.mint(None, &[]), Err(EmulatorFault::AudienceMissing(_))));
    let token = running.mint(Some("x"), &["job_id:=7".parse().unwrap()]).unwrap();
    let claims = verified(&running, token.reveal(), "x", LIFETIME).await;
    assert_eq!(claims.member("job_id"), Some(&Json::Integer(7)));
}
