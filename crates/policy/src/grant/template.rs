//! A text of a grant, with places for ids of the workload that takes it.

use crate::pattern::{Glob, GlobFault, Shape};
use crate::workload::Workload;

/// Stands for a filled place where a template is judged as a glob; no glob has it.
pub(crate) const PLACE: char = '\u{e000}';

/// A text in which `{claim}` stands for a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Literal(String),
    Claim(String),
}

/// Why a template gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// A brace that opens or closes nothing.
    #[error("a `{{` or `}}` stands alone")]
    Brace,
    /// What stands between braces is no name of a claim.
    #[error("`{{{0}}}` names no claim")]
    Name(String),
    /// The workload has no such claim, or one that could break out of its place.
    #[error("the claim `{0}` is absent, empty, or holds a character that has no place in a grant")]
    Value(String),
    /// With its places filled it is no scope that a policy may grant.
    #[error("`{0}` is no scope that a policy grants once its places are filled")]
    Scope(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(TemplateFault::Brace)?;
            let is_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if literal.contains('}') {
                return Err(TemplateFault::Brace);
            }
            if !is_name {
                return Err(TemplateFault::Name(name.to_owned()));
            }
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Claim(name.to_owned()));
            rest = behind;
        }
        if rest.contains('}') {
            return Err(TemplateFault::Brace);
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The claims that have a place in it.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Claim(claim) => Some(claim.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// What it can become, character by character.
    pub(crate) fn shapes(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => shapes.extend(literal.chars().map(Shape::Literal)),
                Part::Claim(_) => shapes.push(Shape::Star),
            }
        }
        shapes
    }

    /// The text as a glob, in which a filled place is fixed.
    pub(crate) fn as_glob(&self) -> Result<Glob, GlobFault> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                // Stands for any value that may fill it: one that is safe, and so fixed.
                Part::Claim(_) => text.push(PLACE),
            }
        }
        Glob::parse(&text)
    }

    /// The text for one workload.
    pub fn fill(&self, workload: &Workload) -> Result<String, TemplateFault> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => filled.push_str(literal),
                Part::Claim(claim) => {
                    let value = workload.text(claim).filter(|value| is_safe(value));
                    filled.push_str(&value.ok_or_else(|| TemplateFault::Value(claim.clone()))?);
                }
            }
        }
        Ok(filled)
    }
}

/// A value that cannot be more than one segment of whatever it is put into. It is refused otherwise, never escaped.
fn is_safe(value: &str) -> bool {
    !value.is_empty()
        && value.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
        && !matches!(value, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_claims_between_braces() {
        let template = Template::parse("team/{repository_id}/{ref}x").unwrap();
        assert_eq!(template.claims().collect::<Vec<_>>(), ["repository_id", "ref"]);
        assert_eq!(Template::parse("plain").unwrap().claims().count(), 0);
        for text in ["{", "}", "a}b{c}", "{}", "{a b}", "{a", "{a{b}}", "{a}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_that_could_break_out_of_its_place_is_refused() {
        assert!(["123", "a-b_c.d"].into_iter().all(is_safe));
        for value in ["", "a/b", "a:b", "*", "a b", "a\n", "..", "{x}", "ä", "a%2fb", "\0"] {
            assert!(!is_safe(value), "{value:?}");
        }
    }
}
