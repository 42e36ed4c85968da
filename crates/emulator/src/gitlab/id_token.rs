//! One entry of `id_tokens`: the variable that holds a token, and the token's audience.

use std::str::FromStr;

use daypass_jose::Json;

use crate::fault::EmulatorFault;

/// One entry of `id_tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    variable: String,
    audiences: Vec<String>,
}

impl IdToken {
    /// A token in `variable` for `audiences`, of which there must be one at least.
    pub fn new(variable: &str, audiences: Vec<String>) -> Result<Self, EmulatorFault> {
        let is_variable = variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && variable.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        if !is_variable {
            return Err(EmulatorFault::VariableMalformed(variable.to_owned()));
        }
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(EmulatorFault::AudienceMissing(variable.to_owned()));
        }
        Ok(Self { variable: variable.to_owned(), audiences })
    }

    /// Entries with the variable's name become one with all their audiences.
    pub fn merged(entries: Vec<Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for entry in entries {
            match merged.iter_mut().find(|known| known.variable == entry.variable) {
                Some(known) => known.audiences.extend(entry.audiences),
                None => merged.push(entry),
            }
        }
        merged
    }

    /// The variable's name.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// `aud`: a string for one audience, an array for several.
    pub(crate) fn audience_claim(&self) -> Json {
        match self.audiences.as_slice() {
            [one] => one.as_str().into(),
            several => Json::Array(several.iter().map(|audience| audience.as_str().into()).collect()),
        }
    }
}

impl FromStr for IdToken {
    type Err = EmulatorFault;

    /// Reads `NAME=AUDIENCE`.
    fn from_str(text: &str) -> Result<Self, EmulatorFault> {
        let (variable, audience) =
            text.split_once('=').ok_or_else(|| EmulatorFault::AudienceMissing(text.to_owned()))?;
        Self::new(variable, vec![audience.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(texts: &[&str]) -> Vec<IdToken> {
        IdToken::merged(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn one_audience_is_a_string_and_several_are_an_array() {
        let merged = entries(&["A=https://one.example.com", "B=x", "A=two=2"]);
        let claims: Vec<_> = merged.iter().map(|entry| (entry.variable(), entry.audience_claim())).collect();
        let both = Json::Array(vec!["https://one.example.com".into(), "two=2".into()]);
        assert_eq!(claims, [("A", both), ("B", "x".into())]);
    }

    #[test]
    fn an_entry_without_a_name_or_an_audience_is_refused() {
        for text in ["", "A", "A=", "=x", "1A=x", "A-B=x", "A B=x"] {
            assert!(text.parse::<IdToken>().is_err(), "{text}");
        }
    }
}
