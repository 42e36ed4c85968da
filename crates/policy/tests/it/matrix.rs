//! The matrix: whole jobs of each provider, decided as the server decides, and nothing that it leaves out can be had.

use std::collections::BTreeSet;

use daypass_policy::{
    Ask, Cell, Decision, JobChanges, Matrix, MatrixOf, Policy, PolicyContext, Profile, ProjectStanding,
    SupposedRepository, Supposition, decide,
};
use proptest::prelude::*;

use crate::kit::{context, policy, workload};
use crate::properties::{self, allowing};

const ROLES: &str = r#"
[[deny]]
issuer = "github"
runner_environment = "self-hosted"
absent = "deny"

[roles.deploy]
[[roles.deploy.trust]]
issuer = "github"
repository_owner_id = "65"
repository_id = "123456789"
repository = "octo-org/octo-repo"
ref = ["refs/heads/main", { glob = "refs/heads/release/*" }]
event_name = "push"
[[roles.deploy.trust]]
issuer = "github"
repository_owner_id = "65"
repository_id = "123456789"
ref = { glob = "refs/tags/v*" }
environment = "production"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes = ["releases:write", "repo:{repository_id}"]

[roles.plan]
[[roles.plan.trust]]
issuer = "github"
repository_owner_id = "65"
event_name = ["push", "pull_request"]
[[roles.plan.trust]]
issuer = "gitlab"
namespace_id = "7"
project_id = "42"
pipeline_source = ["push", "merge_request_event"]
[roles.plan.grants.api]
audience = "https://api.example.com"
scopes = ["plan:read"]

[roles.other]
[[roles.other.trust]]
issuer = "github"
repository_owner_id = "66"
[roles.other.grants.api]
audience = "https://api.example.com"
scopes = ["plan:read"]
"#;

fn matrix(policy: &Policy, context: &PolicyContext) -> Matrix {
    let (bound, is_cut) = SupposedRepository::bound(policy, context);
    assert!(!is_cut);
    Matrix::new(bound, "main", policy, context)
}

fn marks(of: &MatrixOf) -> String {
    let mut lines = vec![format!("{:60} {}", "", of.roles.join(" "))];
    for row in &of.rows {
        let marks: Vec<&str> = row.cells.iter().map(|cell| if cell.is_yes() { "✓" } else { "✗" }).collect();
        lines.push(format!("{:60} {}", row.title, marks.join(" ")));
    }
    lines.join("\n")
}

