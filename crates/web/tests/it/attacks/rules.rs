//! §8 CI claims and trust rules, for the role `deploy`, which binds owner id, repository id and ref; and `wild`.

use serde_json::{Value, json};

use super::kit::{Expect, Kit, Table};

const POLICY: Expect = Expect::Policy;

pub(crate) fn cases(kit: &Kit, table: &mut Table) {
    table.as_role(Some("deploy"));
    repositories(kit, table);
    ids(kit, table);
    refs(kit, table);
    subjects(kit, table);
    names(kit, table);
    claims_of_roles(kit, table);
    table.as_role(Some("wild"));
    wild(kit, table);
    table.as_role(None);
    not_onboarded(kit, table);
}

fn policy(kit: &Kit, table: &mut Table, id: &str, changes: &[(&str, Option<Value>)]) {
    let token = kit.with(table, changes);
    table.add(id, token, POLICY);
}

/// Another repository, with ids of its own, whatever it is called.
fn repositories(kit: &Kit, table: &mut Table) {
    for (id, owner, name) in [
        ("gh.other-repo", "octo-org", "other"),
        ("gh.other-org", "evil-org", "octo-repo"),
        ("gh.fork", "attacker", "octo-repo"),
        ("gh.suffix-repo", "octo-org", "octo-repo-evil"),
        ("gh.prefix-org", "evil-octo-org", "octo-repo"),
        ("gh.prefix-2", "octo", "octo-repo"),
        ("gh.short-repo", "octo-org", "octo"),
        ("gh.git-suffix", "octo-org", "octo-repo.git"),
        ("gh.swapped", "octo-repo", "octo-org"),
        ("gh.immutable-hyphen", "octo-org-65", "octo-repo-123456789"),
        ("gh.resurrected-repo", "octo-org", "octo-repo"),
    ] {
        let changes = [
            ("repository", Some(json!(format!("{owner}/{name}")))),
            ("repository_owner", Some(json!(owner))),
            ("repository_id", Some(json!("987"))),
            ("sub", Some(json!("repo:octo-org@65/octo-repo@123456789:ref:refs/heads/main"))),
        ];
        policy(kit, table, id, &changes);
    }
    policy(kit, table, "gh.resurrected-owner", &[("repository_owner_id", Some(json!("999")))]);
    policy(kit, table, "gh.owner-id-only", &[("repository_id", Some(json!("987")))]);
    let renamed = [("repository", Some(json!("octo-org/renamed")))];
    let token = kit.with(table, &renamed);
    table.add("gh.renamed-repo-same-ids", token, Expect::Accept);
    policy(
        kit,
        table,
        "gh.transferred-repo",
        &[("repository_owner", Some(json!("evil-org"))), ("repository_owner_id", Some(json!("999")))],
    );
    for (name, short) in [("repository_id", "id"), ("repository_owner_id", "owner-id")] {
        let token = kit.with(table, &[(name, Some(json!("")))]);
        table.add(format!("gh.{short}-empty"), token, Expect::Denied);
        let token = kit.with(table, &[(name, None)]);
        table.refused(format!("gh.{short}-absent"), token, &["claim_missing"]);
    }
}

/// Ids are compared byte for byte; a value that is no id is no id.
fn ids(kit: &Kit, table: &mut Table) {
    for (index, value) in [
        "0123456789",
        " 123456789",
        "123456789 ",
        "+123456789",
        "123456789.0",
        "1.23456789e8",
        "0x75bcd15",
        "123_456_789",
        "１２３４５６７８９",
        "4418423",
        "12345678",
        "1234567890",
        "18446744073833008405",
        "*",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let token = kit.with(table, &[("repository_id", Some(json!(value)))]);
        table.add(format!("gh.id-{index}"), token, Expect::Denied);
    }
    for (index, value) in [json!(["123456789"]), json!(true), json!(123_456_789.5), json!({}), Value::Null]
        .into_iter()
        .enumerate()
    {
        let token = kit.with(table, &[("repository_id", Some(value))]);
        table.refused(format!("gh.id-type-{index}"), token, &["claim_malformed", "claim_missing"]);
    }
}

fn refs(kit: &Kit, table: &mut Table) {
    for (index, git_ref) in [
        "refs/heads/mai",
        "refs/heads/main2",
        "refs/heads/main/x",
        "refs/heads/x/main",
        "refs/heads/Main",
        "refs/tags/main",
        "main",
        "refs/heads/refs/heads/main",
        "refs/heads/main:x",
        "refs/heads/main%3A",
        "refs/heads/main\n",
        "\nrefs/heads/main",
        "refs/heads/main\0",
        "refs/heads/ma\u{456}n",
        "refs/heads/main ",
        "",
        "*",
        "refs/heads/*",
        "refs/heads/main\r",
        "refs/pull/1/merge",
        "refs%2Fheads%2Fmain",
        "refs/heads//main",
        "refs/heads/./main",
        "REFS/HEADS/MAIN",
        "refs/heads/main\u{200b}",
        "refs/remotes/origin/main",
        "refs/heads/main,refs/heads/x",
        "refs/heads/m%61in",
        "refs/heads/ｍain",
    ]
    .into_iter()
    .enumerate()
    {
        let token = kit.with(table, &[("ref", Some(json!(git_ref)))]);
        // A NUL has no place in a column of its own: it is a fault of the token.
        let expect = if git_ref.contains('\0') { Expect::Token(&["claim_malformed"]) } else { POLICY };
        table.add(format!("gh.ref-{index}"), token, expect);
    }
    for (index, value) in
        [None, Some(json!(["refs/heads/main"])), Some(Value::Null), Some(json!(1)), Some(json!({}))]
            .into_iter()
            .enumerate()
    {
        let token = kit.with(table, &[("ref", value)]);
        table.add(format!("gh.ref-type-{index}"), token, Expect::Denied);
    }
}

