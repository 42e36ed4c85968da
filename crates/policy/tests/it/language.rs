//! What a policy file may say, and what is answered to the rest: every fault, with its place, in one run.

use std::collections::BTreeMap;

use daypass_policy::Lint;

use crate::kit::{context, file, load, load_in};

fn faults(text: &str) -> String {
    load(&[file("roles.toml", text)]).expect_err("the file is taken")
}

#[test]
fn all_faults_of_a_file_are_listed_in_one_run() {
    let text = r#"
[roles.deploy]
descripton = "x"
max_ttl = "2d"
[[roles.deploy.trust]]
issuer = "githb"
[[roles.deploy.trust]]
issuer = "github"
repositry_id = "1"
ref = { regex = "^main$" }
environment = []
run_attempt = 1
[[roles.deploy.trust]]
repository_id = "1"
[[roles.deploy.deny]]
issuer = "github"
runner_environment = "self-hosted"
[roles.deploy.grants.aws]
arn = "arn:aws:iam::000000000000:role/x"
[roles.deploy.grants.api]
audience = "https://pass.example.com/v1.0/admin"
scopes = ["admin:projects", "a b", "{repository_id}", "x:{nothing}"]

[roles.project]
[roles.Bad]
[rules.x]
"#;
    insta::assert_snapshot!(faults(text), @r#"
    roles.toml:3:1: error: `roles.deploy` has no key `descripton`
      help: did you mean `description`?
    roles.toml:4:11: error: `max_ttl` is longer than a day
    roles.toml:6:10: error: no issuer is named `githb`
      help: did you mean `github`?
    roles.toml:9:1: error: tokens of `github` have no claim `repositry_id`
      help: did you mean `repository_id`?
    roles.toml:10:7: error: `ref` has no form of a condition
      help: `"text"`, `["one", "other"]`, `{ glob = "refs/heads/*" }` or `{ contains = "text" }`
    roles.toml:11:15: error: `environment` is an empty list: nothing fits
    roles.toml:12:15: error: `run_attempt` must be a text, not a whole number
      help: write it between quotation marks
    roles.toml:13:1: error: `roles.deploy.trust` lacks `issuer`
    roles.toml:15:1: error: not every token carries `runner_environment`: say what absence does
      help: add `absent = "deny"`, or `absent = "allow"`
    roles.toml:18:1: error: `roles.deploy.grants.aws` says not what a session may do
      help: add `policy = "….json"`: without one a session may do nothing
    roles.toml:18:22: error: this version of daypass mints no `aws` credentials
      help: take the grant out: `api` is the one that is minted
    roles.toml:21:12: error: `https://pass.example.com/v1.0/admin` is an address of this server itself, whose faces take only their own
    roles.toml:22:11: error: `admin:projects`: no policy grants scopes that begin with `admin:`
    roles.toml:22:29: error: "a b" is no scope: visible ASCII without blanks, quotes and backslashes
    roles.toml:22:36: error: a scope begins with a fixed word, not with a claim
    roles.toml:22:55: error: tokens of `github` have no claim `nothing`
    roles.toml:24:1: error: `roles.project` has no trust block: nobody could take it
      help: add a `[[roles.NAME.trust]]` block, or delete the role
    roles.toml:24:1: error: `roles.project` grants nothing
      help: add `[roles.NAME.grants.api]` with `audience` and `scopes`
    roles.toml:24:8: error: the role `project` is made from the settings, not from a policy file
    roles.toml:25:1: error: `roles.Bad` has no trust block: nobody could take it
      help: add a `[[roles.NAME.trust]]` block, or delete the role
    roles.toml:25:1: error: `roles.Bad` grants nothing
      help: add `[roles.NAME.grants.api]` with `audience` and `scopes`
    roles.toml:25:8: error: `Bad` is no name for a role
      help: 1 to 64 of `a` to `z`, `0` to `9`, `-` and `_`, a letter first
    roles.toml:26:2: error: the file has no key `rules`
      help: did you mean `roles`?
    "#);
}

fn with_block(block: &str) -> Result<(), String> {
    let text = format!(
        "[roles.r]\n[[roles.r.trust]]\n{block}\n[roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n"
    );
    load(&[file("roles.toml", &text)]).map(|_| ())
}

#[test]
fn a_block_that_is_wider_than_it_looks_is_refused() {
    for (block, lint) in [
        ("issuer = \"github\"", Lint::EmptyTrust),
        ("issuer = \"github\"\nuntrusted_triggers = true", Lint::EmptyTrust),
        ("issuer = \"github\"\nref = \"refs/heads/main\"", Lint::NoImmutableOwner),
        ("issuer = \"github\"\nrepository = \"octo-org/octo-repo\"", Lint::NoImmutableOwner),
        ("issuer = \"github\"\nrepository_id = \"1\"", Lint::NoImmutableOwner),
        ("issuer = \"github\"\nrepository_owner_id = { glob = \"6*\" }", Lint::NoImmutableOwner),
        ("issuer = \"gitlab\"\nproject_id = \"1\"", Lint::NoImmutableOwner),
        ("issuer = \"github\"\nrepository_owner_id = \"65\"\nref = { glob = \"**\" }", Lint::VacuousPattern),
        (
            "issuer = \"github\"\nrepository_owner_id = \"65\"\nref = [\"x\", { glob = \"*\" }]",
            Lint::VacuousPattern,
        ),
    ] {
        let fault = with_block(block).expect_err(block);
        assert!(fault.contains(&format!("error[{}]", lint.name())), "{block}: {fault}");
    }
    for block in [
        "issuer = \"github\"\nrepository_owner_id = \"65\"",
        "issuer = \"github\"\nenterprise_id = \"65\"",
        "issuer = \"gitlab\"\nnamespace_id = [\"7\", \"8\"]",
        "issuer = \"gitlab-house\"\nproject_path = { glob = \"octo/*\" }",
        "issuer = \"ghes\"\nrepository = \"octo-org/octo-repo\"",
        "issuer = \"sso\"\nsub = \"me\"",
    ] {
        with_block(block).unwrap_or_else(|fault| panic!("{block}: {fault}"));
    }
}

#[test]
fn a_lint_is_allowed_by_name_and_a_fault_by_nothing() {
    let block = "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nref = \"refs/heads/main\"\n\
                 [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let mut context = context();
    context.allowed = BTreeMap::from([(Lint::NoImmutableOwner, "a public demo".to_owned())]);
    assert!(load_in(&[file("roles.toml", block)], &context).is_ok());
    assert!(load_in(&[file("roles.toml", &block.replace("ref =", "refs ="))], &context).is_err());
}

#[test]
fn conditions_have_the_type_of_their_claim() {
    let owner = "issuer = \"gitlab\"\nnamespace_id = \"7\"\n";
    for condition in [
        "groups_direct = \"octo\"",
        "user_identities = \"x\"",
        "ref = { contains = \"main\" }",
        "ref = { glob = \"a\", contains = \"b\" }",
        "ref = { glob = 1 }",
        "ref = { glob = \"a|b\" }",
        "ref = true",
        "ref = [1]",
        "ref = [[\"a\"]]",
        "ref = 2026-11-24",
        "claims = \"x\"",
        "claims.ref = \"x\"",
        "iss = \"x\"",
        "aud = \"x\"",
    ] {
        assert!(with_block(&format!("{owner}{condition}")).is_err(), "{condition}");
    }
    for condition in [
        "groups_direct = { contains = \"octo\" }",
        "groups_direct = { contains = { glob = \"octo/*\" } }",
        "runner_id = \"1\"",
        "ref = [\"a\", { glob = \"b*\" }]",
        "claims.\"x.y\" = \"z\"",
        "sub = \"x\"",
    ] {
        with_block(&format!("{owner}{condition}")).unwrap_or_else(|fault| panic!("{condition}: {fault}"));
    }
}

fn with_grant(grant: &str) -> Result<(), String> {
    let text = format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n[roles.r.grants.api]\n{grant}\n"
    );
    load(&[file("roles.toml", &text)]).map(|_| ())
}

