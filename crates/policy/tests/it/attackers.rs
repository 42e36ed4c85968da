//! What a policy without findings keeps out: policies in the shape that people write, and jobs of those who were never meant.

use std::collections::{BTreeMap, BTreeSet};

use daypass_jose::Object;
use daypass_policy::{Ask, Lint, Policy, PolicyContext, ProjectStanding, Supposition};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::kit::{context, file, github, gitlab, with};

/// One of several ways to write each part of a block; 0 is the best one.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// github.com, a GitHub Enterprise Server, gitlab.com.
    issuer: usize,
    owner: usize,
    project: usize,
    git_ref: usize,
    event: usize,
    environment: usize,
    sub: usize,
    workflow: usize,
    chosen: usize,
    when: usize,
    /// Whether the role can change something.
    writes: bool,
}

/// The ways, as lines of a block: of GitHub, and of GitLab.
const OWNER: [[&str; 4]; 2] = [
    [
        "repository_owner_id = '65'",
        "repository_owner = 'octo-org'",
        "repository_owner = { glob = 'octo*' }",
        "",
    ],
    ["namespace_id = '7'", "namespace_path = 'octo'", "namespace_path = { glob = 'oct*' }", ""],
];
const PROJECT: [[&str; 5]; 2] = [
    [
        "repository_id = '123456789'",
        "repository = 'octo-org/octo-repo'",
        "repository = { glob = 'octo-org/octo*' }",
        "repository = { glob = 'octo*/octo-repo' }",
        "",
    ],
    [
        "project_id = '42'",
        "project_path = 'octo/app'",
        "project_path = { glob = 'octo/app*' }",
        "project_path = { glob = 'oct*/app' }",
        "",
    ],
];
const REF: [[&str; 7]; 2] = [
    [
        "ref = 'refs/heads/main'",
        "ref = { glob = 'refs/heads/release/*' }",
        "ref = { glob = 'refs/heads/release*' }",
        "ref = { glob = 'refs/**' }",
        "ref = { glob = 'refs/tags/v*' }",
        "ref = { glob = 'refs/*/main' }",
        "",
    ],
    [
        "ref = 'main'\nref_type = 'branch'",
        "ref = { glob = 'release/*' }\nref_type = 'branch'",
        "ref = { glob = 'release*' }\nref_type = 'branch'",
        "ref_path = { glob = 'refs/**' }",
        "ref = { glob = 'v*' }\nref_type = 'tag'",
        "ref = 'main'",
        "",
    ],
];
/// The last part of a ref that fits, whether it is one of a branch, and the part that looks like it.
const NAMES: [(&str, bool, &str); 7] = [
    ("main", true, "main-evil"),
    ("release/1", true, "release-evil"),
    ("release-1", true, "release-evil"),
    ("main", true, "evil"),
    ("v1", false, "v1-evil"),
    ("main", true, "main-evil"),
    ("main", true, "evil"),
];
const EVENT: [[&str; 4]; 2] = [
    [
        "",
        "event_name = 'push'",
        "event_name = ['push', 'pull_request']",
        "event_name = ['push', 'pull_request_target']\nuntrusted_triggers = true",
    ],
    [
        "",
        "pipeline_source = 'push'",
        "pipeline_source = ['push', 'merge_request_event']",
        "pipeline_source = ['push', 'merge_request_event']\nuntrusted_triggers = true",
    ],
];
const SUB: [[&str; 2]; 2] = [
    ["", "sub = 'repo:octo-org/octo-repo:ref:refs/heads/main'"],
    ["", "sub = 'project_path:octo/app:ref_type:branch:ref:main'"],
];
const WORKFLOWS: [&str; 4] = [
    "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
    "octo-org/workflows/.github/workflows/deploy.yml@0123456789abcdef0123456789abcdef01234567",
    "octo-org/workflows/.github/workflows/deploy.yml@refs/tags/v3",
    "octo-org/workflows/.github/workflows/deploy.yml@refs/heads/main",
];
const CHOSEN: [[&str; 4]; 2] = [
    ["", "workflow = 'Deploy'", "actor = 'octocat'\nactor_id = '1'", "actor = 'octocat'"],
    ["", "deployment_tier = 'production'", "user_login = 'octocat'\nuser_id = '1'", "user_login = 'octocat'"],
];
const WHEN: [&str; 3] =
    ["", "when = \"claims.ref != '' || claims.ref == ''\"", "when = \"claims.sha != '0'\""];

