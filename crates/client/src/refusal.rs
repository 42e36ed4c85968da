//! A server's no, as it is told to the person who reads the job's log.

use std::fmt;

use daypass_jose::{Json, Object};
use serde::Serialize;

use crate::printable::printable;

/// At most so many differences are shown; no trust block has more conditions worth reading.
const MAX_DIFFERENCES: usize = 32;

/// A problem document (RFC 9457) of a daypass server. All its texts are [`printable`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The code, of daypass's closed list.
    pub code: String,
    /// What happened, in a few words.
    pub title: String,
    /// What happened to this request.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The claims that differ from what the role wants.
    pub differences: Vec<Difference>,
    /// Under which the operator finds the exchange.
    pub exchange_id: Option<String>,
}

/// A claim that differs from what the role wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Name of the claim.
    pub claim: String,
    /// What is wanted, any of it.
    pub wanted: Vec<String>,
    /// What the token has; `None` where it lacks the claim.
    pub got: Option<String>,
}

impl Refusal {
    /// Reads a problem document; `None` where it is not one of a daypass server.
    pub(crate) fn parse(status: u16, body: &[u8]) -> Option<Self> {
        let document = Object::parse(body).ok()?;
        let text = |name: &str| document.member(name).and_then(Json::as_str).map(printable);
        let code = text("code").filter(|code| is_code(code))?;
        let differences = match document.member("differences") {
            Some(Json::Array(items)) => {
                items.iter().take(MAX_DIFFERENCES).filter_map(Difference::of).collect()
            }
            _ => Vec::new(),
        };
        Some(Self {
            status,
            title: text("title").unwrap_or_else(|| code.replace('_', " ")),
            code,
            detail: text("detail"),
            hint: text("hint"),
            differences,
            exchange_id: text("exchange_id"),
        })
    }
}

impl Difference {
    fn of(value: &Json) -> Option<Self> {
        let Json::Object(difference) = value else { return None };
        let claim = printable(difference.member("claim")?.as_str()?);
        let wanted = difference.member("wanted")?;
        let wanted = if let Json::Array(items) = wanted {
            items.iter().take(MAX_DIFFERENCES).filter_map(Json::as_str).map(printable).collect()
        } else {
            vec![printable(&wanted.scalar_text()?)]
        };
        let got = difference.member("got").and_then(Json::scalar_text).map(|text| printable(&text));
        Some(Self { claim, wanted, got })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {} ({})", self.title, self.code)?;
        if let Some(detail) = self.detail.as_ref().filter(|detail| **detail != self.title) {
            write!(f, "\n  {detail}")?;
        }
        for difference in &self.differences {
            write!(f, "\n  {difference}")?;
        }
        if let Some(change) = self.change() {
            write!(f, "\n  what would help: {change}")?;
        } else if let Some(hint) = &self.hint {
            // The server's list of hints knows no exchange; a person wants to copy the command as it stands.
            let hint = hint.replace("EXCHANGE", self.exchange_id.as_deref().unwrap_or("EXCHANGE"));
            write!(f, "\n  hint: {hint}")?;
        }
        match &self.exchange_id {
            Some(id) => write!(f, "\n  exchange: {id}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted: Vec<String> = self.wanted.iter().map(|value| format!("`{value}`")).collect();
        write!(f, "claim `{}`: wanted {}, ", self.claim, wanted.join(" or "))?;
        match &self.got {
            Some(got) => write!(f, "got `{got}`"),
            None => f.write_str("but the token lacks it"),
        }
    }
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_differs_and_what_to_do() {
        let body = br#"{"type":"about:blank","title":"no rule allows this","status":403,"code":"not_allowed",
            "hint":"see audit show EXCHANGE","exchange_id":"0193","differences":[
            {"claim":"ref","wanted":["refs/heads/main","refs/heads/release"],"got":"refs/heads/fix"},
            {"claim":"environment","wanted":["prod"],"got":null}]}"#;
        let shown = Refusal::parse(403, body).unwrap().to_string();
        insta::assert_snapshot!(shown, @"
        refused: no rule allows this (not_allowed)
          claim `ref`: wanted `refs/heads/main` or `refs/heads/release`, got `refs/heads/fix`
          claim `environment`: wanted `prod`, but the token lacks it
          what would help: run it on the branch `main` or the branch `release`, and add `environment: prod` to the job
          exchange: 0193
        ");
    }

    #[test]
    fn hostile_text_in_a_refusal_stays_on_its_line() {
        let body = br###"{"code":"not_allowed","title":"x\n::set-env name=PATH::y","hint":"##[add-mask]z",
            "differences":[{"claim":"a\nb","wanted":"c\rd","got":"e\u2028f"}]}"###;
        let shown = Refusal::parse(403, body).unwrap().to_string();
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(!shown.contains("##["), "{shown}");
    }

    #[test]
    fn what_is_no_problem_document_is_none() {
        for body in ["", "<html>", "{}", r#"{"code":1}"#, r#"{"code":"Not Allowed"}"#, r#"{"code":""}"#] {
            assert_eq!(Refusal::parse(403, body.as_bytes()), None, "{body}");
        }
    }
}
