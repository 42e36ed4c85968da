//! Verified claims, made the only way there is: a token is signed and verified.

use std::collections::BTreeMap;

use daypass_jose::jwk::KeySet;
use daypass_jose::jwt::{SigningKey, UnverifiedIdToken};
use daypass_jose::{Algorithm, IssuerUrl, Object, Timestamp};
use daypass_policy::{
    Ask, Decision, Policy, PolicyContext, PolicyFile, Profile, ProjectStanding, ProjectsPolicy,
    RegisteredIssuer, Workload, WorkloadFault, decide,
};
use serde_json::{Value, json};

const NOW: i64 = 1_795_512_600;
const AUDIENCE: &str = "pass.example.com";

fn issuer(name: &str, url: &str, provider: &str) -> RegisteredIssuer {
    let url = IssuerUrl::parse(url).unwrap();
    let mut issuer =
        RegisteredIssuer::new(name, url, Profile::by_name(provider).unwrap(), vec![AUDIENCE.to_owned()]);
    issuer.algorithms = vec![Algorithm::ES256];
    issuer
}

/// github.com and gitlab.com, which strangers share; a GitLab, a GitHub Enterprise Server and a log-in server of the house.
pub(crate) fn context() -> PolicyContext {
    PolicyContext {
        public_url: IssuerUrl::parse("https://pass.example.com").unwrap(),
        issuers: vec![
            issuer("github", "https://token.actions.githubusercontent.com", "github"),
            issuer("gitlab", "https://gitlab.com", "gitlab"),
            issuer("gitlab-house", "https://gitlab.example.com", "gitlab"),
            issuer("ghes", "https://ghes.example.com/_services/token", "github"),
            issuer("sso", "https://sso.example.com", "generic"),
        ],
        projects: ProjectsPolicy::default_for("https://api.example.com"),
        allowed: BTreeMap::new(),
    }
}

pub(crate) fn github() -> Value {
    json!({
        "sub": "repo:octo-org@65/octo-repo@123456789:ref:refs/heads/main",
        "repository": "octo-org/octo-repo", "repository_id": "123456789",
        "repository_owner": "octo-org", "repository_owner_id": "65",
        "ref": "refs/heads/main", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
        "event_name": "push", "run_id": "42", "run_attempt": "1", "check_run_id": "77001",
        "runner_environment": "github-hosted", "actor": "octocat",
        "workflow_ref": "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
    })
}

pub(crate) fn gitlab() -> Value {
    json!({
        "sub": "project_path:octo/app:ref_type:branch:ref:main",
        "namespace_id": "7", "namespace_path": "octo", "project_id": "42", "project_path": "octo/app",
        "job_namespace_id": "7", "job_project_id": "42",
        "pipeline_id": "574", "pipeline_source": "push", "job_id": "302", "ref": "main", "ref_type": "branch",
        "ref_path": "refs/heads/main", "ref_protected": "true", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
        "runner_id": 1, "user_email": "octocat@example.com", "user_login": "octocat",
        "groups_direct": ["octo/deployers", "octo/readers"], "ci_config_ref_uri": null,
    })
}

/// Claims with some of them changed; `null` takes a claim away.
#[expect(clippy::needless_pass_by_value, reason = "both are written in place by every caller")]
pub(crate) fn with(mut claims: Value, changes: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// A workload of the named issuer.
pub(crate) fn try_workload(issuer: &str, claims: &Value) -> Result<Workload, WorkloadFault> {
    let context = context();
    let issuer = context.issuer(issuer).unwrap();
    let mut all = Object::parse(claims.to_string().as_bytes()).unwrap();
    all.insert("iss", issuer.url.as_str());
    all.insert("aud", AUDIENCE);
    all.insert("jti", "one");
    for (name, at) in [("iat", NOW), ("exp", NOW + 300)] {
        all.insert(name, at);
    }
    let (key, _) = SigningKey::generate(Algorithm::ES256).unwrap();
    let token = key.sign("JWT", &all).unwrap();
    let set = KeySet::parse(format!("{{\"keys\":[{}]}}", key.public_jwk()).as_bytes(), &[Algorithm::ES256])
        .unwrap();
    let verified = UnverifiedIdToken::parse(token.reveal())
        .unwrap()
        .verify(set.find(None).unwrap(), &issuer.expectations(), Timestamp::from_seconds(NOW).unwrap())
        .unwrap();
    Workload::from_claims(verified, issuer)
}

pub(crate) fn workload(issuer: &str, claims: &Value) -> Workload {
    try_workload(issuer, claims).unwrap()
}

pub(crate) fn file(path: &str, text: &str) -> PolicyFile {
    PolicyFile { path: path.to_owned(), text: text.to_owned() }
}

/// A policy of one file.
pub(crate) fn policy(text: &str) -> Policy {
    load(&[file("roles.toml", text)]).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The policy of files, or the text of what stands against it.
pub(crate) fn load(files: &[PolicyFile]) -> Result<Policy, String> {
    load_in(files, &context())
}

pub(crate) fn load_in(files: &[PolicyFile], context: &PolicyContext) -> Result<Policy, String> {
    let lines = |findings: Vec<daypass_policy::Finding>| {
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    Policy::load(files, context).map(|(policy, _)| policy).map_err(lines)
}

/// Asks for a role, from a repository that is not onboarded.
pub(crate) fn ask(policy: &Policy, workload: &Workload, role: &str) -> Decision {
    decide(workload, &Ask { role, standing: ProjectStanding::Unknown }, policy)
}

pub(crate) fn is_allowed(policy: &Policy, workload: &Workload, role: &str) -> bool {
    matches!(ask(policy, workload, role), Decision::Allow(_))
}