/// A job, and how it is called where it gets in.
type Attacker = (&'static str, Value);

impl Shape {
    fn side(self) -> usize {
        usize::from(self.issuer == 2)
    }

    fn issuer_name(self) -> &'static str {
        ["github", "ghes", "gitlab"][self.issuer]
    }

    fn text(self) -> String {
        let side = self.side();
        let workflow = match self.workflow {
            0 => String::new(),
            3 => "job_workflow_ref = { glob = 'octo-org/workflows/.github/workflows/deploy.yml@**' }"
                .to_owned(),
            at => format!("job_workflow_ref = '{}'", WORKFLOWS[at]),
        };
        let lines = [
            OWNER[side][self.owner],
            PROJECT[side][self.project],
            REF[side][self.git_ref],
            EVENT[side][self.event],
            ["", "environment = 'production'"][self.environment],
            SUB[side][self.sub],
            if side == 0 { workflow.as_str() } else { "" },
            CHOSEN[side][self.chosen],
            WHEN[self.when],
        ];
        format!(
            "[[roles.r.trust]]\nissuer = '{}'\n{}\n[roles.r.grants.api]\naudience = 'https://a.example'\n\
             scopes = ['releases:{}']\n",
            self.issuer_name(),
            lines.join("\n"),
            if self.writes { "write" } else { "read" }
        )
    }

    /// Whether the block names somebody: of one that does not, a server of the house takes everybody of the house.
    fn names_somebody(self) -> bool {
        self.issuer != 1 || self.owner != 3 || self.project != 4
    }

    /// Whether it looks as if it asked for more than any branch. Who may call a workflow is not said by one that is pinned.
    fn names_branch(self) -> bool {
        let by_others = self.environment == 1 || self.chosen != 0;
        NAMES[self.git_ref].1 && (self.git_ref != 6 || (by_others && self.workflow_of_others() == 0))
    }

    fn workflow_of_others(self) -> usize {
        if self.side() == 0 { self.workflow } else { 0 }
    }

    /// The job that the author had in mind.
    fn honest(self) -> Value {
        let (name, is_branch, _) = NAMES[self.git_ref];
        let kind = if is_branch { "branch" } else { "tag" };
        self.of_ref(name, kind, json!({}))
    }

    fn of_ref(self, name: &str, kind: &str, changes: Value) -> Value {
        let path = if kind == "branch" { format!("refs/heads/{name}") } else { format!("refs/tags/{name}") };
        let fitting = if self.side() == 0 {
            with(
                github(),
                json!({
                    "sub": "repo:octo-org/octo-repo:ref:refs/heads/main", "ref": path, "ref_type": kind,
                    "environment": "production", "workflow": "Deploy", "actor": "octocat", "actor_id": "1",
                    "job_workflow_ref": WORKFLOWS[self.workflow],
                }),
            )
        } else {
            with(
                gitlab(),
                json!({
                    "sub": "project_path:octo/app:ref_type:branch:ref:main", "ref": name, "ref_type": kind,
                    "ref_path": path, "ref_protected": "false", "environment": "production",
                    "deployment_tier": "production", "user_login": "octocat", "user_id": "1",
                }),
            )
        };
        with(fitting, changes)
    }

    fn with(self, changes: Value) -> Value {
        with(self.honest(), changes)
    }

    /// Those who were never meant.
    fn attackers(self) -> Vec<Attacker> {
        let (name, is_branch, fitting) = NAMES[self.git_ref];
        let mut all = Vec::new();
        if self.names_somebody() {
            all.push(("a look-alike", self.with(self.ids("9", "9", "octo-evil", "octo-repo"))));
            all.push(("another tenant", self.with(self.ids("9", "9", "evil", "thing"))));
            all.push(("a name registered again", self.with(self.ids("9", "9", "octo-org", "octo-repo"))));
        }
        if self.project < 2 {
            let own = self.own_owner();
            all.push(("a project made again", self.with(self.ids(own, "9", "octo-org", "octo-repo"))));
        }
        if self.issuer != 1 || self.owner != 3 {
            all.push((
                "a project with a new owner",
                self.with(self.ids("9", self.own_project(), "octo-evil", "octo-repo")),
            ));
        }
        if self.writes {
            let other = self.ids(self.own_owner(), "9", "octo-org", "octo-other");
            all.push(("another project of the owner", self.with(other)));
        }
        if self.names_branch() {
            all.push(("a branch that fits", self.of_ref(fitting, "branch", json!({}))));
        }
        if is_branch && self.git_ref != 6 {
            all.push(("a tag of that name", self.of_ref(name, "tag", json!({}))));
        }
        if self.workflow_of_others() > 1 {
            all.push((
                "a workflow that was changed",
                self.with(json!({ "job_workflow_sha": "0".repeat(40) })),
            ));
        }
        all.extend(self.proposals());
        all
    }

    fn proposals(self) -> Vec<Attacker> {
        if self.side() == 0 {
            let mut all = vec![
                ("a fork's pull request", self.with(json!({ "event_name": "pull_request_target" }))),
                ("a run on a fork's run", self.with(json!({ "event_name": "workflow_run" }))),
            ];
            if self.writes {
                all.push(("a pull request", self.with(json!({ "event_name": "pull_request" }))));
            }
            return all;
        }
        let merge = |project: &str, of_job: &str| {
            self.with(json!({
                "pipeline_source": "merge_request_event", "project_id": project, "job_project_id": of_job,
            }))
        };
        let mut all =
            vec![("a fork's merge request", merge("42", "99")), ("a merge request there", merge("99", "42"))];
        if self.writes {
            all.push(("a merge request", merge("42", "42")));
        }
        all
    }

    fn own_owner(self) -> &'static str {
        ["65", "7"][self.side()]
    }

    fn own_project(self) -> &'static str {
        ["123456789", "42"][self.side()]
    }

    fn ids(self, owner_id: &str, id: &str, owner: &str, name: &str) -> Value {
        if self.side() == 0 {
            return json!({
                "repository_owner_id": owner_id, "repository_id": id, "repository_owner": owner,
                "repository": format!("{owner}/{name}"), "actor_id": if owner_id == "9" { "9" } else { "1" },
            });
        }
        let (owner, name) = (owner.replace("octo-org", "octo"), name.replace("octo-repo", "app"));
        let (owner, name) = (owner.replace("octo-", "oct-"), name.replace("octo-", "app-"));
        json!({
            "namespace_id": owner_id, "namespace_path": owner, "project_id": id,
            "project_path": format!("{owner}/{name}"), "job_project_id": id, "job_namespace_id": owner_id,
        })
    }
}

