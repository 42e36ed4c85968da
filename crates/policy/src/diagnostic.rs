//! Findings as a compiler shows them: the line, a caret under what is meant, what to do.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Element, Group, Level as Label, Origin, Renderer, Snippet};
use daypass_jose::Json;

use crate::finding::{CounterExample, Finding, Level};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendering {
    /// Characters alone.
    Plain,
    /// With the colours of a terminal, as escape sequences.
    Coloured,
}

/// Columns of the widest line; what is longer is cut beside what is meant.
const WIDTH: usize = 120;

/// The text of findings, with an empty line between two.
pub fn render(findings: &[Finding], rendering: Rendering) -> String {
    let renderer = match rendering {
        Rendering::Plain => Renderer::plain(),
        Rendering::Coloured => Renderer::styled(),
    };
    let renderer = renderer.term_width(WIDTH);
    let texts: Vec<String> = findings.iter().map(|finding| renderer.render(&[group(finding)])).collect();
    texts.join("\n\n")
}

fn group(finding: &Finding) -> Group<'_> {
    let label = match finding.level {
        Level::Deny => Label::ERROR,
        Level::Warn => Label::WARNING,
    };
    // A file may come from a stranger's branch: what a terminal would obey is shown as a sign.
    let mut title = label.primary_title(harmless(&finding.message));
    if let Some(lint) = finding.lint {
        title = title.id(lint.name());
    }
    let mut elements: Vec<Element<'_>> = vec![place(finding)];
    elements
        .extend(finding.counter_example.as_ref().map(|example| Label::NOTE.message(told(example)).into()));
    elements.extend(finding.help.as_ref().map(|help| Label::HELP.message(harmless(help)).into()));
    if let Some(lint) = finding.lint {
        let more = format!("`daypass policy check --explain {}` says more", lint.name());
        elements.push(Label::NOTE.message(more).into());
    }
    title.elements(elements)
}

/// The job, with all its claims.
fn told(example: &CounterExample) -> String {
    let mut text = format!("takes `{}`: {}\n", harmless(&example.role), example.who);
    let width = example.claims.iter().map(|(claim, _)| claim.chars().count()).max().unwrap_or(0);
    let mut lines = vec![format!("{:width$}  {}", "issuer", example.issuer)];
    lines.extend(example.claims.iter().map(|(claim, value)| format!("{claim:width$}  {}", shown(value))));
    text.push_str(&lines.join("\n"));
    harmless(&text).into_owned()
}

fn shown(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Null
        | Json::Bool(_)
        | Json::Integer(_)
        | Json::Float(_)
        | Json::String(_)
        | Json::Object(_) => value.scalar_text().unwrap_or_default().into_owned(),
    }
}

fn place(finding: &Finding) -> Element<'_> {
    match &finding.excerpt {
        Some(excerpt) => Snippet::source(harmless(&excerpt.text))
            .line_start(finding.line)
            .path(harmless(&finding.file))
            .annotation(AnnotationKind::Primary.span(excerpt.span.clone()))
            .into(),
        None => Origin::path(harmless(&finding.file)).into(),
    }
}

/// The text with a sign for each character that a terminal would obey. Each sign is as long as what it stands for, so
/// that places stay where they are.
fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match (is_obeyed(character), character.len_utf8()) {
            (false, _) => shown.push(character),
            (true, 1) => shown.push('?'),
            (true, 2) => shown.push('\u{bf}'),
            (true, _) => shown.push('\u{fffd}'),
        }
    }
    Cow::Owned(shown)
}

fn is_obeyed(character: char) -> bool {
    let is_bidirectional = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_break = matches!(character, '\u{2028}' | '\u{2029}');
    (character.is_control() && !matches!(character, '\n' | '\t')) || is_bidirectional || is_break
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_as_a_sign_of_the_same_length() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}b\tc\nä";
        let shown = harmless(text);
        assert_eq!((shown.len(), shown.as_ref()), (text.len(), "a?[31m¿\u{fffd}b\tc\nä"));
    }
}
