//! The claims of a job that is only supposed to be: the one way in which such a job is made up.

use std::collections::BTreeMap;

use daypass_jose::{Json, Object};

use crate::pattern::Wanted;
use crate::provider::{ClaimType, Profile};

/// How deep places are filled: a claim may name one that names another.
const MAX_DEPTH: usize = 4;

/// Bytes of a filled text, or a place more: no identity token holds more.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// What begins so is a part of claims, and no claim.
const PART: char = '_';

/// A job while it is made up.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'a> {
    profile: &'a Profile,
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
enum Value {
    /// A text of a profile, in which `{claim}` stands for another one.
    Template(String),
    /// This text.
    Text(String),
    /// This value.
    Json(Json),
}

impl<'a> Draft<'a> {
    /// The example of a provider.
    pub(crate) fn of(profile: &'a Profile) -> Self {
        let mut draft = Self { profile, values: BTreeMap::new() };
        draft.templates(&profile.example);
        draft
    }

    /// Says what claims are by texts of a profile.
    pub(crate) fn templates(&mut self, claims: &BTreeMap<String, String>) {
        for (claim, text) in claims {
            self.template(claim, text);
        }
    }

    /// Says what a claim is by a text that names others.
    pub(crate) fn template(&mut self, claim: &str, text: &str) {
        self.values.insert(claim.to_owned(), Value::Template(text.to_owned()));
    }

    /// Says what a claim is. A text of a policy or a person is taken as it is: filled, it could grow without end.
    pub(crate) fn text(&mut self, claim: &str, text: &str) {
        self.values.insert(claim.to_owned(), Value::Text(text.to_owned()));
    }

    /// Says what a claim is, whatever its type.
    pub(crate) fn json(&mut self, claim: &str, value: Json) {
        self.values.insert(claim.to_owned(), Value::Json(value));
    }

    /// All claims, each with the type that the profile gives it.
    pub(crate) fn claims(&self) -> Object {
        let mut claims = Object::default();
        for (claim, value) in self.values.iter().filter(|(claim, _)| !claim.starts_with(PART)) {
            claims.insert(claim.as_str(), self.value(claim, value));
        }
        claims
    }

    /// A text with its places filled.
    pub(crate) fn filled(&self, template: &str) -> String {
        let mut filled = String::new();
        self.fill(template, MAX_DEPTH, &mut filled);
        filled
    }

    fn value(&self, claim: &str, value: &Value) -> Json {
        let text = match value {
            Value::Json(json) => return json.clone(),
            Value::Text(text) => text.clone(),
            Value::Template(template) => self.filled(template),
        };
        match (self.profile.claim_type(claim), text.parse::<i64>()) {
            (Some(ClaimType::Integer), Ok(number)) => Json::Integer(number.into()),
            _ => Json::String(text),
        }
    }

    fn fill(&self, template: &str, depth: usize, filled: &mut String) {
        let mut rest = template;
        while let Some((literal, after)) = rest.split_once('{') {
            filled.push_str(literal);
            let place =
                after.split_once('}').and_then(|(name, behind)| Some((self.values.get(name)?, behind)));
            rest = if let Some((value, behind)) = place {
                self.push(value, depth, filled);
                behind
            } else {
                filled.push('{');
                after
            };
            if filled.len() > MAX_TEXT_BYTES {
                return;
            }
        }
        filled.push_str(rest);
    }

    fn push(&self, value: &Value, depth: usize, filled: &mut String) {
        match value {
            Value::Template(template) => {
                if let Some(depth) = depth.checked_sub(1) {
                    self.fill(template, depth, filled);
                }
            }
            Value::Text(text) => filled.push_str(text),
            Value::Json(json) => filled.push_str(&json.scalar_text().unwrap_or_default()),
        }
    }
}

/// A text that is wanted.
pub(crate) fn sample(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Exact(text) => text.clone(),
        Wanted::Glob(glob) => glob.sample("x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft<'static> {
        Draft::of(Profile::by_name("github").unwrap())
    }

    #[test]
    fn a_place_is_filled_by_what_the_job_has_and_a_part_is_no_claim() {
        let mut draft = draft();
        draft.template("sub", "of:{_part}:{absent}{");
        draft.template("_part", "{repository_owner_id}");
        let claims = draft.claims();
        assert_eq!(claims.member("sub").and_then(Json::as_str), Some("of:65:{absent}{"));
        assert!(claims.member("_part").is_none());
    }

    #[test]
    fn a_text_of_a_policy_is_never_filled_and_a_circle_ends() {
        let mut draft = draft();
        draft.text("environment", &"{sub}{environment}".repeat(1000));
        draft.template("sub", "{sub}{environment}{sub}{environment}");
        let claims = draft.claims();
        let environment = claims.member("environment").and_then(Json::as_str).unwrap();
        assert_eq!(environment, "{sub}{environment}".repeat(1000));
        let sub = claims.member("sub").and_then(Json::as_str).unwrap();
        assert!(sub.len() < MAX_TEXT_BYTES + environment.len() * 2, "{}", sub.len());
    }
}
