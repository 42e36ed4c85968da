//! What a workload is, and which verified claims are not one.

use std::collections::BTreeSet;

use daypass_policy::{Profile, TriggerClass, WorkloadFault};
use serde_json::{Value, json};

use crate::kit::{github, gitlab, try_workload, with, workload};

#[test]
fn a_github_job_is_read() {
    let job = workload("github", &github());
    assert_eq!((job.issuer_name(), job.provider()), ("github", "github"));
    insta::assert_debug_snapshot!((job.repository(), job.run()), @r#"
    (
        Repository {
            external_id: "123456789",
            path: Some(
                "octo-org/octo-repo",
            ),
            owner_external_id: Some(
                "65",
            ),
            owner_name: Some(
                "octo-org",
            ),
        },
        Run {
            id: Some(
                "42",
            ),
            attempt: Some(
                "1",
            ),
            job: Some(
                "77001",
            ),
            workflow: Some(
                "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
            ),
            event: Some(
                "push",
            ),
            git_ref: Some(
                "refs/heads/main",
            ),
            sha: Some(
                "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            ),
            environment: None,
            pull_request: None,
        },
    )
    "#);
}

#[test]
fn a_gitlab_job_is_read() {
    let job = workload("gitlab", &gitlab());
    insta::assert_debug_snapshot!((job.repository(), job.run()), @r#"
    (
        Repository {
            external_id: "42",
            path: Some(
                "octo/app",
            ),
            owner_external_id: Some(
                "7",
            ),
            owner_name: Some(
                "octo",
            ),
        },
        Run {
            id: Some(
                "574",
            ),
            attempt: None,
            job: Some(
                "302",
            ),
            workflow: None,
            event: Some(
                "push",
            ),
            git_ref: Some(
                "refs/heads/main",
            ),
            sha: Some(
                "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            ),
            environment: None,
            pull_request: None,
        },
    )
    "#);
}

#[test]
fn every_required_claim_is_required_with_its_type() {
    for (issuer, claims) in [("github", github()), ("gitlab", gitlab()), ("sso", json!({"sub": "me"}))] {
        let provider = if issuer == "sso" { "generic" } else { issuer };
        let required = Profile::by_name(provider).unwrap().required.keys().filter(|claim| *claim != "sub");
        for claim in required {
            let missing = try_workload(issuer, &with(claims.clone(), json!({claim: null})));
            assert_eq!(missing.unwrap_err(), WorkloadFault::ClaimMissing(claim.clone()));
            for value in [json!(1), json!(["x"]), json!({}), json!(true), json!(1.5)] {
                let odd = try_workload(issuer, &with(claims.clone(), json!({claim: value})));
                assert_eq!(odd.unwrap_err(), WorkloadFault::ClaimMalformed(claim.clone()));
            }
        }
    }
}

#[test]
fn a_log_in_token_of_gitlab_is_no_job() {
    let log_in = json!({"sub": "1", "name": "Octo Cat", "groups_direct": ["octo"]});
    assert_eq!(try_workload("gitlab", &log_in).unwrap_err().code(), "claim_missing");
}

#[test]
fn what_has_a_column_of_its_own_holds_no_nul_and_ids_are_not_empty() {
    for claim in
        ["repository", "repository_id", "repository_owner_id", "ref", "sha", "run_id", "check_run_id"]
    {
        let nul = try_workload("github", &with(github(), json!({claim: "a\0b"})));
        assert_eq!(nul.unwrap_err(), WorkloadFault::ClaimMalformed(claim.to_owned()));
    }
    for claim in ["repository_id", "repository_owner_id", "run_id"] {
        assert!(try_workload("github", &with(github(), json!({claim: ""}))).is_err(), "{claim}");
    }
    assert_eq!(workload("github", &with(github(), json!({"ref": ""}))).run().git_ref, None);
}

#[test]
fn the_pull_request_is_read_from_the_ref_and_nothing_else() {
    for (git_ref, number) in [
        ("refs/pull/7/merge", Some(7)),
        ("refs/pull/7/head", Some(7)),
        ("refs/pull/07/merge", None),
        ("refs/pull/+7/merge", None),
        ("refs/pull//merge", None),
        ("refs/pull/7", None),
        ("refs/pull/7/merge/x", None),
        ("refs/heads/refs/pull/7/merge", None),
        ("refs/pull/99999999999999999999/merge", None),
        ("refs/heads/main", None),
    ] {
        let job = workload("github", &with(github(), json!({"ref": git_ref})));
        assert_eq!(job.run().pull_request, number, "{git_ref}");
    }
}

#[test]
fn a_job_id_may_be_a_text_a_number_or_absent() {
    for (value, id) in [(json!("77"), Some("77")), (json!(77), Some("77")), (json!(null), None)] {
        let job = workload("github", &with(github(), json!({"check_run_id": value})));
        assert_eq!(job.run().job.as_deref(), id);
    }
    assert!(try_workload("github", &with(github(), json!({"check_run_id": true}))).is_err());
}

#[test]
fn triggers_have_classes() {
    for (event, class) in [
        ("push", TriggerClass::Trusted),
        ("pull_request", TriggerClass::Review),
        ("pull_request_target", TriggerClass::Untrusted),
        ("brand_new", TriggerClass::Untrusted),
    ] {
        let job = workload("github", &with(github(), json!({"event_name": event})));
        assert_eq!(job.trigger_class(), Some(class), "{event}");
    }
    let merge_request = |changes| {
        workload("gitlab", &with(with(gitlab(), json!({"pipeline_source": "merge_request_event"})), changes))
    };
    assert_eq!(merge_request(json!({})).trigger_class(), Some(TriggerClass::Review));
    let fork = merge_request(json!({"project_id": "666"}));
    assert_eq!(fork.trigger_class(), Some(TriggerClass::Untrusted));
    let old = merge_request(json!({"job_project_id": null}));
    assert_eq!(
        old.trigger_class(),
        Some(TriggerClass::Untrusted),
        "an old GitLab that does not say where it runs"
    );
    assert_eq!(workload("sso", &json!({"sub": "me"})).trigger_class(), None);
}

#[test]
fn what_is_personal_is_recorded_only_where_a_rule_tests_it() {
    let job = workload("gitlab", &gitlab());
    let names = |tested: &[&str]| {
        let tested = tested.iter().map(|claim| (*claim).to_owned()).collect::<BTreeSet<_>>();
        let claims = serde_json::to_value(job.recordable_claims(&tested)).unwrap();
        ["user_email", "user_login", "groups_direct", "project_id"].map(|claim| claims.get(claim).is_some())
    };
    assert_eq!(names(&[]), [false, false, false, true]);
    assert_eq!(names(&["groups_direct"]), [false, false, true, true]);
}

#[test]
fn claims_that_the_profile_does_not_know_are_named_wherever_they_stand() {
    for (issuer, claims) in [("github", github()), ("gitlab", gitlab())] {
        let names = |claims: &Value| -> Vec<String> {
            workload(issuer, claims).unaccounted_claims().map(ToOwned::to_owned).collect()
        };
        assert_eq!(names(&claims), [""; 0], "{issuer}");
        let new = json!({ "Aa": 1, "aaa": "x", "jtj": [], "repository_ie": {}, "zz": null });
        let mut changed = claims.clone();
        changed.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
        assert_eq!(names(&changed), ["Aa", "aaa", "jtj", "repository_ie", "zz"], "{issuer}");
    }
    let github = with(github(), json!({ "repo_property_team": "a" }));
    assert_eq!(workload("github", &github).unaccounted_claims().count(), 0, "its beginning is known");
}
