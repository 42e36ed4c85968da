//! What a case is made of, and the honest token that each attack bends.

use serde_json::{Map, Value, json};

use crate::support::app::AUDIENCE as APP_AUDIENCE;
use crate::support::clock::START_SECONDS;
use crate::support::issuer::TestIssuer;
use crate::support::keys::{TestKey, base64url};

/// What a face must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A credential.
    Accept,
    /// The token is not valid; one of these codes.
    Token(&'static [&'static str]),
    /// The token is malformed, but where HTTP itself takes away what is wrong with it.
    TokenBeyondHeaders,
    /// Policy said no.
    Policy,
    /// Policy said no, or the claim is not what the profile says that it is.
    Denied,
    /// Too big to be read.
    TooBig,
}

/// One row of the table.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) role: Option<&'static str>,
    pub(crate) expect: Expect,
}

/// The issuers of the table.
pub(crate) struct Kit {
    /// Registered, RS256 alone, two keys.
    pub(crate) main: TestIssuer,
    /// Registered, with a key of each other algorithm, the first key id equal to main's.
    pub(crate) second: TestIssuer,
    /// Registered, publishing main's first key as its own.
    pub(crate) same_key: TestIssuer,
    /// Not registered.
    pub(crate) evil: TestIssuer,
    /// Main's token endpoint knows this key, its key set does not.
    pub(crate) unpublished: TestKey,
    pub(crate) now: i64,
    pub(crate) audience: String,
}

pub(crate) const MALFORMED: &[&str] = &["token_malformed"];
pub(crate) const ALGORITHM: &[&str] = &["algorithm_refused"];
pub(crate) const SIGNATURE: &[&str] = &["signature_invalid"];
pub(crate) const KEY: &[&str] = &["key_unknown"];
pub(crate) const ISSUER: &[&str] = &["issuer_unknown"];
pub(crate) const MISSING: &[&str] = &["claim_missing"];
pub(crate) const WRONG: &[&str] = &["claim_malformed"];
pub(crate) const AUDIENCE: &[&str] = &["audience_mismatch"];
pub(crate) const TYPE: &[&str] = &["token_type_refused"];

/// The rows of the table while it is written.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) cases: Vec<Case>,
    role: Option<&'static str>,
    count: usize,
}

impl Table {
    pub(crate) fn add(&mut self, id: impl Into<String>, token: impl Into<String>, expect: Expect) {
        self.cases.push(Case { id: id.into(), token: token.into(), role: self.role, expect });
    }

    pub(crate) fn refused(
        &mut self,
        id: impl Into<String>,
        token: impl Into<String>,
        codes: &'static [&'static str],
    ) {
        self.add(id, token, Expect::Token(codes));
    }

    /// The cases that follow ask for this role.
    pub(crate) fn as_role(&mut self, role: Option<&'static str>) {
        self.role = role;
    }

    /// A `jti` that no other case has.
    pub(crate) fn jti(&mut self) -> String {
        self.count += 1;
        format!("jti-{}-{}", self.cases.len(), self.count)
    }
}

impl Kit {
    /// Starts the issuers.
    pub(crate) async fn start() -> Self {
        let main_key = TestKey::new("key-1", "RS256");
        let same = main_key.jwk();
        let main = TestIssuer::start(vec![main_key, TestKey::new("key-2", "RS256")]).await;
        main.publish(&with_unusable(main.keys.iter().map(TestKey::jwk).collect()));
        let second = ["ES256", "ES384", "EdDSA", "PS256", "RS384", "RS512"];
        let second = second
            .iter()
            .enumerate()
            .map(|(at, algorithm)| TestKey::new(&format!("key-{}", at + 1), algorithm));
        let second = TestIssuer::start(second.collect()).await;
        let same_key = TestIssuer::start(Vec::new()).await;
        same_key.publish(&[same]);
        let evil = TestIssuer::start(vec![TestKey::new("key-1", "RS256")]).await;
        let unpublished = TestKey::new("unpublished", "RS256");
        Self {
            main,
            second,
            same_key,
            evil,
            unpublished,
            now: START_SECONDS,
            audience: APP_AUDIENCE.to_owned(),
        }
    }

    /// The claims of a push to main, with everything that GitHub puts in.
    pub(crate) fn claims(&self, table: &mut Table) -> Map<String, Value> {
        let Value::Object(claims) = json!({
            "iss": self.main.url(), "aud": self.audience,
            "sub": "repo:octo-org@65/octo-repo@123456789:ref:refs/heads/main",
            "jti": table.jti(),
            "iat": self.now, "nbf": self.now - 600, "exp": self.now + 300,
            "repository": "octo-org/octo-repo", "repository_id": "123456789",
            "repository_owner": "octo-org", "repository_owner_id": "65", "repository_visibility": "private",
            "ref": "refs/heads/main", "ref_type": "branch", "ref_protected": "true",
            "sha": "0123456789abcdef0123456789abcdef01234567", "head_ref": "", "base_ref": "",
            "event_name": "push", "workflow": "deploy", "actor": "octocat", "actor_id": "12",
            "workflow_ref": "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
            "job_workflow_ref": "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
            "run_id": "4283094502", "run_number": "10", "run_attempt": "1", "check_run_id": "77001",
            "runner_environment": "github-hosted",
        }) else {
            unreachable!("an object was written");
        };
        claims
    }

    /// An honest token of main.
    pub(crate) fn honest(&self, table: &mut Table) -> String {
        self.main.key().honest(&self.claims(table).into())
    }

    /// A token of main with claims set, or removed where the value is absent.
    pub(crate) fn with(&self, table: &mut Table, changes: &[(&str, Option<Value>)]) -> String {
        let mut claims = self.claims(table);
        for (name, value) in changes {
            match value {
                Some(value) => claims.insert((*name).to_owned(), value.clone()),
                None => claims.remove(*name),
            };
        }
        self.main.key().honest(&claims.into())
    }

    /// A token of main with these header members set, or removed.
    pub(crate) fn with_header(&self, table: &mut Table, changes: &[(&str, Option<Value>)]) -> String {
        let mut header = self.main.key().header();
        let members = header.as_object_mut().unwrap();
        for (name, value) in changes {
            match value {
                Some(value) => members.insert((*name).to_owned(), value.clone()),
                None => members.remove(*name),
            };
        }
        self.main.key().token(header.to_string(), Value::from(self.claims(table)).to_string())
    }

    /// A token of main over exactly this payload text.
    pub(crate) fn with_payload(&self, payload: impl AsRef<[u8]>) -> String {
        self.main.key().token(self.main.key().header().to_string(), payload)
    }
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> (String, String, String) {
    let mut parts = token.splitn(3, '.').map(ToOwned::to_owned);
    (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
}

/// A token with another signature.
pub(crate) fn signed_by(token: &str, signature: impl AsRef<[u8]>) -> String {
    let (header, payload, _) = parts(token);
    format!("{header}.{payload}.{}", base64url(signature))
}

/// The set with keys beside the good ones that no verifier may use, and that must not spoil the others.
fn with_unusable(mut keys: Vec<Value>) -> Vec<Value> {
    let good = keys[0].clone();
    let like = |kid: &str, changes: Value| {
        let mut key = good.clone();
        key["kid"] = kid.into();
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    };
    keys.push(like("weak-1024", json!({"n": base64url([0xc1; 128])})));
    keys.push(like("for-encryption", json!({"use": "enc"})));
    keys.push(like("key-ops-encrypt", json!({"key_ops": ["encrypt"]})));
    keys.push(json!({"kid": "unknown-type", "kty": "LWE", "x": "AAAA"}));
    keys
}