/// `sub` says one thing and the claims another: the claims count.
fn subjects(kit: &Kit, table: &mut Table) {
    let lies = "repo:octo-org@65/octo-repo@123456789:ref:refs/heads/main";
    for (id, changes) in [
        ("gh.sub-lies-ref", vec![("ref", json!("refs/heads/feature"))]),
        ("gh.immutable-at", vec![("repository_id", json!("987")), ("repository_owner_id", json!("986"))]),
        (
            "gh.env-injection",
            vec![("ref", json!("refs/heads/x")), ("environment", json!("prod:ref:refs/heads/main"))],
        ),
        ("gh.env-is-sub", vec![("ref", json!("refs/heads/x")), ("environment", json!(lies))]),
        (
            "gh.env-injection-enc",
            vec![("ref", json!("refs/heads/x")), ("environment", json!("prod%3Aref%3Arefs/heads/main"))],
        ),
        ("gh.sub-lies", vec![("repository_id", json!("987"))]),
        (
            "gh.sub-contains",
            vec![("ref", json!("refs/heads/x")), ("environment", json!(format!("x:{lies}")))],
        ),
        (
            "gh.pr-fork",
            vec![
                ("ref", json!("refs/pull/7/merge")),
                ("event_name", json!("pull_request")),
                ("head_ref", json!("main")),
            ],
        ),
        (
            "gh.pr-head",
            vec![("ref", json!("refs/pull/7/head")), ("event_name", json!("pull_request_target"))],
        ),
        ("gh.pr-merge", vec![("ref", json!("refs/pull/7/merge")), ("event_name", json!("pull_request"))]),
        ("gh.pr-on-main", vec![("event_name", json!("pull_request"))]),
        ("gh.pull_request_target", vec![("event_name", json!("pull_request_target"))]),
        ("gh.workflow_run", vec![("event_name", json!("workflow_run"))]),
        ("gh.issue_comment", vec![("event_name", json!("issue_comment"))]),
        ("gh.unlisted-event", vec![("event_name", json!("brand_new_event"))]),
        ("gh.event-case", vec![("event_name", json!("Push"))]),
        ("gh.self-hosted", vec![("runner_environment", json!("self-hosted"))]),
    ] {
        let mut all: Vec<(&str, Option<Value>)> = vec![("sub", Some(json!(lies)))];
        all.extend(changes.into_iter().map(|(name, value)| (name, Some(value))));
        policy(kit, table, id, &all);
    }
    let no_event = kit.with(table, &[("event_name", None)]);
    table.add("gh.no-event", no_event, Expect::Denied);
}

/// Names are not what a rule should rest on, and here none does: with the right ids they are only shown.
fn names(kit: &Kit, table: &mut Table) {
    for (index, name) in [
        "octo-org/octo-rep\u{43e}",
        "octo-org/octo-repo\u{200b}",
        "\u{202e}octo-org/octo-repo",
        "octo-org/octo-repo\n",
        "octo-org//octo-repo",
        "octo-org/./octo-repo",
        "octo-org/x/../octo-repo",
        "octo-org%2Focto-repo",
        "*",
        "__proto__",
        "' OR 1=1 --",
        "https://github.com/octo-org/octo-repo",
        "octo\u{2010}org/octo\u{2010}repo",
        "octo-org\u{2044}octo-repo",
        "octo-org/octo-repo ",
        " octo-org/octo-repo",
        "octo-org/octo-re\u{301}po",
        "octo-org/octo-repo\r\nx: y",
        "octo-org/octo-repo%00",
        "octo-org/*",
        "octo-org/octo-rep?",
        "octo_org/octo_repo",
        "octo-org/octo-%",
        "^octo-org/.*$",
        "octo-org/octo-repo|x",
        "octo-org\\octo-repo",
        "OCTO-ORG/OCTO-REPO",
        "octo-org/octo-repo.git",
        "octo-org/octo-repo#main",
        "octo-org/octo-repo@refs/heads/main",
        "ｏcto-org/octo-repo",
        "constructor",
    ]
    .into_iter()
    .enumerate()
    {
        let changes = [("repository", Some(json!(name))), ("repository_id", Some(json!("987")))];
        policy(kit, table, &format!("gh.repo-{index}"), &changes);
    }
    for (index, value) in
        [json!(["octo-org/octo-repo"]), json!({}), Value::Null, json!(1)].into_iter().enumerate()
    {
        let token = kit.with(table, &[("repository", Some(value))]);
        table.refused(format!("gh.repo-type-{index}"), token, &["claim_malformed", "claim_missing"]);
    }
    for (id, value) in [("nul", "octo-org/octo-repo\0"), ("empty", "")] {
        let token = kit.with(table, &[("repository", Some(json!(value)))]);
        table.refused(format!("gh.repo-{id}"), token, &["claim_malformed"]);
    }
    other_names(kit, table);
}