#[test]
fn no_grant_is_for_the_server_itself_or_for_what_stands_for_identity_tokens() {
    for audience in [
        "https://pass.example.com",
        "https://pass.example.com/",
        "https://pass.example.com/v1.0/state",
        "https://pass.example.com?x",
        "https://PASS.example.com/v1.0/admin",
        "https://gitlab.example.com",
        "https://gitlab.com/x",
        "pass.example.com",
        "{repository_id}.example",
        "",
    ] {
        assert!(with_grant(&format!("audience = \"{audience}\"\nscopes = []")).is_err(), "{audience}");
    }
    assert_eq!(with_grant("audience = \"https://pass.example.community\"\nscopes = []"), Ok(()));
}

#[test]
fn claims_in_a_grant_are_known_and_immutable() {
    let scope =
        |scope: &str| with_grant(&format!("audience = \"https://a.example\"\nscopes = [\"{scope}\"]"));
    assert_eq!(scope("repo:{repository_id}:write"), Ok(()));
    for bad in ["x:{repository}", "x:{ref}", "x:{nothing}", "x:{", "{repository_owner_id}:x"] {
        assert!(scope(bad).is_err(), "{bad}");
    }
    assert!(scope("x:{repository}").unwrap_err().contains("mutable_placeholder"));
}

