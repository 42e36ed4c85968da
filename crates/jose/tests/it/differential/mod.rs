//! Mutated tokens before two verifiers: this crate, and `jsonwebtoken` as strict as it can be told to be.
//!
//! What the two have in common (base64, JSON and the primitives come from the same libraries) is not tested here but by
//! Wycheproof's vectors; what they do not have in common is how a token is taken apart and what is asked of its parts.

mod draft;
mod random;

use std::collections::BTreeMap;
use std::fmt;

use daypass_jose::Algorithm;
use jsonwebtoken::{DecodingKey, Validation, decode, get_current_timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{AUDIENCE, Bench, ISSUER};

pub(crate) use draft::Draft;
pub(crate) use random::Random;

/// Why a token may be taken here and refused there, and what takes that out of its parts; says whether it was in them.
/// Signed again without it, the token must be taken by both: so no reason hides another.
const REASONS: &[(&str, Repair)] = &[
    ("a header member that is not read here has a type that jsonwebtoken refuses", Parts::repair_header),
    ("`nbf` lies before 1970, which jsonwebtoken does not read as a time", Parts::repair_not_before),
];

type Repair = fn(&mut Parts) -> bool;

/// Header members that jsonwebtoken gives a type. A key or address in a token is never used here, so neither is its type.
const FOREIGN_MEMBERS: [&str; 8] = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "url", "nonce"];

/// What both said, counted.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) both_take: usize,
    pub(crate) both_refuse: usize,
    /// By our refusal.
    pub(crate) only_jsonwebtoken_takes: BTreeMap<&'static str, usize>,
    /// By our reason.
    pub(crate) only_daypass_takes: BTreeMap<&'static str, usize>,
    /// Tokens that only daypass takes without a listed reason, or that both take and read differently.
    pub(crate) unlisted: Vec<String>,
}

/// The claims as jsonwebtoken gives them; a wrong type and a second member of a name are refused.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneAudience,
    exp: u64,
    iat: u64,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneAudience {
    Text(String),
    Array([String; 1]),
}

/// Both verifiers with one key.
struct Pair {
    bench: Bench,
    key: DecodingKey,
    validation: Validation,
}

impl Pair {
    fn new(algorithm: Algorithm) -> Self {
        let bench = Bench::new(algorithm);
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&bench.signer.jwk("")).unwrap();
        let mut validation = Validation::new(algorithm.name().parse().unwrap());
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.validate_nbf = true;
        Self { bench, key: DecodingKey::from_jwk(&jwk).unwrap(), validation }
    }

    fn judge(&self, token: &str, now: u64, report: &mut Report) {
        let ours = self.bench.verify_at(token, i64::try_from(now).unwrap());
        let theirs = decode::<Claims>(token, &self.key, &self.validation);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                report.both_take += 1;
                let theirs = theirs.claims;
                let (OneAudience::Text(audience) | OneAudience::Array([audience])) = theirs.aud;
                let seconds = |time: u64| i64::try_from(time).unwrap();
                let are_equal = ours.issuer().as_str() == theirs.iss
                    && ours.subject() == theirs.sub
                    && ours.audience() == audience
                    && ours.token_id() == Some(theirs.jti.as_str())
                    && ours.expires_at().seconds() == seconds(theirs.exp)
                    && ours.issued_at().seconds() == seconds(theirs.iat);
                if !are_equal {
                    report.unlisted.push(format!("read differently: {token}"));
                }
            }
            (Err(_), Err(_)) => report.both_refuse += 1,
            (Err(fault), Ok(_)) => *report.only_jsonwebtoken_takes.entry(fault.code()).or_default() += 1,
            (Ok(_), Err(fault)) => match self.reasons(token) {
                Some(reasons) => {
                    for reason in reasons {
                        *report.only_daypass_takes.entry(reason).or_default() += 1;
                    }
                }
                None => report.unlisted.push(format!("jsonwebtoken: {fault}: {token}")),
            },
        }
    }

    /// The listed reasons for which only daypass takes a token, if they are all that there is.
    fn reasons(&self, token: &str) -> Option<Vec<&'static str>> {
        let mut parts = Parts::of(token);
        let repairs = REASONS.iter().filter(|(_, repair)| repair(&mut parts));
        let reasons = repairs.map(|(reason, _)| *reason).collect();
        let [header, claims] = [parts.header, parts.claims].map(|part| Value::Object(part).to_string());
        let repaired = self.bench.signer.token(header, claims);
        decode::<Claims>(&repaired, &self.key, &self.validation).is_ok().then_some(reasons)
    }
}

/// Header and claims of a token that one of the two takes.
struct Parts {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Parts {
    fn of(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| {
            serde_json::from_slice(&daypass_jose::base64url::decode(part).unwrap_or_default())
                .unwrap_or_default()
        });
        Self { header: parts.next().unwrap(), claims: parts.next().unwrap() }
    }

    fn repair_header(&mut self) -> bool {
        let is_taken = |header: &Map<String, Value>| {
            serde_json::from_value::<jsonwebtoken::Header>(Value::Object(header.clone())).is_ok()
        };
        let is_refused = !is_taken(&self.header);
        self.header.retain(|name, _| !FOREIGN_MEMBERS.contains(&name.as_str()));
        is_refused && is_taken(&self.header)
    }

    fn repair_not_before(&mut self) -> bool {
        let is_early = self.claims.get("nbf").and_then(Value::as_i64).is_some_and(|seconds| seconds < 0);
        if is_early {
            self.claims.remove("nbf");
        }
        is_early
    }
}

impl Report {
    /// Shows so many mutated tokens to both; the seed decides the mutations, the keys are new each time.
    pub(crate) fn of(count: usize, seed: u64) -> Self {
        let pairs = Algorithm::ALL.map(Pair::new);
        let mut random = Random::new(seed);
        let mut report = Self::default();
        for _ in 0..count {
            let pair = random.of(&pairs);
            let now = get_current_timestamp();
            let token = Draft::new(&pair.bench.signer, now).mutated(&mut random);
            pair.judge(&token, now, &mut report);
        }
        report
    }

    /// Listed reasons for which no token was taken.
    pub(crate) fn stale_reasons(&self) -> Vec<&'static str> {
        let reasons = REASONS.iter().map(|(reason, _)| *reason);
        reasons.filter(|reason| !self.only_daypass_takes.contains_key(reason)).collect()
    }
}

impl fmt::Display for Report {
    /// One line of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = json!({
            "both_take": self.both_take,
            "both_refuse": self.both_refuse,
            "only_jsonwebtoken_takes": self.only_jsonwebtoken_takes,
            "only_daypass_takes": self.only_daypass_takes,
            "unlisted": self.unlisted,
        });
        report.fmt(f)
    }
}
