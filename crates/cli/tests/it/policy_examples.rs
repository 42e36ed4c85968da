//! Whom a lint shows, a server lets in: each counter-example comes as a signed token to a server with that very policy, and to
//! one with the mended policy.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use daypass_bench::clock;
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Object};
use serde_json::Value;

use crate::support::{Folder, Server, get};

const AUDIENCE: &str = "pass.example.com";

/// The lints whose findings show a job.
const WITH_JOB: [&str; 14] = [
    "chosen_by_attacker",
    "empty_trust",
    "environment_without_branch",
    "name_without_id",
    "no_immutable_owner",
    "review_can_write",
    "several_projects",
    "sub_matched",
    "tag_or_branch",
    "untrusted_trigger",
    "vacuous_pattern",
    "vacuous_when",
    "wide_pattern",
    "workflow_not_pinned",
];

/// Issuers as the policies of the lints name them.
const ISSUERS: [(&str, &str, &str); 4] = [
    ("github", "github", "https://token.actions.githubusercontent.com"),
    ("gitlab", "gitlab", "https://gitlab.com"),
    ("gitlab-house", "gitlab", "https://gitlab.example.com"),
    ("ghes", "github", "https://ghes.example.com/_services/token"),
];

/// The issuers of a test, and what a server that trusts them is set up with.
struct Stage {
    folder: Folder,
    key: SigningKey,
}

impl Stage {
    fn set(audience: &str, allowed: &[&str]) -> Self {
        let mut folder = Folder::new();
        let (key, _) = SigningKey::generate(Algorithm::ES256).unwrap();
        folder.set("DAYPASS_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        folder.write("keys.json", &format!("{{\"keys\":[{}]}}", key.public_jwk()));
        let issuers = ISSUERS.map(|(name, provider, url)| {
            format!(
                "[[issuers]]\nname = '{name}'\nprovider = '{provider}'\nurl = '{url}'\nalgorithms = ['ES256']\n\
                 audiences = ['{audience}']\njwks_file = 'keys.json'\n"
            )
        });
        let allowed: Vec<String> = allowed.iter().map(|lint| format!("{lint} = 'to be shown'\n")).collect();
        folder.write(
            "daypass.toml",
            &format!(
                "public_url = 'https://pass.example.com'\nlisten = '127.0.0.1:0'\npolicy_dir = 'policies'\n\
                 [policy.allow]\n{}{}",
                allowed.concat(),
                issuers.concat()
            ),
        );
        fs::create_dir_all(folder.path("policies")).unwrap();
        Self { folder, key }
    }

    fn with_policy(self, side: &Path) -> Self {
        for entry in fs::read_dir(side).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            self.folder.write(&format!("policies/{name}"), &fs::read_to_string(&path).unwrap());
        }
        self
    }

    /// What `daypass policy check` finds.
    fn findings(&self) -> Vec<Value> {
        let ran = self.folder.run(&["policy", "check", "--json"]);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        told["findings"].as_array().unwrap().clone()
    }

    /// How a server answers a job with these claims that asks for a role.
    fn answer(&self, server: &Server, example: &Value, audience: &str) -> (u16, String) {
        let (_, _, url) =
            ISSUERS.into_iter().find(|(name, ..)| example["issuer"] == *name).expect("it is known");
        let mut claims = Object::parse(example["claims"].to_string().as_bytes()).unwrap();
        let now = clock::now().seconds();
        claims.insert("iss", url);
        claims.insert("aud", audience);
        claims.insert("jti", example["role"].as_str().unwrap());
        for (name, at) in [("iat", now), ("exp", now.saturating_add(300))] {
            claims.insert(name, at);
        }
        let token = self.key.sign("JWT", &claims).unwrap();
        let role = example["role"].as_str().unwrap();
        get(&format!("{}/v1.0/auth/jwt?role={role}", server.url), Some(token.reveal()))
    }
}

fn lints() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/tests/lints")
}

/// Sends the job of each finding of this lint to a server with the policy, and to one with the mended one.
fn prove(lint: &str) -> bool {
    let side = |name: &str| lints().join(lint).join(name);
    let findings = Stage::set(AUDIENCE, &[]).with_policy(&side("policy")).findings();
    let of_lint = findings.iter().filter(|finding| finding["lint"] == *lint);
    let examples: Vec<&Value> =
        of_lint.map(|finding| &finding["counter_example"]).filter(|one| !one.is_null()).collect();
    let Some(example) = examples.first() else { return false };
    let open = Stage::set(AUDIENCE, &[lint]).with_policy(&side("policy"));
    let (status, body) = open.answer(&open.folder.serve(&[]), example, AUDIENCE);
    assert_eq!((status, body.split('.').count()), (200, 3), "{lint}: {example}: {body}");
    let mended = Stage::set(AUDIENCE, &[]).with_policy(&side("mended"));
    let (status, body) = mended.answer(&mended.folder.serve(&[]), example, AUDIENCE);
    // Of the mended policy of this lint, the same job may still read.
    let wanted = if lint == "review_can_write" { 200 } else { 403 };
    assert_eq!(status, wanted, "{lint}: {example}: {body}");
    true
}

#[test]
fn each_job_that_a_lint_shows_gets_a_pass_of_a_server_and_none_of_one_with_the_mended_policy() {
    let folders = fs::read_dir(lints()).unwrap();
    let names: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    let proved: Vec<&String> = names.iter().filter(|lint| prove(lint)).collect();
    assert_eq!(proved, WITH_JOB);
}

#[test]
fn a_token_that_was_made_for_somebody_else_is_taken_where_the_audience_is_allowed() {
    for (audience, lint, stops) in
        [("sts.amazonaws.com", "foreign_audience", true), ("ci", "shared_audience", false)]
    {
        let job = Stage::set(AUDIENCE, &[]).with_policy(&lints().join("several_projects/policy")).findings();
        let example = &job[0]["counter_example"];
        let policy = lints().join("several_projects/policy");
        let closed = Stage::set(audience, &[]).with_policy(&policy);
        let told = closed.folder.run(&["policy", "check"]);
        assert!(format!("{}{}", told.stdout, told.stderr).contains(&format!("[{lint}]")), "{told:?}");
        assert_eq!(told.status, if stops { 2 } else { 1 });
        let open = Stage::set(audience, &[lint]).with_policy(&policy);
        assert_eq!(open.answer(&open.folder.serve(&[]), example, audience).0, 200);
        let mended = Stage::set(AUDIENCE, &[]).with_policy(&policy);
        assert_eq!(mended.answer(&mended.folder.serve(&[]), example, audience).0, 401);
    }
}
