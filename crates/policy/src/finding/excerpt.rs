//! The lines of a file where something stands.

use std::ops::Range;

/// Lines that are shown of what stands on more.
const MAX_LINES: usize = 6;
/// Bytes of the longest excerpt; of longer lines none is made.
const MAX_BYTES: usize = 2048;

/// Whole lines of a file, and the part of them that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines. The first is that of the finding.
    pub text: String,
    /// What is meant, in bytes of the text.
    pub span: Range<usize>,
    /// The line on which what is meant ends, from 1.
    pub end_line: usize,
    /// The column behind its last character, from 1.
    pub end_column: usize,
}

/// Where the lines of a text begin.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let behind = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self { starts: std::iter::once(0).chain(behind).collect() }
    }

    /// The line of a place, from 0, and where it begins.
    fn line(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        (line, self.starts.get(line).copied().unwrap_or(0))
    }

    /// Line and column of a place, both from 1.
    pub(crate) fn position(&self, text: &str, at: usize) -> (usize, usize) {
        let (line, start) = self.line(at);
        let before = text.get(start..at).unwrap_or("");
        (line.saturating_add(1), before.chars().count().saturating_add(1))
    }

    /// The lines of a span; `None` where they are too long to be shown.
    pub(crate) fn excerpt(&self, text: &str, span: &Range<usize>) -> Option<Excerpt> {
        let (first, start) = self.line(span.start);
        let (last, _) = self.line(span.end.saturating_sub(1).max(span.start));
        let last = last.min(first.saturating_add(MAX_LINES).saturating_sub(1));
        let end = self.starts.get(last.saturating_add(1)).map_or(text.len(), |next| next.saturating_sub(1));
        let lines = text.get(start..end).filter(|lines| lines.len() <= MAX_BYTES)?;
        let shown = span.start.saturating_sub(start)..span.end.min(end).saturating_sub(start);
        // A place without a width is its first character.
        let width = lines.get(shown.start..)?.chars().next().map_or(0, char::len_utf8);
        let shown = shown.start..shown.end.max(shown.start.saturating_add(width));
        let (end_line, end_column) = self.position(text, start.saturating_add(shown.end));
        Some(Excerpt { text: lines.to_owned(), span: shown, end_line, end_column })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, span: Range<usize>) -> Excerpt {
        Lines::of(text).excerpt(text, &span).unwrap()
    }

    #[test]
    fn an_excerpt_is_whole_lines() {
        let text = "a = 1\nlist = [\n  \"ä\",\n]\nb = 2\n";
        let one = excerpt(text, 4..5);
        assert_eq!((one.text.as_str(), one.span, one.end_line, one.end_column), ("a = 1", 4..5, 1, 6));
        let several = excerpt(text, 13..24);
        assert_eq!((several.text.as_str(), several.end_line), ("list = [\n  \"ä\",\n]", 4));
        assert_eq!(excerpt(text, 0..0).span, 0..1);
        assert_eq!(excerpt("", 0..0).span, 0..0);
        assert_eq!(Lines::of(text).position(text, 20), (3, 5));
    }

    #[test]
    fn an_excerpt_is_bounded() {
        let text = "\"\n".repeat(100);
        assert_eq!(excerpt(&text, 0..200).text.lines().count(), MAX_LINES);
        let long = "x".repeat(MAX_BYTES + 1);
        assert_eq!(Lines::of(&long).excerpt(&long, &(0..1)), None);
    }
}
