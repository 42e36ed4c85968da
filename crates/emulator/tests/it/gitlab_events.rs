//! Every kind of pipeline of GitLab CI: the claims of its token, and how far a server trusts it.

use std::collections::BTreeMap;

use crate::gitlab::{LIFETIME, job};
use crate::support::{changes, class, in_guide, judged, start, table, try_start};
use daypass_emulator::gitlab::{ClaimSet, Environment, MergeRequest, User};
use daypass_emulator::{EmulatorConfig, EmulatorFault, GitlabJob, Provider};
use daypass_policy::Profile;
use daypass_policy::TriggerClass::{self, Review, Trusted, Untrusted};

const AUDIENCE: &str = "pass.example.com";

/// The claims of the job's token, and its class.
async fn token_of(job: GitlabJob) -> (String, TriggerClass) {
    let running = start(Provider::Gitlab(job)).await;
    let token = &running.environment()["DAYPASS_ID_TOKEN"];
    let claims = judged(&running, token, AUDIENCE, LIFETIME).await;
    (table(&running, claims.claims()), class(&running, claims, "gitlab"))
}

fn source(source: &str) -> GitlabJob {
    GitlabJob { pipeline_source: source.to_owned(), ..job() }
}

fn branch(job: GitlabJob) -> GitlabJob {
    GitlabJob { git_ref: "fix".to_owned(), ref_protected: false, ..job }
}

/// A merge request from the branch `main` of a fork, in the project that it goes to.
fn from_fork() -> GitlabJob {
    let merge_request = MergeRequest { fork: Some("mona/app".parse().unwrap()), ..job().merge_request };
    GitlabJob { merge_request, ref_protected: false, ..source("merge_request_event") }
}

fn pipelines() -> Vec<(&'static str, TriggerClass, GitlabJob)> {
    let environment = Environment {
        protected: true,
        tier: "staging".to_owned(),
        action: "stop".to_owned(),
        ..Environment::named("review/x")
    };
    let user = User {
        id: 9,
        login: "mona".to_owned(),
        email: "mona@example.com".to_owned(),
        access_level: "maintainer".to_owned(),
        groups: vec!["octo/sub".to_owned()],
    };
    vec![
        ("tag", Trusted, GitlabJob { git_ref: "refs/tags/v1.2".to_owned(), ..job() }),
        ("branch", Trusted, branch(job())),
        ("schedule", Trusted, source("schedule")),
        ("web", Trusted, source("web")),
        ("api", Trusted, source("api")),
        ("trigger", Trusted, source("trigger")),
        ("pipeline of another project", Trusted, source("pipeline")),
        ("merge request", Review, branch(source("merge_request_event"))),
        ("merge request from a fork", Untrusted, from_fork()),
        (
            "merge request from a fork, before 18.2.2",
            Untrusted,
            GitlabJob { claim_set: ClaimSet::BeforeForks, ..from_fork() },
        ),
        (
            "merge request from a fork, with its source",
            Untrusted,
            GitlabJob { claim_set: ClaimSet::WithSource, ..from_fork() },
        ),
        ("child pipeline", Untrusted, source("parent_pipeline")),
        ("chat", Untrusted, source("chat")),
        ("environment", Trusted, GitlabJob { environment: Some(Environment::named("production")), ..job() }),
        ("environment, protected", Trusted, GitlabJob { environment: Some(environment), ..job() }),
        ("user", Trusted, GitlabJob { user, ..job() }),
        (
            "runner of one's own",
            Trusted,
            GitlabJob { runner_id: 12, runner_environment: "self-hosted".to_owned(), ..job() },
        ),
        ("configuration elsewhere", Trusted, GitlabJob { config_in_project: false, ..job() }),
        (
            "subject with the id",
            Trusted,
            GitlabJob { subject_components: "project_id,ref_type,ref".parse().unwrap(), ..job() },
        ),
        ("other project", Trusted, GitlabJob { project: "acme/web/shop".parse().unwrap(), ..job() }),
    ]
}

#[tokio::test]
async fn each_kind_of_pipeline_has_its_claims_and_its_class() {
    let (push, trusted) = token_of(job()).await;
    assert_eq!(trusted, Trusted);
    insta::assert_snapshot!("push", push);
    let mut text = String::new();
    for (name, expected, job) in pipelines() {
        let (claims, class) = token_of(job).await;
        assert_eq!(class, expected, "{name}");
        text = format!("{text}# {name}: {class:?}\n{}\n", changes(&push, &claims));
    }
    insta::assert_snapshot!("other_pipelines", text);
}