#[test]
fn one_name_twice_is_refused_wherever_the_files_are() {
    let role = "[roles.r]\n[[roles.r.trust]]\nissuer = \"ghes\"\nrepository = \"a/b\"\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let fault = load(&[file("a.toml", role), file("b/c.toml", role)]).unwrap_err();
    assert!(fault.contains("b/c.toml:1:8: error[duplicate_role]"), "{fault}");
}

#[test]
fn globs_that_cost_too_much_together_are_refused_in_a_role_and_in_what_denies_to_all() {
    let globs = |count: usize| {
        let glob = format!("{{ glob = '{}b' }}", "**a".repeat(170));
        vec![glob; count].join(", ")
    };
    let role = |count| {
        format!(
            "[[roles.r.trust]]\nissuer = 'github'\nrepository_owner_id = '65'\nrepository_id = '1'\n\
             ref = [{}]\n[roles.r.grants.api]\naudience = 'https://a.example'\nscopes = []\n",
            globs(count)
        )
    };
    let deny = |count| format!("[[deny]]\nissuer = 'github'\nref = [{}]\n", globs(count));
    assert!(load(&[file("r.toml", &role(48))]).is_ok() && load(&[file("d.toml", &deny(48))]).is_ok());
    let fault = load(&[file("r.toml", &role(49))]).unwrap_err();
    assert!(fault.contains("r.toml:1:9: error: the globs of `r` have 16709 characters"), "{fault}");
    let fault = load(&[file("a.toml", &deny(30)), file("b.toml", &deny(30))]).unwrap_err();
    assert!(fault.contains("[[deny]]:1:1: error: the globs of these blocks have"), "{fault}");
}

#[test]
fn the_version_is_that_of_the_files() {
    let version = |files: &[daypass_policy::PolicyFile]| load(files).unwrap().version().to_owned();
    let one = version(&[file("a.toml", "")]);
    assert_eq!(one, version(&[file("a.toml", "")]));
    assert_ne!(one, version(&[file("b.toml", "")]));
    assert_ne!(one, version(&[file("a.toml", "# x")]));
    assert_ne!(
        version(&[file("a.toml", "#b")]),
        version(&[file("a.toml#", "b = 1").clone()].map(|_| file("a.toml", "#b2")))
    );
}

