//! A claim that is set by hand: any value can be tried, the mark of an emulated token excepted.

use std::str::FromStr;

use daypass_jose::{Json, Object};

use crate::fault::EmulatorFault;

/// Present in every emulated token, with the value `true`: a server refuses such a token unless it is reachable from
/// its own machine only. If this name drifts from the server's, anybody's laptop can forge identities for it.
pub(crate) const EMULATED: &str = "daypass_emulated";

/// A claim that a job's tokens carry instead of the usual one.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimOverride {
    name: String,
    value: Option<Json>,
}

impl ClaimOverride {
    /// The claim has this value.
    pub fn set(name: &str, value: impl Into<Json>) -> Result<Self, EmulatorFault> {
        Self::checked(name, Some(value.into()))
    }

    /// The claim is absent.
    pub fn remove(name: &str) -> Result<Self, EmulatorFault> {
        Self::checked(name, None)
    }

    /// The claim's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The claim's value; `None` where it is to be absent.
    pub fn value(&self) -> Option<&Json> {
        self.value.as_ref()
    }

    fn checked(name: &str, value: Option<Json>) -> Result<Self, EmulatorFault> {
        if name == EMULATED {
            return Err(EmulatorFault::ClaimReserved(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

impl FromStr for ClaimOverride {
    type Err = EmulatorFault;

    /// Reads `NAME=VALUE`, whose value is a string, or `NAME:=JSON`.
    fn from_str(text: &str) -> Result<Self, EmulatorFault> {
        let malformed = || EmulatorFault::ClaimMalformed(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(malformed)?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => (name, Json::parse(value.as_bytes()).map_err(|_| malformed())?),
            None => (name, Json::from(value)),
        };
        if name.is_empty() {
            return Err(malformed());
        }
        Self::set(name, value)
    }
}

/// Replaces what is overridden and puts the mark on.
pub(crate) fn finish(claims: &mut Object, overrides: &[ClaimOverride]) {
    for claim in overrides {
        match &claim.value {
            Some(value) => claims.insert(claim.name.clone(), value.clone()),
            None => drop(claims.remove(&claim.name)),
        }
    }
    // INVARIANT: last, so that nothing above can take it away.
    claims.insert(EMULATED, true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_a_string_or_after_a_colon_any_json() {
        for (text, name, value) in [
            ("actor=mona", "actor", Json::from("mona")),
            ("sub=a=b", "sub", Json::from("a=b")),
            ("actor=", "actor", Json::from("")),
            ("run_attempt:=2", "run_attempt", Json::from(2)),
            ("ci_config_sha:=null", "ci_config_sha", Json::Null),
            ("aud:=[\"a\",\"b\"]", "aud", Json::Array(vec!["a".into(), "b".into()])),
        ] {
            assert_eq!(
                text.parse::<ClaimOverride>().unwrap(),
                ClaimOverride::set(name, value).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_claim_is_refused() {
        for text in ["", "actor", "=x", ":=1", "actor:=", "actor:={\"a\":1,\"a\":2}"] {
            assert!(matches!(text.parse::<ClaimOverride>(), Err(EmulatorFault::ClaimMalformed(_))), "{text}");
        }
    }

    #[test]
    fn the_mark_of_an_emulated_token_cannot_be_taken_off() {
        for text in ["daypass_emulated=x", "daypass_emulated:=false"] {
            assert!(matches!(text.parse::<ClaimOverride>(), Err(EmulatorFault::ClaimReserved(_))), "{text}");
        }
        assert!(matches!(ClaimOverride::remove(EMULATED), Err(EmulatorFault::ClaimReserved(_))));
        let mut claims = Object::default();
        finish(&mut claims, &[]);
        assert_eq!(claims.member(EMULATED), Some(&Json::Bool(true)));
    }
}
