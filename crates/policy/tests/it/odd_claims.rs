//! What missing, null, wrongly typed, list and nested claims come to, asked of `decide` for every operator.

use std::fmt::Write as _;

use daypass_policy::{Decision, Policy};
use serde_json::{Value, json};

use crate::cells::{code, same};
use crate::kit::{ask, file, github, gitlab, load, try_workload, with};

const INTRODUCTION: &str = "# Missing and odd claims

What a block comes to when a claim is not as its author had it in mind. The rule: in trust, what is absent, of another type or
without an answer is **no match**; in deny, another type and an expression without an answer **match**, and absence does what
`absent` says. Each cell of these tables was asked of the function that decides, by a signed token; the page is made by
that test.
";

/// A kind of claim, and the values that it is tried with.
struct Kind {
    title: &'static str,
    told: &'static str,
    issuer: &'static str,
    /// The claim in the tokens.
    claim: &'static str,
    operators: &'static [(&'static str, &'static str)],
    /// The expression of `when`.
    when: &'static str,
    values: Vec<(&'static str, Option<Value>)>,
}

const TEXT: &[(&str, &str)] = &[
    ("`\"a\"`", "runner_environment = \"a\""),
    ("`[\"a\", \"b\"]`", "runner_environment = [\"a\", \"b\"]"),
    ("`{ glob = \"a**\" }`", "runner_environment = { glob = \"a**\" }"),
];
const LIST: &[(&str, &str)] = &[
    ("`{ contains = \"a\" }`", "groups_direct = { contains = \"a\" }"),
    ("`{ contains = { glob = \"a**\" } }`", "groups_direct = { contains = { glob = \"a**\" } }"),
];
const EXTRA: &[(&str, &str)] = &[
    ("`\"a\"`", "claims.\"x.y\" = \"a\""),
    ("`[\"a\", \"7\"]`", "claims.\"x.y\" = [\"a\", \"7\"]"),
    ("`{ glob = \"a**\" }`", "claims.\"x.y\" = { glob = \"a**\" }"),
    ("`{ contains = \"a\" }`", "claims.\"x.y\" = { contains = \"a\" }"),
];

fn values() -> Vec<(&'static str, Option<Value>)> {
    vec![
        ("`\"a\"`, a text", Some(json!("a"))),
        ("`\"z\"`, another text", Some(json!("z"))),
        ("`\"\"`, an empty text", Some(json!(""))),
        ("`\"A\"`, other letters", Some(json!("A"))),
        ("`\"a\\n\"`, a control character", Some(json!("a\n"))),
        ("absent", None),
        ("`null`", Some(Value::Null)),
        ("`7`, a number", Some(json!(7))),
        ("`7.0`, a fraction", Some(json!(7.0))),
        ("`true`", Some(json!(true))),
        ("`[\"a\"]`, a list", Some(json!(["a"]))),
        ("`[\"z\"]`, a list of others", Some(json!(["z"]))),
        ("`[]`, an empty list", Some(json!([]))),
        ("`[\"a\", 7]`, a list with another type", Some(json!(["a", 7]))),
        ("`[[\"a\"]]`, a nested list", Some(json!([["a"]]))),
        ("`{\"a\": \"a\"}`, an object", Some(json!({ "a": "a" }))),
    ]
}

fn kinds() -> [Kind; 3] {
    [
        Kind {
            title: "A claim that is a text",
            told: "`runner_environment` of GitHub, which the profile knows as a text and not every token carries.",
            issuer: "github",
            claim: "runner_environment",
            operators: TEXT,
            when: "claims.runner_environment == 'a'",
            values: values(),
        },
        Kind {
            title: "A claim that is a list",
            told: "`groups_direct` of GitLab, which the profile knows as a list of texts. A text or a glob alone is refused there when the file is read.",
            issuer: "gitlab",
            claim: "groups_direct",
            operators: LIST,
            when: "'a' in claims.groups_direct",
            values: values(),
        },
        Kind {
            title: "A claim that no profile knows",
            told: "`claims.\"x.y\"`: of what type it is nobody has said, so that a number or a boolean is compared by its text, and for an expression a value of another type is another value, which is an answer.",
            issuer: "github",
            claim: "x.y",
            operators: EXTRA,
            when: "claims[\"x.y\"] == 'a'",
            values: values(),
        },
    ]
}

fn owner(issuer: &str) -> &'static str {
    if issuer == "github" { "repository_owner_id = \"65\"" } else { "namespace_id = \"7\"" }
}

/// A role with one block of trust, and one that denies where there is one.
fn role(issuer: &str, trust: &str, deny: &str, scope: &str) -> Policy {
    let deny = if deny.is_empty() {
        String::new()
    } else {
        format!("[[roles.r.deny]]\nissuer = \"{issuer}\"\n{deny}\n")
    };
    let text = format!(
        "[roles.r]\n[[roles.r.trust]]\nissuer = \"{issuer}\"\n{}\n{trust}\n{deny}\
         [roles.r.grants.api]\naudience = \"https://api.example.com\"\nscopes = [\"{scope}\"]\n",
        owner(issuer)
    );
    load(&[file("r.toml", &text)]).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

fn claims(issuer: &str, claim: &str, value: Option<&Value>) -> Value {
    let mut claims = if issuer == "github" { github() } else { gitlab() };
    let members = claims.as_object_mut().unwrap();
    members.remove(claim);
    if let Some(value) = value {
        members.insert(claim.to_owned(), value.clone());
    }
    claims
}

/// The answer in a word.
fn answer(policy: &Policy, issuer: &str, claims: &Value) -> &'static str {
    match try_workload(issuer, claims) {
        Err(fault) => fault.code(),
        Ok(workload) => match ask(policy, &workload, "r") {
            Decision::Allow(_) => "allow",
            Decision::Deny(denial) => denial.reason.as_str(),
        },
    }
}

