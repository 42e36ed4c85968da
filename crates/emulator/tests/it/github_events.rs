//! Every event of GitHub Actions: the claims of its token, and how far a server trusts it.

use std::collections::BTreeMap;

use crate::github::{LIFETIME, ask, job, value};
use crate::support::{changes, class, get, in_guide, judged, request, start, table};
use daypass_emulator::github::{Enterprise, IdTokens, PullRequest, RunNumbers};
use daypass_emulator::{EmulatorFault, GithubJob, Provider};
use daypass_policy::Profile;
use daypass_policy::TriggerClass::{self, Review, Trusted, Untrusted};

const AUDIENCE: &str = "pass.example.com";

/// The claims of a token that the job asks for, and its class.
async fn token_of(job: GithubJob) -> (String, TriggerClass) {
    let running = start(Provider::Github(job)).await;
    let answer = ask(&running.environment(), &format!("&audience={AUDIENCE}"), "Bearer").await;
    let claims = judged(&running, &value(&answer), AUDIENCE, LIFETIME).await;
    (table(&running, claims.claims()), class(&running, claims, "github"))
}

fn event(event: &str) -> GithubJob {
    GithubJob { event: event.to_owned(), ..job() }
}

/// An event of pull request 42, which comes from the branch `fix`.
fn pull(name: &str) -> GithubJob {
    let pull_request = PullRequest { number: 42, head_ref: Some("fix".to_owned()), ..job().pull_request };
    GithubJob { pull_request, ..event(name) }
}

fn from_fork(job: GithubJob) -> GithubJob {
    let pull_request = PullRequest { fork: Some("mona/octo-repo".parse().unwrap()), ..job.pull_request };
    GithubJob { pull_request, ..job }
}

fn runs() -> Vec<(&'static str, TriggerClass, GithubJob)> {
    let tag = |job| GithubJob { git_ref: "refs/tags/v1.2".to_owned(), ..job };
    let called = "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main".parse().unwrap();
    let properties = [("team", "platform-eng"), ("regulated", "true")];
    vec![
        ("push of a tag", Trusted, tag(job())),
        ("schedule", Trusted, event("schedule")),
        (
            "workflow_dispatch",
            Trusted,
            GithubJob { workflow_name: Some("Release".to_owned()), ..event("workflow_dispatch") },
        ),
        ("repository_dispatch", Trusted, event("repository_dispatch")),
        ("merge_group", Trusted, pull("merge_group")),
        ("release", Trusted, tag(event("release"))),
        ("deployment", Trusted, event("deployment")),
        ("deployment of a commit", Trusted, GithubJob { git_ref: String::new(), ..event("deployment") }),
        ("pull_request", Review, pull("pull_request")),
        (
            "pull_request from a fork, where they get write tokens",
            Review,
            GithubJob { id_tokens: IdTokens::GrantedToForks, ..from_fork(pull("pull_request")) },
        ),
        ("pull_request_target", Untrusted, pull("pull_request_target")),
        ("pull_request_target from a fork", Untrusted, from_fork(pull("pull_request_target"))),
        ("pull_request_review", Untrusted, pull("pull_request_review")),
        ("workflow_run", Untrusted, event("workflow_run")),
        ("issue_comment", Untrusted, event("issue_comment")),
        ("an event of tomorrow", Untrusted, event("brand_new")),
        ("reusable workflow", Trusted, GithubJob { reusable_workflow: Some(called), ..job() }),
        ("environment", Trusted, GithubJob { environment: Some("Production:V1".to_owned()), ..job() }),
        (
            "enterprise",
            Trusted,
            GithubJob { enterprise: Some(Enterprise { slug: "avocado-corp".to_owned(), id: 2 }), ..job() },
        ),
        (
            "properties of the repository",
            Trusted,
            GithubJob {
                properties: properties.map(|(name, value)| (name.into(), value.into())).into(),
                ..job()
            },
        ),
        (
            "run again, on a runner of one's own",
            Trusted,
            GithubJob {
                run: RunNumbers { attempt: 3, ..job().run },
                runner_environment: "self-hosted".to_owned(),
                ..job()
            },
        ),
        ("protected ref", Trusted, GithubJob { ref_protected: true, ..job() }),
        ("old subject", Trusted, GithubJob { immutable_subject: false, ..job() }),
        (
            "subject of a template",
            Trusted,
            GithubJob { subject_template: "repository_owner_id,job_workflow_ref".parse().unwrap(), ..job() },
        ),
        ("other repository", Trusted, GithubJob { repository: "acme/shop".parse().unwrap(), ..job() }),
    ]
}

