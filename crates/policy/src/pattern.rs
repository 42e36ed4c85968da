//! What a rule wants a claim to be: a text, one of several, an anchored glob, or a member of a list.

use std::fmt;

use daypass_jose::Json;

/// Characters of the longest glob.
pub const MAX_GLOB_CHARS: usize = 512;
/// Characters of all globs of the blocks that one request is tested against: those of a role, and, apart from them, those
/// of the blocks that deny to all.
pub const MAX_ROLE_GLOB_CHARS: usize = 16 * 1024;

/// A glob: `*` is one or more characters but `/`, `:` and control characters; `**` is zero or more but control
/// characters; every other character is itself. It is anchored at both ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    text: String,
    parts: Vec<Shape>,
}

/// One piece of what a text can be: of a glob, or of a text that a glob is to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// This character.
    Literal(char),
    /// One or more characters that stay in their segment.
    Star,
    /// Any characters, or none.
    DoubleStar,
}

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobFault {
    /// Three stars or more in a row.
    #[error("more than two `*` stand side by side")]
    Stars,
    /// A character that other languages of patterns give a meaning, and this one does not.
    #[error("`{0}` has no meaning in a glob: there are only `*` and `**`")]
    Meaningless(char),
    /// A control character.
    #[error("a glob holds no control characters")]
    Control,
    /// Nothing.
    #[error("a glob is not empty")]
    Empty,
    /// More than [`MAX_GLOB_CHARS`].
    #[error("a glob has at most {MAX_GLOB_CHARS} characters")]
    TooLong,
}

/// One value that a rule takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// This text, byte for byte.
    Exact(String),
    /// A text that the glob covers.
    Glob(Glob),
}

/// What a rule wants a claim to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// A scalar that is any of these.
    AnyOf(Vec<Wanted>),
    /// A list with a member that is this.
    Contains(Wanted),
}

/// Characters of all globs of these conditions together: what one request is tested against.
pub(crate) fn glob_chars<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> usize {
    let globs = patterns.flat_map(Pattern::wanted).filter_map(Wanted::as_glob);
    globs.map(|glob| glob.parts.len()).sum()
}

/// How a claim compares with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is what is wanted.
    Same,
    /// It is something else.
    Other,
    /// It has a type with which the pattern cannot be compared.
    WrongType,
}

impl Glob {
    /// Reads a glob.
    pub fn parse(text: &str) -> Result<Self, GlobFault> {
        if text.chars().count() > MAX_GLOB_CHARS {
            return Err(GlobFault::TooLong);
        }
        let mut parts = Vec::new();
        for character in text.chars() {
            match (character, parts.last()) {
                ('*', Some(Shape::DoubleStar)) => return Err(GlobFault::Stars),
                ('*', Some(Shape::Star)) => {
                    parts.pop();
                    parts.push(Shape::DoubleStar);
                }
                ('*', _) => parts.push(Shape::Star),
                ('?' | '[' | ']' | '{' | '}' | '|' | '\\' | '^' | '$', _) => {
                    return Err(GlobFault::Meaningless(character));
                }
                (control, _) if control.is_control() => return Err(GlobFault::Control),
                (literal, _) => parts.push(Shape::Literal(literal)),
            }
        }
        if parts.is_empty() { Err(GlobFault::Empty) } else { Ok(Self { text: text.to_owned(), parts }) }
    }

    /// Whether it covers the whole of `value`. Takes time in the product of both lengths at most.
    pub fn covers(&self, value: &str) -> bool {
        self.covers_shapes(value.chars().map(Shape::Literal))
    }