#[test]
fn each_repository_that_a_rule_binds_has_its_jobs_and_the_roles_that_are_about_it() {
    let (policy, context) = (policy(ROLES), context());
    let matrix = matrix(&policy, &context);
    let shown = matrix.of.iter().map(|of| {
        let issuer = context.issuer(of.repository.issuer()).unwrap();
        let title = of.repository.title(issuer);
        format!("{title} of {}, {} other roles\n{}", issuer.name, of.other_roles, marks(of))
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn a_cell_is_what_is_decided_about_a_token_with_these_claims() {
    let (policy, context) = (policy(ROLES), context());
    let mut answers = BTreeSet::new();
    for of in &matrix(&policy, &context).of {
        for row in &of.rows {
            let claims = serde_json::to_value(&row.claims).unwrap();
            let job = workload(of.repository.issuer(), &claims);
            for role in policy.roles() {
                let ask = Ask { role: &role.name, standing: ProjectStanding::Active };
                let is_yes = matches!(decide(&job, &ask, &policy), Decision::Allow(_));
                let cell = row.cells.iter().find(|cell| cell.role == role.name);
                // A role that has no column is one that no job of the repository can take.
                assert_eq!(cell.is_some_and(Cell::is_yes), is_yes, "{} {}", row.title, role.name);
                answers.insert((is_yes, cell.is_some()));
            }
        }
    }
    assert_eq!(answers, BTreeSet::from([(true, true), (false, true), (false, false)]));
}

#[test]
fn a_job_of_each_kind_is_one_of_its_provider_whose_claims_are_all_known() {
    let (policy, context) = (policy(ROLES), context());
    for of in &matrix(&policy, &context).of {
        let profile = context.issuer(of.repository.issuer()).unwrap().profile;
        for row in &of.rows {
            assert!(!row.title.contains(['{', '}']), "{}", row.title);
            for (claim, value) in row.claims.iter() {
                let kind = profile.claim_type(claim).unwrap_or_else(|| panic!("{}: {claim}", profile.name));
                assert!(kind.fits(value), "{}: {}: {claim}", profile.name, row.title);
                let text = value.scalar_text().unwrap_or_default();
                assert!(!text.contains(['{', '}']), "{}: {claim} is {text}", row.title);
            }
        }
    }
    assert!(Profile::all().iter().all(|profile| !profile.kinds.is_empty()));
}

#[test]
fn places_of_a_grant_are_filled_for_each_job_and_a_no_gives_nothing() {
    let (policy, context) = (policy(ROLES), context());
    let matrix = matrix(&policy, &context);
    let cells = matrix.of.iter().flat_map(|of| &of.rows).flat_map(|row| &row.cells);
    let (yes, no): (Vec<&Cell>, Vec<&Cell>) =
        cells.filter(|cell| cell.role == "deploy").partition(|cell| cell.is_yes());
    assert!(!yes.is_empty() && yes.iter().all(|cell| cell.given[0].what.contains("repo:123456789")));
    assert!(!no.is_empty() && no.iter().all(|cell| cell.given.is_empty()));
}

#[test]
fn a_job_that_a_person_describes_is_the_one_of_the_matrix() {
    let (policy, context) = (policy(ROLES), context());
    let issuer = context.issuer("github").unwrap();
    let repository = SupposedRepository::new(issuer, Some("octo-org/octo-repo"), "123456789", "65");
    let matrix = Matrix::new(vec![repository.clone()], "main", &policy, &context);
    for (event, title) in [
        ("push", "push to main, protected"),
        ("pull_request", "pull request of the same repository"),
        ("pull_request_target", "pull_request_target"),
        ("schedule", "schedule"),
        ("merge_group", "merge queue"),
    ] {
        let changes = JobChanges { event: Some(event.to_owned()), ..JobChanges::default() };
        let row = matrix.of[0].rows.iter().find(|row| row.title == title).unwrap();
        assert_eq!(repository.job(&changes, "main", issuer).to_string(), row.claims.to_string(), "{event}");
    }
}

#[test]
fn a_fork_of_gitlab_is_a_project_of_its_own() {
    let (policy, context) = (policy(ROLES), context());
    let matrix = matrix(&policy, &context);
    let of = matrix.of.iter().find(|of| of.repository.issuer() == "gitlab").unwrap();
    let row = |title: &str| of.rows.iter().find(|row| row.title == title).unwrap();
    assert!(row("merge request of the same project").cells[0].is_yes());
    let fork = row("merge request from a fork");
    assert!(!fork.cells[0].is_yes());
    assert_eq!(fork.claims.member("job_project_id").unwrap().as_str(), Some("42"));
}

#[test]
fn a_rule_that_names_ids_without_end_ends() {
    let ids = |count: usize| (0..count).map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = [{0}]\nrepository_id = [{0}]\n\
         enterprise_id = [{0}]\n[roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n",
        ids(2000)
    );
    let (bound, is_cut) = SupposedRepository::bound(&policy(&text), &context());
    assert_eq!((bound.len(), is_cut), (1000, true));
}

fn conditions() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..properties::CONDITIONS.len(), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_deny_block_more_turns_no_cross_into_a_tick(
        trust in conditions(), deny in conditions(),
        head in prop::sample::select(vec!["[[deny]]", "[[roles.r.deny]]"]),
        absent in prop::sample::select(vec!["deny", "allow"]),
    ) {
        let context = allowing();
        let wider = properties::policy(&trust, None);
        let narrower = properties::policy(&trust, Some((head, &deny, absent)));
        let issuer = context.issuer("github").unwrap();
        for of in matrix(&narrower, &context).of.iter().filter(|of| of.repository.issuer() == "github") {
            for row in &of.rows {
                let job = Supposition::new(row.claims.clone(), issuer).unwrap();
                for cell in &row.cells {
                    let before = Cell::decide(&job, &cell.role, &wider);
                    prop_assert!(before.is_yes() || !cell.is_yes(), "{} {}", row.title, cell.role);
                }
            }
        }
    }
}
