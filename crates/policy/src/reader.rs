//! Reading a TOML file that a person wrote: every fault with its place, all faults in one run, no unknown key.
//!
//! Policy files and the settings are read by this one reader. Whoever reads a [`Section`] asks it for every key that
//! may stand there and then calls [`Section::finish`], which reports the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use crate::duration::parse_duration;
use crate::finding::{Excerpt, Finding, Level, Lines, Lint, Suspect, did_you_mean};

/// A place in a file, in bytes.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// One file while it is read, and what was found wrong with it.
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    lines: Lines,
    findings: RefCell<Vec<Finding>>,
}

/// A table of a file.
pub struct Section<'a> {
    source: &'a Source<'a>,
    name: String,
    span: Span,
    table: &'a DeTable<'a>,
    asked: RefCell<BTreeSet<String>>,
}

/// A key with its value.
#[derive(Clone)]
pub struct Entry<'a> {
    source: &'a Source<'a>,
    /// The key.
    pub key: &'a str,
    /// Where the key stands.
    pub span: Span,
    value: &'a Spanned<DeValue<'a>>,
}

/// Reads a file and gives its faults. `read` is given the topmost section.
pub fn read<T>(file: &str, text: &str, read: impl FnOnce(&Section<'_>) -> T) -> (Option<T>, Vec<Finding>) {
    let (table, faults) = DeTable::parse_recoverable(text);
    let source = Source { file, text, lines: Lines::of(text), findings: RefCell::default() };
    for fault in &faults {
        source.error(fault.span().unwrap_or(0..0), first_line(fault.message()), None);
    }
    // What a broken file says below the fault cannot be told, and would only add faults that are none.
    let read = faults.is_empty().then(|| {
        let section = Section {
            source: &source,
            name: String::new(),
            span: 0..0,
            table: table.get_ref(),
            asked: RefCell::default(),
        };
        read(&section)
    });
    let mut findings = source.findings.into_inner();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    (read, findings)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or("").to_owned()
}

impl Source<'_> {
    /// Reports that the file cannot be taken.
    pub fn error(&self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.add(&span, None, Level::Deny, (message.into(), help));
    }

    /// Reports that the file breaks a lint.
    pub fn lint(&self, span: Span, lint: Lint, message: impl Into<String>, help: Option<String>) {
        self.add(&span, Some(lint), lint.level(), (message.into(), help));
    }

    /// Says which job the lint that was reported there is about.
    pub(crate) fn suspect(&self, span: &Span, lint: Lint, suspect: Suspect) {
        let at = self.position(span.start);
        let mut findings = self.findings.borrow_mut();
        let mut there = findings.iter_mut().rev();
        if let Some(finding) = there.find(|one| one.lint == Some(lint) && (one.line, one.column) == at) {
            finding.suspect = Some(suspect);
        }
    }

    fn add(&self, span: &Span, lint: Option<Lint>, level: Level, (message, help): (String, Option<String>)) {
        let at = self.position(span.start);
        self.findings.borrow_mut().push(Finding {
            file: self.file.to_owned(),
            line: at.0,
            column: at.1,
            level,
            lint,
            message,
            help,
            excerpt: self.excerpt(span),
            counter_example: None,
            suspect: None,
        });
    }

    /// The text of a place, as it is written.
    pub fn text(&self, span: Span) -> Option<&str> {
        self.text.get(span)
    }

    /// Line and column of a place.
    pub fn position(&self, at: usize) -> (usize, usize) {
        self.lines.position(self.text, at)
    }

    /// The lines of a place.
    pub(crate) fn excerpt(&self, span: &Span) -> Option<Excerpt> {
        self.lines.excerpt(self.text, span)
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        self.file
    }
}

impl<'a> Section<'a> {
    /// The file.
    pub fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// Where the section begins.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Its dotted name; empty for the topmost.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reports a fault of the section as a whole.
    pub fn error(&self, message: impl Into<String>, help: Option<String>) {
        self.source.error(self.span(), message, help);
    }

    /// The entry of this key.
    pub fn entry(&self, key: &str) -> Option<Entry<'a>> {
        self.asked.borrow_mut().insert(key.to_owned());
        let (key, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(Entry { source: self.source, key: key.get_ref(), span: key.span(), value })
    }