    /// Whether it covers every text of this shape. Where it says no, it may still do so: a star of the shape is covered by
    /// one star of the glob or not at all.
    pub(crate) fn covers_shapes(&self, shapes: impl IntoIterator<Item = Shape>) -> bool {
        // `reached[n]`: the first n parts have covered all of the value so far.
        let mut reached = vec![false; self.parts.len().saturating_add(1)];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        self.skip_double_stars(&mut reached);
        for shape in shapes {
            let mut next = vec![false; reached.len()];
            for (at, part) in self.parts.iter().enumerate() {
                let after = at.saturating_add(1);
                let stays = part.repeats() && is_set(&reached, after);
                if part.takes(shape) && (is_set(&reached, at) || stays) {
                    set(&mut next, after);
                }
            }
            self.skip_double_stars(&mut next);
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    /// A `**` may cover nothing.
    fn skip_double_stars(&self, reached: &mut [bool]) {
        for (at, part) in self.parts.iter().enumerate() {
            if *part == Shape::DoubleStar && is_set(reached, at) {
                set(reached, at.saturating_add(1));
            }
        }
    }

    /// A text that it covers, with this in the place of each star.
    pub(crate) fn sample(&self, filling: &str) -> String {
        self.sample_with(filling, filling)
    }

    /// The same, with something else in the place of the first star.
    pub(crate) fn sample_with(&self, first: &str, filling: &str) -> String {
        let mut text = String::new();
        let mut fillings = std::iter::once(first).chain(std::iter::repeat(filling));
        for part in &self.parts {
            match part {
                Shape::Literal(character) => text.push(*character),
                Shape::Star | Shape::DoubleStar => text.extend(fillings.next()),
            }
        }
        text
    }

    /// What it can cover, piece by piece.
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.parts
    }

    /// Whether it says nothing about the value: no character of it is fixed.
    pub fn is_vacuous(&self) -> bool {
        self.parts.iter().all(|part| !matches!(part, Shape::Literal(_)))
    }
}

fn is_set(reached: &[bool], at: usize) -> bool {
    reached.get(at).copied().unwrap_or(false)
}

fn set(reached: &mut [bool], at: usize) {
    if let Some(slot) = reached.get_mut(at) {
        *slot = true;
    }
}

impl Shape {
    fn takes(self, shape: Self) -> bool {
        match (self, shape) {
            (Self::Literal(literal), shape) => shape == Self::Literal(literal),
            (Self::Star, Self::Literal(character)) => {
                !matches!(character, '/' | ':') && !character.is_control()
            }
            (Self::DoubleStar, Self::Literal(character)) => !character.is_control(),
            (Self::Star | Self::DoubleStar, Self::Star) | (Self::DoubleStar, Self::DoubleStar) => true,
            (Self::Star, Self::DoubleStar) => false,
        }
    }

    fn repeats(self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Star | Self::DoubleStar => true,
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Wanted {
    /// Whether `value` is wanted.
    pub fn takes(&self, value: &str) -> bool {
        match self {
            Self::Exact(text) => text == value,
            Self::Glob(glob) => glob.covers(value),
        }
    }

    /// Whether everything of a shape is wanted: what `text` is written for, or what the glob covers for sure.
    pub(crate) fn takes_all(&self, text: &str, shapes: &[Shape]) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Glob(glob) => glob.covers_shapes(shapes.iter().copied()),
        }
    }

    /// The text, if only that one is wanted.
    pub fn as_exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            Self::Glob(_) => None,
        }
    }

    /// The glob, if one is wanted.
    pub(crate) fn as_glob(&self) -> Option<&Glob> {
        match self {
            Self::Exact(_) => None,
            Self::Glob(glob) => Some(glob),
        }
    }

    /// Whether everything that the other wants is wanted, for sure.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(text)) => self.takes(text),
            (Self::Exact(_), Self::Glob(_)) => false,
            (Self::Glob(wide), Self::Glob(narrow)) => wide.covers_shapes(narrow.shapes().iter().copied()),
        }
    }

    /// Whether every value is wanted.
    pub fn is_vacuous(&self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Glob(glob) => glob.is_vacuous(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Glob(glob) => f.write_str(&glob.text),
        }
    }
}