#[test]
fn projects_settings_are_held_to_the_same_rules() {
    let fault = |change: &dyn Fn(&mut daypass_policy::ProjectsPolicy)| {
        let mut context = context();
        change(&mut context.projects);
        load_in(&[], &context).err().unwrap_or_default()
    };
    assert_eq!(fault(&|_| ()), "");
    assert_eq!(fault(&|projects| projects.audience = "https://pass.example.com".to_owned()), "");
    assert_eq!(fault(&|projects| projects.events = Some(vec!["push".to_owned()])), "");
    assert!(
        fault(&|projects| projects.audience = "https://pass.example.com/v1.0/state".to_owned())
            .contains("audience")
    );
    assert!(fault(&|projects| projects.scopes = vec!["admin:x".to_owned()]).contains("admin:"));
    assert!(fault(&|projects| projects.scopes = vec!["{environment}:x".to_owned()]).contains("roles only"));
    assert!(fault(&|projects| projects.scopes = vec!["a}".to_owned()]).contains("roles only"));
    assert!(fault(&|projects| projects.audience = "https://{ref}.example".to_owned()).contains("roles only"));
    assert!(fault(&|projects| projects.ttl_seconds = 86_401).contains("ttl"));
    assert!(
        fault(&|projects| projects.events = Some(vec!["pull_request_target".to_owned()]))
            .contains("stranger")
    );
    assert!(
        fault(&|projects| projects.events = Some(vec!["pusch".to_owned()])).contains("did you mean `push`?")
    );
}

#[test]
fn a_slip_that_would_never_match_is_refused_since_in_deny_it_would_let_in() {
    let owner = "issuer = \"github\"\nrepository_owner_id = \"65\"\n";
    for (condition, lint, help) in [
        ("ref = \"refs/heads/*\"", Lint::StarInText, "write `{ glob = \"refs/heads/*\" }`"),
        ("ref = [\"a\", \"b*\"]", Lint::StarInText, "write `{ glob = \"b*\" }`"),
        ("event_name = \"pull_requst\"", Lint::UnknownEvent, "did you mean `pull_request`?"),
        ("event_name = [\"push\", \"zzz\"]", Lint::UnknownEvent, "can be allowed"),
    ] {
        let fault = with_block(&format!("{owner}{condition}")).expect_err(condition);
        assert!(fault.contains(lint.name()) && fault.contains(help), "{fault}");
        let deny = format!("[[deny]]\nissuer = \"github\"\n{condition}\n");
        assert!(load(&[file("deny.toml", &deny)]).unwrap_err().contains(lint.name()), "{condition}");
    }
    with_block(&format!("{owner}event_name = [\"push\", \"pull_request_target\"]")).unwrap();
}

#[test]
fn a_grant_is_not_valid_for_longer_than_its_role() {
    let grant = "audience = \"https://a.example\"\nscopes = []\n";
    assert!(with_grant(&format!("{grant}ttl = \"2d\"")).unwrap_err().contains("longest time, 1d"));
    assert_eq!(with_grant(&format!("{grant}ttl = \"1d\"")), Ok(()));
}

#[test]
fn allowing_one_lint_opens_no_other() {
    let text = "[roles.r]\n[[roles.r.trust]]\nissuer = \"github\"\n\
                [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = []\n";
    let mut context = context();
    context.allowed = BTreeMap::from([(Lint::EmptyTrust, "the house GitLab only".to_owned())]);
    let fault = load_in(&[file("roles.toml", text)], &context).unwrap_err();
    assert!(fault.contains("no_immutable_owner") && !fault.contains("empty_trust"), "{fault}");
}

#[test]
fn a_shared_issuer_is_shared_under_any_profile() {
    let url = daypass_jose::IssuerUrl::parse("https://token.actions.githubusercontent.com").unwrap();
    let generic = daypass_policy::Profile::by_name("generic").unwrap();
    let issuer = daypass_policy::RegisteredIssuer::new("x", url, generic, vec!["a".to_owned()]);
    assert!(issuer.is_shared);
    let owner = daypass_policy::Profile::owner_of_url(issuer.url.as_str()).unwrap();
    assert_eq!(owner.name, "github");
}
