//! What each fuzz target does with its input, and what must hold whatever the input is.
//!
//! The same functions run in `crates/cli/src/tests/corpora.rs` over the seeds, in every run of the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use daypass_jose::jwk::{KeySet, MAX_KEYS};
use daypass_jose::jwt::{TokenFault, UnverifiedIdToken, VerifiedClaims};
use daypass_jose::{Algorithm, IssuerUrl, Json, Object, Timestamp, base64url};
use daypass_policy::{
    Ask, Decision, Finding, Policy, PolicyContext, PolicyFile, Profile, ProjectStanding, ProjectsPolicy,
    RegisteredIssuer, Workload, decide,
};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::settings::{Overlay, Settings};

/// A token whose private key is gone, the set with its public key, and a time at which it is valid.
const SIGNED: &str = include_str!("../seeds/token/good");
const SIGNER: &[u8] = include_bytes!("../seeds/jwks/signer");
const NOW: i64 = 1_795_512_600;

/// Two CI systems and a log-in server.
static CONTEXT: LazyLock<PolicyContext> = LazyLock::new(|| {
    let issuer = |name: &str, url: &str, provider: &str| {
        let profile = Profile::by_name(provider).unwrap();
        let url = IssuerUrl::parse(url).unwrap();
        let mut issuer = RegisteredIssuer::new(name, url, profile, vec!["pass.example.com".to_owned()]);
        issuer.algorithms = vec![Algorithm::EdDSA];
        issuer
    };
    PolicyContext {
        public_url: IssuerUrl::parse("https://pass.example.com").unwrap(),
        issuers: vec![
            issuer("github", "https://token.actions.githubusercontent.com", "github"),
            issuer("gitlab", "https://gitlab.example.com", "gitlab"),
            issuer("sso", "https://sso.example.com", "generic"),
        ],
        projects: ProjectsPolicy::default_for("https://api.example.com"),
        allowed: BTreeMap::new(),
    }
});
static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(SIGNER, &[Algorithm::EdDSA]).unwrap());
static WORKLOAD: LazyLock<Workload> = LazyLock::new(|| {
    let claims = verified(UnverifiedIdToken::parse(SIGNED).unwrap()).unwrap();
    Workload::from_claims(claims, CONTEXT.issuer("github").unwrap()).unwrap()
});

fn verified(token: UnverifiedIdToken) -> Result<VerifiedClaims, TokenFault> {
    let expectations = CONTEXT.issuer("github").unwrap().expectations();
    let key = KEYS.find(None).unwrap();
    token.verify(key, &expectations, Timestamp::from_seconds(NOW).unwrap())
}

/// Only the signed token is taken, byte for byte; what is read is base64url that encodes back to itself.
pub(crate) fn token(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match UnverifiedIdToken::parse(text) {
        Ok(token) => {
            assert_eq!(text.split('.').count(), 3);
            for part in text.split('.') {
                assert_eq!(base64url::encode(base64url::decode(part).unwrap()), part);
            }
            assert!(token.claimed_key_id().is_none_or(|key_id| !key_id.is_empty()));
            assert_eq!(verified(token).is_ok(), text == SIGNED);
        }
        Err(fault) => {
            assert_ne!(text, SIGNED);
            // A fault is logged: it is one line, and no part of a token.
            let shown = fault.to_string();
            assert!(!shown.chars().any(char::is_control), "{shown}");
        }
    }
}

/// Every key of a set is in it once, used or skipped; JSON that is read is written and read as the same.
pub(crate) fn jwks(input: &[u8]) {
    if let Ok(set) = KeySet::parse(input, &Algorithm::ALL) {
        assert!(set.keys().count().saturating_add(set.skipped().len()) <= MAX_KEYS);
        let key_ids: Vec<&str> = set.keys().filter_map(|key| key.key_id()).collect();
        assert_eq!(key_ids.len(), key_ids.iter().collect::<BTreeSet<_>>().len());
        assert!(key_ids.iter().all(|key_id| set.find(Some(key_id)).is_some()));
        assert_eq!(set.find(None).is_some(), set.len() == 1 && set.skipped().is_empty());
        for key in set.keys() {
            let only = KeySet::parse(input, &[key.algorithm()]).unwrap();
            assert!(only.keys().all(|one| one.algorithm() == key.algorithm()) && !only.is_empty());
        }
    }
    if let Ok(object) = Object::parse(input) {
        assert_eq!(Object::parse(object.to_string().as_bytes()).as_ref(), Ok(&object));
        assert_eq!(Json::parse(input), Ok(Json::Object(object)));
    }
}