#[tokio::test]
async fn each_kind_of_run_has_its_claims_and_its_class() {
    let (push, trusted) = token_of(job()).await;
    assert_eq!(trusted, Trusted);
    insta::assert_snapshot!("push", push);
    let mut text = String::new();
    for (name, expected, job) in runs() {
        let (claims, class) = token_of(job).await;
        assert_eq!(class, expected, "{name}");
        text = format!("{text}# {name}: {class:?}\n{}\n", changes(&push, &claims));
    }
    insta::assert_snapshot!("other_runs", text);
}

#[tokio::test]
async fn a_server_reads_the_token_of_every_event_that_the_profile_knows() {
    let running = start(Provider::Github(job())).await;
    let profile = Profile::by_name("github").unwrap();
    for name in profile.triggers() {
        let variables = running.start_job(Provider::Github(pull(name))).unwrap().environment();
        let answer = ask(&variables, &format!("&audience={AUDIENCE}"), "Bearer").await;
        let claims = judged(&running, &value(&answer), AUDIENCE, LIFETIME).await;
        let expected = profile.trigger.as_ref().unwrap().class(name);
        assert_eq!(class(&running, claims, "github"), expected, "{name}");
    }
}

#[tokio::test]
async fn the_guide_shows_the_token_of_a_push() {
    let (push, _) = token_of(job()).await;
    in_guide(&push);
}

/// The values are those of the examples in GitHub's "OpenID Connect reference".
#[tokio::test]
async fn the_documented_example_has_its_claims_and_no_others() {
    let mut repository: daypass_emulator::github::Repository = "octo-org/octo-repo".parse().unwrap();
    (repository.id, repository.owner_id) = (74, 65);
    let example = GithubJob {
        repository,
        environment: Some("prod".to_owned()),
        sha: "example-sha".to_owned(),
        actor_id: 12,
        run: RunNumbers { id: Some(1), number: 10, attempt: 2, check_run_id: Some(3) },
        workflow_name: Some("example-workflow".to_owned()),
        reusable_workflow: Some(
            "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main".parse().unwrap(),
        ),
        immutable_subject: false,
        ..GithubJob::default()
    };
    let (claims, _) = token_of(example).await;
    let given: BTreeMap<_, _> = claims
        .lines()
        .map(|line| line.split_once(char::is_whitespace).unwrap())
        .map(|(name, value)| (name, value.trim().trim_matches('"')))
        .collect();
    // `jti` is random; the emulator's own mark is in no real token, and has tests of its own.
    let expected = [
        ("iss", "http://127.0.0.1:PORT"),
        ("aud", AUDIENCE),
        ("sub", "repo:octo-org/octo-repo:environment:prod"),
        ("iat", "1795512600"),
        ("nbf", "1795512000"),
        ("exp", "1795512900"),
        ("environment", "prod"),
        ("ref", "refs/heads/main"),
        ("ref_type", "branch"),
        ("ref_protected", "false"),
        ("sha", "example-sha"),
        ("head_ref", ""),
        ("base_ref", ""),
        ("repository", "octo-org/octo-repo"),
        ("repository_id", "74"),
        ("repository_owner", "octo-org"),
        ("repository_owner_id", "65"),
        ("repository_visibility", "private"),
        ("actor", "octocat"),
        ("actor_id", "12"),
        ("workflow", "example-workflow"),
        ("workflow_ref", "octo-org/octo-repo/.github/workflows/ci.yml@refs/heads/main"),
        ("workflow_sha", "example-sha"),
        ("job_workflow_ref", "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"),
        ("job_workflow_sha", "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15"),
        ("event_name", "push"),
        ("run_id", "1"),
        ("run_number", "10"),
        ("run_attempt", "2"),
        ("check_run_id", "3"),
        ("runner_environment", "github-hosted"),
    ];
    for (name, value) in expected {
        assert_eq!(given.get(name), Some(&value), "{name}");
    }
    let others = given.keys().filter(|name| expected.iter().all(|(expected, _)| expected != *name));
    let others: Vec<_> = others.copied().collect();
    assert_eq!(others, ["daypass_emulated", "environment_node_id", "jti"]);
}