#[tokio::test]
async fn a_server_reads_the_token_of_every_event_that_the_profile_knows() {
    let running = start(Provider::Gitlab(job())).await;
    let profile = Profile::by_name("gitlab").unwrap();
    for name in profile.triggers() {
        let token = running.start_job(Provider::Gitlab(source(name))).unwrap().environment();
        let claims = judged(&running, &token["DAYPASS_ID_TOKEN"], AUDIENCE, LIFETIME).await;
        let expected = profile.trigger.as_ref().unwrap().class(name);
        assert_eq!(class(&running, claims, "gitlab"), expected, "{name}");
    }
}

#[tokio::test]
async fn the_guide_shows_the_token_of_a_push() {
    let (push, _) = token_of(job()).await;
    in_guide(&push);
}

/// The values are those of the example in GitLab's "ID token authentication", as far as the emulator can be told them.
#[tokio::test]
async fn the_documented_example_has_its_claims_and_no_others() {
    let mut project: daypass_emulator::gitlab::Project = "my-group/my-project".parse().unwrap();
    (project.id, project.namespace_id) = (20, 72);
    let environment = Environment { tier: "testing".to_owned(), ..Environment::named("test-environment2") };
    let user = User {
        id: 1,
        login: "sample-user".to_owned(),
        email: "sample-user@example.com".to_owned(),
        access_level: "developer".to_owned(),
        groups: vec!["mygroup/mysubgroup".to_owned()],
    };
    let example = GitlabJob {
        project,
        visibility: "public".to_owned(),
        git_ref: "feature-branch-1".to_owned(),
        ref_protected: false,
        environment: Some(environment),
        user,
        sha: "example-sha".to_owned(),
        runner_environment: "self-hosted".to_owned(),
        ..job()
    };
    let (claims, _) = token_of(example).await;
    let given: BTreeMap<_, _> = claims
        .lines()
        .map(|line| line.split_once(char::is_whitespace).unwrap())
        .map(|(name, value)| (name, value.trim()))
        .collect();
    // As JSON: which values are strings is part of the contract.
    let expected = [
        ("iss", "\"http://127.0.0.1:PORT\""),
        ("aud", "\"pass.example.com\""),
        ("sub", "\"project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1\""),
        ("iat", "1795512600"),
        ("nbf", "1795512595"),
        ("exp", "1795516200"),
        ("namespace_id", "\"72\""),
        ("namespace_path", "\"my-group\""),
        ("project_id", "\"20\""),
        ("project_path", "\"my-group/my-project\""),
        ("job_namespace_id", "\"72\""),
        ("job_namespace_path", "\"my-group\""),
        ("job_project_id", "\"20\""),
        ("job_project_path", "\"my-group/my-project\""),
        ("user_id", "\"1\""),
        ("user_login", "\"sample-user\""),
        ("user_email", "\"sample-user@example.com\""),
        ("user_access_level", "\"developer\""),
        ("groups_direct", "[\"mygroup/mysubgroup\"]"),
        ("pipeline_id", "\"574\""),
        ("pipeline_source", "\"push\""),
        ("job_id", "\"302\""),
        ("job_source", "\"push\""),
        ("ref", "\"feature-branch-1\""),
        ("ref_type", "\"branch\""),
        ("ref_path", "\"refs/heads/feature-branch-1\""),
        ("ref_protected", "\"false\""),
        ("environment", "\"test-environment2\""),
        ("environment_protected", "\"false\""),
        ("deployment_tier", "\"testing\""),
        ("environment_action", "\"start\""),
        ("runner_id", "1"),
        ("runner_environment", "\"self-hosted\""),
        ("sha", "\"example-sha\""),
        ("project_visibility", "\"public\""),
        (
            "ci_config_ref_uri",
            "\"127.0.0.1:PORT/my-group/my-project//.gitlab-ci.yml@refs/heads/feature-branch-1\"",
        ),
        ("ci_config_sha", "\"example-sha\""),
    ];
    for (name, value) in expected {
        assert_eq!(given.get(name), Some(&value), "{name}");
    }
    let others = given.keys().filter(|name| expected.iter().all(|(expected, _)| expected != *name));
    assert_eq!(others.copied().collect::<Vec<_>>(), ["daypass_emulated", "jti"]);
}

#[tokio::test]
async fn a_path_that_another_project_had_gives_no_token_unless_the_subject_begins_with_the_id() {
    let reclaimed = |components: &str| GitlabJob {
        path_reclaimed: true,
        subject_components: components.parse().unwrap(),
        ..job()
    };
    for components in ["project_path,ref_type,ref", "job_project_path"] {
        let config = EmulatorConfig::new(Provider::Gitlab(reclaimed(components)));
        let fault = try_start(config).await.err().unwrap();
        assert!(matches!(fault, EmulatorFault::PathReclaimed), "{components}: {fault}");
    }
    let (claims, _) = token_of(reclaimed("project_id,ref_type,ref")).await;
    assert!(claims.contains("\"project_id:42:ref_type:branch:ref:main\""), "{claims}");
}