/// What the claims of another CI system are called, or of none.
fn other_names(kit: &Kit, table: &mut Table) {
    let ids = [("repository_id", None), ("repository_owner_id", None)];
    let upper = [("Repository_Id", Some(json!("123456789"))), ("REPOSITORY_OWNER_ID", Some(json!("65")))];
    let gitlab = [("project_id", Some(json!("123456789"))), ("namespace_id", Some(json!("65")))];
    for (id, instead) in [("claim-case", &upper[..]), ("gitlab-shape", &gitlab), ("no-custom-claims", &[])] {
        let token = kit.with(table, &[&ids, instead].concat());
        table.refused(format!("gh.{id}"), token, &["claim_missing"]);
    }
}

/// What a role compares with one claim: that claim and byte for byte.
fn claims_of_roles(kit: &Kit, table: &mut Table) {
    let shared = "octo-org/shared/.github/workflows/x.yml@refs/heads/main";
    let roles: [(&'static str, &str, &str, &[Value]); 3] = [
        (
            "environment",
            "environment",
            "Production:V1",
            &[
                json!("Production%3AV1"),
                json!("production:v1"),
                json!("Production:V1 "),
                json!("Production/V1"),
                json!("Production:V1:x"),
                json!("Pr\u{43e}duction:V1"),
                json!(["Production:V1"]),
                Value::Null,
            ],
        ),
        (
            "reusable",
            "job_workflow_ref",
            shared,
            &[
                json!("octo-org/shared/.github/workflows/x.yml@refs/tags/v1"),
                json!("octo-org/shared/.github/workflows/x.yml@0123456789abcdef0123456789abcdef01234567"),
                json!("evil-org/shared/.github/workflows/x.yml@refs/heads/main"),
                json!("octo-org/octo-repo/.github/workflows/x.yml@refs/heads/main"),
                json!("octo-org/shared/.github/workflows/y.yml@refs/heads/main"),
                Value::Null,
            ],
        ),
        (
            "protected",
            "ref_protected",
            "true",
            &[json!(true), json!("True"), json!("1"), json!(1), json!("yes"), json!("false"), Value::Null],
        ),
    ];
    for (role, claim, good, others) in roles {
        table.as_role(Some(role));
        let id = match role {
            "environment" => "rule.environment",
            "reusable" => "rule.reusable-workflow",
            _ => "rule.bool-string",
        };
        let honest = kit.with(table, &[(claim, Some(json!(good)))]);
        table.add(format!("{id}-same"), honest, Expect::Accept);
        for (index, other) in others.iter().enumerate() {
            let token = kit.with(table, &[(claim, Some(other.clone()))]);
            table.add(format!("{id}-{index}"), token, Expect::Denied);
        }
    }
    table.as_role(None);
}

fn wild(kit: &Kit, table: &mut Table) {
    for (index, git_ref) in [
        "refs/heads/release-",
        "refs/heads/release-1/2",
        "refs/heads/release-a:b",
        "refs/heads/release-\n",
        "refs/heads/release-1\n",
        "xrefs/heads/release-1",
        "refs/heads/release",
        "refs/tags/release-1",
        "refs/heads/release-1/",
        "refs/heads/Release-1",
        "refs/heads/main",
        "refs/heads/release-\u{7f}",
        "refs/heads/main|refs/heads/release-1",
        "/refs/heads/release-1",
        "refs/heads/release-1\r",
        "refs/heads/release-1:",
        "refs/heads/release-/",
        "refs/heads/release-\u{1b}[31m",
        "refs/heads/release-1*/x",
    ]
    .into_iter()
    .enumerate()
    {
        policy(kit, table, &format!("wild.{index}"), &[("ref", Some(json!(git_ref)))]);
    }
}

/// Without a role: only an onboarded repository, on the events that are allowed for one.
fn not_onboarded(kit: &Kit, table: &mut Table) {
    policy(kit, table, "project.other-repo", &[("repository_id", Some(json!("987")))]);
    policy(kit, table, "project.transferred", &[("repository_owner_id", Some(json!("999")))]);
    policy(kit, table, "project.pull_request_target", &[("event_name", Some(json!("pull_request_target")))]);
    let pull = [("event_name", Some(json!("pull_request"))), ("ref", Some(json!("refs/pull/7/merge")))];
    let token = kit.with(table, &pull);
    table.add("project.pull_request", token, Expect::Accept);
}