    /// Every entry that nothing has asked for yet, in the order of the file. They count as asked for.
    pub fn rest(&self) -> Vec<Entry<'a>> {
        let mut asked = self.asked.borrow_mut();
        let mut rest: Vec<Entry<'a>> = self
            .table
            .iter()
            .filter(|(name, _)| !asked.contains(name.get_ref().as_ref()))
            .map(|(key, value)| Entry { source: self.source, key: key.get_ref(), span: key.span(), value })
            .collect();
        asked.extend(rest.iter().map(|entry| entry.key.to_owned()));
        rest.sort_by_key(|entry| entry.span.start);
        rest
    }

    /// Every key that has been asked for, and where its value stands if it is there.
    pub fn asked(&self) -> Vec<(String, Option<Span>)> {
        let value_of = |key: &str| self.table.iter().find(|(name, _)| name.get_ref() == key);
        let asked = self.asked.borrow();
        asked.iter().map(|key| (key.clone(), value_of(key).map(|(_, value)| value.span()))).collect()
    }

    /// The text of this key.
    pub fn text(&self, key: &str) -> Option<Located<String>> {
        self.entry(key)?.text()
    }

    /// The text of a key that must be there.
    pub fn required_text(&self, key: &str) -> Option<Located<String>> {
        let entry = self.entry(key);
        if entry.is_none() {
            self.error(format!("{} lacks `{key}`", self.shown_name()), None);
        }
        entry?.text()
    }

    /// The list of texts of this key.
    pub fn texts(&self, key: &str) -> Option<Vec<Located<String>>> {
        self.entry(key)?.texts()
    }

    /// Where each text of a key stands, however deep in it.
    pub(crate) fn texts_of(&self, key: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        let value = self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value);
        let mut left: Vec<&Spanned<DeValue<'_>>> = value.into_iter().collect();
        while let Some(value) = left.pop() {
            match value.get_ref() {
                DeValue::String(_) => spans.push(value.span()),
                DeValue::Array(items) => left.extend(items.iter()),
                DeValue::Table(table) => left.extend(table.iter().map(|(_, value)| value)),
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
            }
        }
        spans
    }

    /// The boolean of this key.
    pub fn boolean(&self, key: &str) -> Option<Located<bool>> {
        self.entry(key)?.boolean()
    }

    /// The whole number of this key.
    pub fn integer(&self, key: &str) -> Option<Located<i64>> {
        self.entry(key)?.integer()
    }

    /// The number of this key, with a fraction or without.
    pub fn number(&self, key: &str) -> Option<Located<f64>> {
        self.entry(key)?.number()
    }

    /// The duration of this key, in seconds.
    pub fn duration(&self, key: &str) -> Option<Located<i64>> {
        let Located { value, span } = self.text(key)?;
        match parse_duration(&value) {
            Ok(value) => Some(Located { value, span }),
            Err(fault) => {
                self.source.error(span, format!("`{key}` is {fault}"), None);
                None
            }
        }
    }

    /// The table of this key.
    pub fn section(&self, key: &str) -> Option<Self> {
        self.of_entry(&self.entry(key)?)
    }

    /// The tables of this key, which is an array of tables.
    pub fn sections(&self, key: &str) -> Vec<Self> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let items = entry.items("an array of tables, written `[[…]]`").unwrap_or_default();
        items.iter().filter_map(|item| self.of_entry(item)).collect()
    }

    /// The table of an entry of this section.
    pub fn of_entry(&self, entry: &Entry<'a>) -> Option<Self> {
        let Some(table) = entry.value().as_table() else { return entry.refuse("a table") };
        let name =
            if self.name.is_empty() { entry.key.to_owned() } else { format!("{}.{}", self.name, entry.key) };
        Some(Self { source: self.source, name, span: entry.value_span(), table, asked: RefCell::default() })
    }

    /// Reports every key that nothing has asked for.
    pub fn finish(&self) {
        let known = self.asked.borrow().clone();
        for entry in self.rest() {
            let help = did_you_mean(entry.key, known.iter().map(String::as_str))
                .map(|known| format!("did you mean `{known}`?"));
            self.source.error(
                entry.span.clone(),
                format!("{} has no key `{}`", self.shown_name(), entry.key),
                help,
            );
        }
    }

    fn shown_name(&self) -> String {
        if self.name.is_empty() { "the file".to_owned() } else { format!("`{}`", self.name) }
    }
}

impl<'a> Entry<'a> {
    /// The file.
    pub fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// Where the value stands.
    pub fn value_span(&self) -> Span {
        self.value.span()
    }

    /// The value as TOML.
    pub fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// The value, which must be a text.
    pub fn text(&self) -> Option<Located<String>> {
        match self.value().as_str() {
            Some(text) => Some(Located { value: text.to_owned(), span: self.value_span() }),
            None => self.refuse("a text"),
        }
    }