/// Most parts as they should be, so that many policies have no findings.
fn part(ways: usize) -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0), 1 => 0..ways]
}

fn shape() -> impl Strategy<Value = Shape> {
    let whose = (0..3_usize, part(4), part(5), 0..7_usize, part(4));
    let what = (part(2), part(2), part(4), part(4), part(3), any::<bool>());
    (whose, what).prop_map(|(whose, what)| {
        let (issuer, owner, project, git_ref, event) = whose;
        let (environment, sub, workflow, chosen, when, writes) = what;
        Shape { issuer, owner, project, git_ref, event, environment, sub, workflow, chosen, when, writes }
    })
}

fn lets_in(policy: &Policy, issuer: &str, claims: &Value, context: &PolicyContext) -> bool {
    let claims = Object::parse(claims.to_string().as_bytes()).unwrap();
    let job = Supposition::new(claims, context.issuer(issuer).unwrap()).unwrap();
    job.decide(&Ask { role: "r", standing: ProjectStanding::Unknown }, policy).reason.is_none()
}

/// The attackers who get in by a policy about which there is nothing to say but what is allowed; `None` where there is.
fn let_in(shape: Shape, context: &PolicyContext) -> Option<Vec<&'static str>> {
    let loaded = Policy::load(&[file("r.toml", &shape.text())], context);
    let (policy, _) = loaded.ok().filter(|(_, findings)| findings.is_empty())?;
    let who = shape.attackers().into_iter();
    let who = who.filter(|(_, claims)| lets_in(&policy, shape.issuer_name(), claims, context));
    Some(who.map(|(who, _)| who).collect())
}

fn shapes(count: usize) -> Vec<Shape> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| shape().new_tree(&mut runner).unwrap().current()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn a_policy_without_findings_lets_in_no_attacker(shape in shape()) {
        if let Some(who) = let_in(shape, &context()) {
            prop_assert!(who.is_empty(), "{who:?}\n{}", shape.text());
        }
    }
}

#[test]
fn among_them_are_many_that_let_in_the_job_that_was_meant() {
    let context = context();
    let meant = shapes(400).into_iter().filter(|shape| {
        let loaded = Policy::load(&[file("r.toml", &shape.text())], &context);
        loaded.is_ok_and(|(policy, findings)| {
            findings.is_empty() && lets_in(&policy, shape.issuer_name(), &shape.honest(), &context)
        })
    });
    let count = meant.count();
    assert!(count > 40, "{count}");
}

/// Without one of these lints, attackers of the corpus get in: each of them is needed.
#[test]
fn each_of_these_lints_keeps_an_attacker_out_that_no_other_one_does() {
    let all = [
        Lint::ChosenByAttacker,
        Lint::EnvironmentWithoutBranch,
        Lint::NameWithoutId,
        Lint::NoImmutableOwner,
        Lint::ReviewCanWrite,
        Lint::SeveralProjects,
        Lint::TagOrBranch,
        Lint::UntrustedTrigger,
        Lint::WidePattern,
        Lint::WorkflowNotPinned,
    ];
    let shapes = shapes(2_000);
    let needed = all.into_iter().filter(|lint| {
        let mut without = context();
        without.allowed = BTreeMap::from([(*lint, "a test".to_owned())]);
        shapes.iter().any(|shape| let_in(*shape, &without).is_some_and(|who| !who.is_empty()))
    });
    assert_eq!(needed.collect::<BTreeSet<_>>(), BTreeSet::from(all));
}