#[tokio::test]
async fn a_job_without_the_permission_finds_no_variables_and_gets_no_token() {
    for (name, job) in [
        ("a pull request from a fork", from_fork(pull("pull_request"))),
        ("its review", from_fork(pull("pull_request_review"))),
        ("a workflow that does not ask", GithubJob { id_tokens: IdTokens::NotGranted, ..job() }),
    ] {
        let running = start(Provider::Github(job)).await;
        let variables = running.environment();
        assert!(!variables.keys().any(|name| name.starts_with("ACTIONS_ID_TOKEN")), "{name}");
        assert!(matches!(running.mint(Some("x"), &[]), Err(EmulatorFault::NoIdTokens)), "{name}");
    }
}

#[tokio::test]
async fn the_endpoint_of_a_job_without_the_permission_answers_nobody() {
    let running = start(Provider::Github(job())).await;
    let url = |variables: &BTreeMap<String, String>| variables["ACTIONS_ID_TOKEN_REQUEST_URL"].clone();
    let granted = running.environment();
    let fork = running.start_job(Provider::Github(from_fork(pull("pull_request")))).unwrap();
    let at_fork = url(&granted).replace(job_id(&url(&granted)), fork.id());
    for headers in [vec![], vec!["Authorization: Bearer ".to_owned()], vec![bearer(&granted)]] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(request("GET", &at_fork, &headers).await.status, 401, "{headers:?}");
    }
    assert_eq!(request("GET", &url(&granted), &[&bearer(&granted)]).await.status, 200);
    assert_eq!(get(&at_fork).await.status, 401);
}

fn bearer(variables: &BTreeMap<String, String>) -> String {
    format!("Authorization: Bearer {}", variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
}

fn job_id(url: &str) -> &str {
    url.split("/jobs/").nth(1).unwrap().split('/').next().unwrap()
}

#[tokio::test]
async fn a_template_that_needs_an_environment_fails_a_job_without_one() {
    let template = |environment| GithubJob {
        subject_template: "environment,repo".parse().unwrap(),
        environment,
        ..job()
    };
    let running = start(Provider::Github(template(Some("prod".to_owned())))).await;
    let fault = running.start_job(Provider::Github(template(None))).err().unwrap();
    assert!(matches!(fault, EmulatorFault::SubjectClaimMissing(_)), "{fault}");
}

#[tokio::test]
async fn the_payload_of_a_pull_request_says_that_it_is_from_a_fork() {
    for (is_fork, head, job) in [
        (false, "octo-org/octo-repo", pull("pull_request")),
        (true, "mona/octo-repo", from_fork(pull("pull_request"))),
    ] {
        let running = start(Provider::Github(job)).await;
        let path = &running.environment()["GITHUB_EVENT_PATH"];
        let event: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let repository = &event["pull_request"]["head"]["repo"];
        assert_eq!(
            (repository["full_name"].as_str(), repository["fork"].as_bool()),
            (Some(head), Some(is_fork))
        );
        assert_eq!(event["pull_request"]["base"]["repo"]["full_name"], "octo-org/octo-repo");
    }
}