fn table(page: &mut String, kind: &Kind) {
    let when = format!("when = {}", toml_text(kind.when));
    let operators: Vec<(&str, &str)> =
        kind.operators.iter().copied().chain([("`when`", when.as_str())]).collect();
    let heads: Vec<&str> = operators.iter().map(|(head, _)| *head).collect();
    let head = format!("| The claim | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    write!(page, "\n## {}\n\n{} `when` is {}.\n", kind.title, kind.told, code(kind.when)).unwrap();
    write!(page, "\nIn trust: ✓ matches, so that the job is let in.\n\n{head}").unwrap();
    let trust = operators.iter().map(|(_, written)| role(kind.issuer, written, "", "a:b"));
    rows(page, kind, &trust.map(Column::Trust).collect::<Vec<_>>());
    let told = "`absent` matters in one row alone, where `deny` and `allow` are told apart";
    write!(page, "\nIn deny: ✗ matches, so that the job is kept out. {told}.\n\n{head}").unwrap();
    let deny = operators.iter().map(|(_, written)| {
        ["deny", "allow"]
            .map(|absent| role(kind.issuer, "", &format!("{written}\nabsent = \"{absent}\""), "a:b"))
    });
    rows(page, kind, &deny.map(Column::Deny).collect::<Vec<_>>());
}

/// Roles that are asked for each value.
enum Column {
    Trust(Policy),
    /// Where absence denies, and where it does not.
    Deny([Policy; 2]),
}

fn rows(page: &mut String, kind: &Kind, columns: &[Column]) {
    for (name, value) in &kind.values {
        let claims = claims(kind.issuer, kind.claim, value.as_ref());
        let answer = |policy: &Policy| answer(policy, kind.issuer, &claims);
        let cell = |column: &Column| match column {
            Column::Trust(policy) => match answer(policy) {
                "allow" => "✓",
                "no_rule_matches" => "·",
                other => panic!("{name}: {other}"),
            },
            Column::Deny([absent_denies, absent_allows]) => {
                match (answer(absent_denies), answer(absent_allows)) {
                    ("allow", "allow") => "·",
                    ("denied_by_rule", "denied_by_rule") => "✗",
                    ("denied_by_rule", "allow") => "`deny` ✗, `allow` ·",
                    other => panic!("{name}: {other:?}"),
                }
            }
        };
        let cells: Vec<&str> = columns.iter().map(cell).collect();
        writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

fn placeholder(page: &mut String) {
    let policy = role("gitlab", "", "", "user:{user_id}");
    page.push_str(
        "\n## A claim with a place in a grant\n\n`user:{user_id}` as a scope, for GitLab: ✓ is filled; everything else denies the role, and nothing is ever \
         escaped.\n\n| The claim | |\n|---|---|\n",
    );
    let more = [
        ("`\"a/b\"`", json!("a/b")),
        ("`\"a b\"`", json!("a b")),
        ("`\"*\"`", json!("*")),
        ("`\"..\"`", json!("..")),
    ];
    let more = more.into_iter().map(|(name, value)| (name, Some(value)));
    for (name, value) in values().into_iter().chain(more) {
        let cell = match answer(&policy, "gitlab", &claims("gitlab", "user_id", value.as_ref())) {
            "allow" => "✓",
            "grant_unfillable" => "✗",
            other => panic!("{name}: {other}"),
        };
        writeln!(page, "| {name} | {cell} |").unwrap();
    }
}

fn of_jobs(page: &mut String) {
    page.push_str(
        "\n## A claim that says which job it is\n\nSome claims are columns of every record: owner, repository, run, ref, event, environment. Where one of them is odd, the \
         token is none of a job and no block is asked at all: ✗. `repository_id` stands for those that every token carries, `environment` for the others.\n\n\
         | The claim | `repository_id` | `environment` |\n|---|---|---|\n",
    );
    let policy = role("github", "", "", "a:b");
    for (name, value) in values() {
        let cell = |claim| match answer(&policy, "github", &claims("github", claim, value.as_ref())) {
            "allow" => "a job",
            "claim_missing" => "✗ `claim_missing`",
            "claim_malformed" => "✗ `claim_malformed`",
            other => panic!("{name}: {other}"),
        };
        writeln!(page, "| {name} | {} | {} |", cell("repository_id"), cell("environment")).unwrap();
    }
}

#[test]
fn the_table_of_odd_claims_is_that_of_the_documentation() {
    let mut page = INTRODUCTION.to_owned();
    for kind in &kinds() {
        table(&mut page, kind);
    }
    placeholder(&mut page);
    of_jobs(&mut page);
    same("policy-claims.md", &page);
}

/// The rule in words, of which the tables are the long form (design §6).
#[test]
fn in_trust_an_odd_claim_never_matches_and_in_deny_it_always_does() {
    let odd = [
        Value::Null,
        json!(7),
        json!(7.0),
        json!(true),
        json!(["z", 7]),
        json!([["z"]]),
        json!({ "z": "z" }),
    ];
    for kind in kinds().iter().filter(|kind| kind.claim != "x.y") {
        for (_, written) in kind.operators {
            let trust = role(kind.issuer, written, "", "a:b");
            let deny = role(kind.issuer, "", &format!("{written}\nabsent = \"allow\""), "a:b");
            for value in &odd {
                let claims = with(claims(kind.issuer, kind.claim, Some(value)), json!({}));
                assert_eq!(answer(&trust, kind.issuer, &claims), "no_rule_matches", "{written}: {value}");
                assert_eq!(answer(&deny, kind.issuer, &claims), "denied_by_rule", "{written}: {value}");
            }
        }
    }
}
