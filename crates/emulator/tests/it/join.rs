//! Several emulators at one issuer: each with jobs of its own, all signing with the key that they find in one folder.

use std::path::Path;

use crate::github::{LIFETIME, ask, value};
use crate::support::{get, request, start_with, try_start, verified};
use daypass_emulator::{EmulatorConfig, EmulatorFault, GithubJob, GitlabJob, Provider, Running};
use daypass_jose::Json;
use tokio::task::JoinSet;

fn config(folder: &Path, repository: &str) -> EmulatorConfig {
    let job = GithubJob { repository: repository.parse().unwrap(), ..GithubJob::default() };
    EmulatorConfig { state_dir: Some(folder.to_owned()), ..EmulatorConfig::new(Provider::Github(job)) }
}

async fn joined(first: &Running, folder: &Path, repository: &str) -> Running {
    let join = Some(first.issuer_url().to_owned());
    start_with(EmulatorConfig { join, ..config(folder, repository) }).await
}

#[tokio::test]
async fn jobs_of_several_emulators_run_at_once_at_one_issuer_each_with_its_own_claims() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_with(config(folder.path(), "octo-org/octo-repo")).await;
    let second = joined(&first, folder.path(), "acme/shop").await;
    let third = joined(&first, folder.path(), "acme/web").await;
    for (running, repository) in
        [(&first, "octo-org/octo-repo"), (&second, "acme/shop"), (&third, "acme/web")]
    {
        assert_eq!(running.issuer_url(), first.issuer_url());
        let token = value(&ask(&running.environment(), "&audience=x", "Bearer").await);
        // With the keys that the first one publishes.
        let claims = verified(&first, &token, "x", LIFETIME).await;
        assert_eq!(claims.member("repository"), Some(&Json::from(repository)));
        assert_eq!(claims.member("daypass_emulated"), Some(&Json::Bool(true)));
    }
}

#[tokio::test]
async fn many_requests_of_many_jobs_at_once_are_each_answered_with_the_jobs_own_claims() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_with(config(folder.path(), "octo-org/octo-repo")).await;
    let second = joined(&first, folder.path(), "acme/joined").await;
    let mut jobs = vec![first.environment(), second.environment()];
    for number in 0..6 {
        let repository = format!("acme/shop{number}").parse().unwrap();
        let job = Provider::Github(GithubJob { repository, ..GithubJob::default() });
        let running = if number % 2 == 0 { &first } else { &second };
        jobs.push(running.start_job(job).unwrap().environment());
    }
    let mut requests = JoinSet::new();
    for job in jobs.iter().cycle().take(32).cloned() {
        requests.spawn(async move {
            let token = value(&ask(&job, "&audience=x", "Bearer").await);
            (job["GITHUB_REPOSITORY"].clone(), token)
        });
    }
    let mut answers = 0;
    while let Some(answer) = requests.join_next().await {
        let (repository, token) = answer.unwrap();
        let claims = verified(&first, &token, "x", LIFETIME).await;
        assert_eq!(claims.member("repository").and_then(Json::as_str), Some(repository.as_str()));
        answers += 1;
    }
    assert_eq!(answers, 32);
}

#[tokio::test]
async fn a_request_token_opens_the_endpoint_of_its_own_job_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_with(config(folder.path(), "octo-org/octo-repo")).await;
    let second = joined(&first, folder.path(), "acme/shop").await;
    let third = first.start_job(Provider::Github(GithubJob::default())).unwrap();
    let jobs = [first.environment(), second.environment(), third.environment()];
    for (at, job) in jobs.iter().enumerate() {
        for (of, other) in jobs.iter().enumerate() {
            let bearer = format!("Authorization: Bearer {}", other["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
            let answer = request("GET", &job["ACTIONS_ID_TOKEN_REQUEST_URL"], &[&bearer]).await;
            let expected = if at == of { 200 } else { 401 };
            assert_eq!(answer.status, expected, "the token of {of} at {at}");
        }
    }
}

#[tokio::test]
async fn one_that_joins_publishes_nothing_itself() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_with(config(folder.path(), "octo-org/octo-repo")).await;
    let second = joined(&first, folder.path(), "acme/shop").await;
    let (url, keys) = second.key_set();
    assert_eq!(get(&url).await.body, keys, "the first one has the same");
    let request_url = second.environment()["ACTIONS_ID_TOKEN_REQUEST_URL"].clone();
    let server = request_url.split("/_apis").next().unwrap();
    assert_ne!(server, first.issuer_url());
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks"] {
        assert_eq!(get(&format!("{server}{path}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_gitlab_job_joins_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = || {
        let id_tokens = vec!["T=x".parse().unwrap()];
        let provider = Provider::Gitlab(GitlabJob { id_tokens, ..GitlabJob::default() });
        EmulatorConfig { state_dir: Some(folder.path().to_owned()), ..EmulatorConfig::new(provider) }
    };
    let first = start_with(config()).await;
    let second = start_with(EmulatorConfig { join: Some(first.issuer_url().to_owned()), ..config() }).await;
    verified(&first, &second.environment()["T"], "x", 3600).await;
}

#[tokio::test]
async fn nothing_but_an_emulator_of_this_machine_can_be_joined() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "https://token.actions.githubusercontent.com",
        "http://192.0.2.1:4011",
        "http://localhost:4011",
        "http://127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:04011",
        "http://127.0.0.1:4011/",
        "127.0.0.1:4011",
    ] {
        let config = EmulatorConfig { join: Some(url.to_owned()), ..config(folder.path(), "acme/shop") };
        let fault = try_start(config).await.err().unwrap();
        assert!(matches!(fault, EmulatorFault::JoinRefused(_)), "{url}: {fault}");
    }
    let config = EmulatorConfig {
        join: Some("http://127.0.0.1:4011".to_owned()),
        state_dir: None,
        ..config(folder.path(), "acme/shop")
    };
    assert!(matches!(try_start(config).await.err().unwrap(), EmulatorFault::JoinWithoutKeys));
}