/// Header fields, divided by line feeds. A token comes of one field alone, has no blank at its ends, and stood in it.
pub(crate) fn bearer(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for value in input.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(AUTHORIZATION, value);
        }
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match daypass_web::bearer_token(&headers) {
        Ok(token) => {
            let (value, token) = (values.next().unwrap(), token.reveal());
            assert!(values.next().is_none());
            assert!(!token.is_empty() && token.trim_matches(' ') == token);
            assert!(value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer ")));
            assert!(
                String::from_utf8_lossy(value.as_bytes()).ends_with(token)
                    || value.as_bytes().ends_with(b" ")
            );
        }
        Err(refusal) => assert!(!refusal.code.as_str().is_empty()),
    }
}

/// Up to four policy files, divided by NUL, the last one a ceiling. Whatever they say, they say it twice, every finding has
/// its place, and nobody gets a role that is not there.
pub(crate) fn policy(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let paths = ["roles.toml", "team/roles.toml", "team/more.toml", "team/_ceiling.toml"];
    let files: Vec<PolicyFile> = paths
        .into_iter()
        .zip(text.split('\0'))
        .map(|(path, text)| PolicyFile { path: path.to_owned(), text: text.to_owned() })
        .collect();
    let loaded = Policy::load(&files, &CONTEXT);
    let again = Policy::load(&files, &CONTEXT);
    let (policy, findings) = match (loaded, again) {
        (Ok((policy, findings)), Ok((twin, same))) => {
            assert_eq!((policy.version(), &findings), (twin.version(), &same));
            (Some(policy), findings)
        }
        (Err(findings), Err(same)) => {
            assert_eq!(findings, same);
            (None, findings)
        }
        _ => panic!("the same files are a policy and none"),
    };
    for finding in &findings {
        check(finding, &files);
    }
    let Some(policy) = policy else { return };
    let names: Vec<&str> = policy.roles().map(|role| role.name.as_str()).chain(["none-of-them"]).collect();
    for role in names {
        for standing in [ProjectStanding::Unknown, ProjectStanding::Active] {
            let ask = Ask { role, standing };
            if let Decision::Allow(allowance) = decide(&WORKLOAD, &ask, &policy) {
                assert!(allowance.role() == role && policy.role(role).is_some());
            }
        }
    }
}

fn check(finding: &Finding, files: &[PolicyFile]) {
    let file = files.iter().find(|file| file.path == finding.file);
    let lines = file.map_or(1, |file| file.text.split('\n').count());
    assert!((1..=lines).contains(&finding.line), "{finding}");
    assert!(!finding.message.is_empty() && finding.column > 0, "{finding}");
}

/// The text of a settings file and, behind NUL, variables as lines `NAME=VALUE`.
pub(crate) fn settings(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (text, variables) = text.split_once('\0').unwrap_or((text, ""));
    let variables: BTreeMap<String, String> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let overlay = Overlay::of_environment(&variables);
    let read = || Settings::from_text(Path::new("/nonexistent/daypass.toml"), text, &overlay);
    match read() {
        Ok(settings) => {
            assert!(settings.issuers.iter().all(|issuer| !issuer.registered.audiences.is_empty()));
            assert!(settings.issuers.iter().all(|issuer| !issuer.registered.algorithms.is_empty()));
            let urls: BTreeSet<&str> =
                settings.issuers.iter().map(|issuer| issuer.registered.url.as_str()).collect();
            assert_eq!(urls.len(), settings.issuers.len());
        }
        Err(faults) => {
            assert!(!faults.to_string().is_empty());
            assert_eq!(read().err(), Some(faults));
        }
    }
}
