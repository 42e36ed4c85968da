//! `when = "…"`: an expression of a block.

use crate::finding::did_you_mean;
use crate::issuer::RegisteredIssuer;
use crate::reader::{Entry, Located, Span};
use crate::when::{When, WhenFault};

/// Reads an expression whose claims the issuer's tokens have.
pub(super) fn read(entry: &Entry<'_>, issuer: &RegisteredIssuer) -> Option<When> {
    let text = entry.text()?;
    let when = match When::parse(&text.value) {
        Ok(when) => when,
        Err(fault) => {
            entry.source().error(span_of(entry, &text, &fault), fault.to_string(), help_of(&fault));
            return None;
        }
    };
    let unknown: Vec<&str> =
        when.selected().filter(|claim| issuer.profile.claim_type(claim).is_none()).collect();
    for claim in &unknown {
        let help = match did_you_mean(claim, issuer.profile.claims()) {
            Some(known) => format!("did you mean `claims.{known}`?"),
            None => format!("for a claim that daypass does not know: `claims[\"{claim}\"]`"),
        };
        let message = format!("tokens of `{}` have no claim `{claim}`", issuer.name);
        let span = match text.value.find(&format!(".{claim}")) {
            Some(at) => part(entry, &text, at.saturating_add(1), claim.len()),
            None => text.span.clone(),
        };
        entry.source().error(span, message, Some(help));
    }
    unknown.is_empty().then_some(when)
}

fn help_of(fault: &WhenFault) -> Option<String> {
    let help = match fault {
        WhenFault::NotOffered(_) => {
            "offered are && || ! == != < <= > >= in ?:, lists, has, size, int, string, startsWith, endsWith and contains"
        }
        WhenFault::TooCostly | WhenFault::TooDeep | WhenFault::TooLong => {
            "write conditions where they can say it, or several blocks: any of them may match"
        }
        WhenFault::Constant => "leave `when` out, or test a claim, as `claims.run_attempt == '1'`",
        WhenFault::Syntax { .. } | WhenFault::UnknownName(_) | WhenFault::WholeClaims => return None,
    };
    Some(help.to_owned())
}

/// The very place in the expression, where it can be told.
fn span_of(entry: &Entry<'_>, text: &Located<String>, fault: &WhenFault) -> Span {
    match fault {
        WhenFault::UnknownName(word) | WhenFault::NotOffered(word) => span_of_word(entry, text, word),
        WhenFault::Syntax { at: Some((1, column)), .. } => {
            let before = text.value.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
            let length =
                text.value.get(before..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            part(entry, text, before, length)
        }
        WhenFault::Syntax { .. }
        | WhenFault::TooLong
        | WhenFault::TooCostly
        | WhenFault::TooDeep
        | WhenFault::WholeClaims
        | WhenFault::Constant => text.span.clone(),
    }
}

fn span_of_word(entry: &Entry<'_>, text: &Located<String>, word: &str) -> Span {
    match text.value.find(word) {
        Some(at) => part(entry, text, at, word.len()),
        None => text.span.clone(),
    }
}

/// A part of a value. Where the value is not written as it is, with quotation marks around, the whole of it.
fn part(entry: &Entry<'_>, text: &Located<String>, at: usize, length: usize) -> Span {
    let start = text.span.start.saturating_add(1).saturating_add(at);
    let span = start..start.saturating_add(length);
    let written = entry.source().text(span.clone());
    let is_there =
        written.is_some_and(|written| text.value.get(at..).is_some_and(|rest| rest.starts_with(written)));
    if is_there && length > 0 { span } else { text.span.clone() }
}