impl Pattern {
    /// Compares a claim that the token has. `as_text` gives a scalar's text where its type is the right one.
    pub fn compare<'v>(
        &self,
        value: &'v Json,
        as_text: impl FnOnce(&'v Json) -> Option<std::borrow::Cow<'v, str>>,
    ) -> Comparison {
        let is_taken = match (self, value) {
            (Self::Contains(wanted), Json::Array(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
                texts.map(|texts| texts.into_iter().any(|text| wanted.takes(text)))
            }
            (Self::Contains(_), _) => None,
            (Self::AnyOf(wanted), value) => {
                as_text(value).map(|text| wanted.iter().any(|one| one.takes(&text)))
            }
        };
        match is_taken {
            Some(true) => Comparison::Same,
            Some(false) => Comparison::Other,
            None => Comparison::WrongType,
        }
    }

    /// Everything that is wanted.
    pub fn wanted(&self) -> &[Wanted] {
        match self {
            Self::AnyOf(wanted) => wanted,
            Self::Contains(wanted) => std::slice::from_ref(wanted),
        }
    }

    /// Whether everything that the other wants is wanted, for sure.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AnyOf(wide), Self::AnyOf(narrow)) => {
                narrow.iter().all(|one| wide.iter().any(|wide| wide.covers(one)))
            }
            (Self::Contains(wide), Self::Contains(narrow)) => wide.covers(narrow),
            (Self::AnyOf(_), Self::Contains(_)) | (Self::Contains(_), Self::AnyOf(_)) => false,
        }
    }

    /// The only texts that are wanted; `None` where a glob or a list's member is.
    pub fn exact_texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::AnyOf(wanted) => wanted.iter().map(Wanted::as_exact).collect(),
            Self::Contains(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(glob: &str, value: &str) -> bool {
        Glob::parse(glob).unwrap().covers(value)
    }

    #[test]
    fn a_star_stays_in_its_segment_and_is_never_empty() {
        for value in ["refs/heads/release-1", "refs/heads/release-a.b_c-1"] {
            assert!(covers("refs/heads/release-*", value), "{value}");
        }
        for value in [
            "refs/heads/release-",
            "refs/heads/release-1/2",
            "refs/heads/release-a:b",
            "refs/heads/release-1\n",
            "refs/heads/release-\u{7f}",
            "xrefs/heads/release-1",
            "refs/heads/Release-1",
            "",
        ] {
            assert!(!covers("refs/heads/release-*", value), "{value:?}");
        }
    }

    #[test]
    fn a_double_star_crosses_segments_and_may_be_empty() {
        for value in ["live/", "live/a", "live/a/b:c"] {
            assert!(covers("live/**", value), "{value}");
        }
        for value in ["live", "xlive/a", "live/a\0", "live/a\n"] {
            assert!(!covers("live/**", value), "{value:?}");
        }
        assert!(covers("**/x", "a/b/x") && covers("**/x", "/x") && !covers("**/x", "x"));
        assert!(covers("a*b*c", "aXbYc") && !covers("a*b*c", "abc"));
    }

    #[test]
    fn other_languages_of_patterns_are_not_guessed() {
        for text in ["a|b", "^a$", "a?", "[ab]", "{a,b}", "a\\*", "***", "", "a\nb", &"a".repeat(513)] {
            assert!(Glob::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_glob_without_a_fixed_character_is_vacuous() {
        assert!(Glob::parse("**").unwrap().is_vacuous() && Glob::parse("*").unwrap().is_vacuous());
        assert!(!Glob::parse("a*").unwrap().is_vacuous());
    }

    #[test]
    fn a_glob_covers_a_narrower_one_and_no_wider_one() {
        let covers = |wide: &str, narrow: &str| {
            let narrow = Glob::parse(narrow).unwrap();
            Glob::parse(wide).unwrap().covers_shapes(narrow.shapes().iter().copied())
        };
        for (wide, narrow) in [
            ("**", "**"),
            ("**", "a/*"),
            ("team/**", "team/*/x"),
            ("a*", "a*"),
            ("a*", "ab*"),
            ("team/**", "team/**"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
            assert_eq!(covers(narrow, wide), wide == narrow, "{narrow} {wide}");
        }
        for (one, other) in
            [("*", "**"), ("team/*", "team/**"), ("ab", "a*"), ("a:*", "a*"), ("live/x/**", "live/**")]
        {
            assert!(!covers(one, other), "{one} {other}");
        }
    }

    #[test]
    fn many_stars_over_a_long_value_take_no_more_than_their_product() {
        let glob = "*a".repeat(100);
        assert!(!covers(&glob, &"a".repeat(10_000).replace("aaaa", "aaa:")));
    }

    /// The rule as it is written, without a thought for time.
    fn by_the_book(parts: &[Shape], value: &[char]) -> bool {
        match parts {
            [] => value.is_empty(),
            [Shape::Literal(literal), rest @ ..] => {
                value.first() == Some(literal) && by_the_book(rest, &value[1..])
            }
            [star, rest @ ..] => {
                let least = usize::from(*star == Shape::Star);
                (least..=value.len()).any(|taken| {
                    value[..taken].iter().all(|character| star.takes(Shape::Literal(*character)))
                        && by_the_book(rest, &value[taken..])
                })
            }
        }
    }

    proptest! {
        #[test]
        fn a_glob_covers_what_the_book_says(glob in "[ab/*]{1,8}", value in "[ab/:]{0,8}") {
            if let Ok(glob) = Glob::parse(&glob) {
                let characters: Vec<char> = value.chars().collect();
                prop_assert_eq!(glob.covers(&value), by_the_book(&glob.parts, &characters));
            }
        }
    }
}