    /// The value, which must be a list of texts.
    pub fn texts(&self) -> Option<Vec<Located<String>>> {
        let texts: Vec<_> = self.items("a list of texts")?.iter().map(Self::text).collect();
        texts.into_iter().collect()
    }

    /// The value, which must be `true` or `false`.
    pub fn boolean(&self) -> Option<Located<bool>> {
        match self.value().as_bool() {
            Some(value) => Some(Located { value, span: self.value_span() }),
            None => self.refuse("`true` or `false`"),
        }
    }

    /// The value, which must be a whole number.
    pub fn integer(&self) -> Option<Located<i64>> {
        let number = self.value().as_integer();
        match number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok()) {
            Some(value) => Some(Located { value, span: self.value_span() }),
            None => self.refuse("a whole number below 2^63"),
        }
    }

    /// The value, which must be a number.
    pub fn number(&self) -> Option<Located<f64>> {
        let value = self.value();
        let text =
            value.as_float().map(DeFloat::as_str).or_else(|| value.as_integer().map(DeInteger::as_str));
        match text.and_then(|text| text.parse().ok()) {
            Some(value) => Some(Located { value, span: self.value_span() }),
            None => self.refuse("a number"),
        }
    }

    /// The items of the value, which must be a list of whatever `wanted` says.
    pub fn items(&self, wanted: &str) -> Option<Vec<Self>> {
        match self.value().as_array() {
            Some(array) => Some(array.iter().map(|value| Self { value, ..self.clone() }).collect()),
            None => self.refuse(wanted),
        }
    }

    /// The key and the value of the only pair of the value, which must be a table of one.
    pub fn only_pair(&self) -> Option<Self> {
        let mut pairs = self.value().as_table()?.iter();
        let (key, value) = pairs.next().filter(|_| pairs.next().is_none())?;
        Some(Self { source: self.source, key: key.get_ref(), span: key.span(), value })
    }

    /// Reports that the value has another type than is wanted.
    pub fn refuse<T>(&self, wanted: &str) -> Option<T> {
        let found = self.value();
        let help = (wanted.starts_with("a text")
            && (found.is_integer() || found.is_float() || found.is_bool()))
        .then(|| "write it between quotation marks".to_owned());
        let message = format!("`{}` must be {wanted}, not {}", self.key, kind(found));
        self.source.error(self.value_span(), message, help);
        None
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let (_, findings) = read("a.toml", text, |top| {
            top.text("name");
            top.duration("ttl");
            for section in top.sections("issuers") {
                section.required_text("url");
                section.texts("audiences");
                section.boolean("shared");
                section.integer("limit");
                section.finish();
            }
            top.finish();
        });
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_has_no_faults() {
        let text = "name = 'x'\nttl = '15m'\n[[issuers]]\nurl = 'u'\naudiences = ['a']\nshared = true\nlimit = 600\n";
        assert_eq!(faults(text), Vec::<String>::new());
    }

    #[test]
    fn all_faults_are_listed_with_their_places() {
        let text = "nmae = 'x'\nttl = '15'\n[[issuers]]\naudiences = 'a'\nshared = 'yes'\nlimit = 1.5\n";
        insta::assert_snapshot!(faults(text).join("\n"), @"
        a.toml:1:1: error: the file has no key `nmae`
          help: did you mean `name`?
        a.toml:2:7: error: `ttl` is not a duration: write a number and a unit, as `90s`, `15m`, `1h` or `2d`
        a.toml:3:1: error: `issuers` lacks `url`
        a.toml:4:13: error: `audiences` must be a list of texts, not a text
        a.toml:5:10: error: `shared` must be `true` or `false`, not a text
        a.toml:6:9: error: `limit` must be a whole number below 2^63, not a number with a fraction
        ");
    }

    #[test]
    fn what_was_asked_for_is_told_with_its_place() {
        let (asked, _) = read("a.toml", "b = 'x'\na = 'y'\n", |top| {
            assert!(top.text("c").is_none() && top.text("b").is_some());
            top.asked()
        });
        assert_eq!(asked.unwrap(), [("b".to_owned(), Some(4..7)), ("c".to_owned(), None)]);
    }

    #[test]
    fn a_file_that_is_no_toml_has_that_fault_alone() {
        assert_eq!(faults("name = \n[x\n").iter().filter(|fault| fault.contains("no key")).count(), 0);
        assert!(!faults("name = \n").is_empty());
        assert!(!faults("name = 'a'\nname = 'b'\n").is_empty());
    }
}
