//! Pages of the documentation that tests make.

use std::fs;
use std::path::Path;

/// A text as code in a table's cell, whatever stands in it.
pub(crate) fn code(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        match character {
            '|' => shown.push_str("\\|"),
            '\u{301}' | '\u{200b}' | '\u{202e}' => shown.extend(character.escape_unicode()),
            _ if character.is_control() => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    let is_bare = shown.is_empty() || shown.starts_with(' ') || shown.ends_with(' ');
    if is_bare { format!("`\"{shown}\"`") } else { format!("`{shown}`") }
}

/// A page of the documentation is what was made.
#[expect(clippy::disallowed_methods, reason = "a switch of the developer, not of the product")]
pub(crate) fn same(name: &str, made: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var("UPDATE_DOCS").is_ok() {
        fs::write(&page, made).unwrap();
    }
    let is_same = fs::read_to_string(&page).is_ok_and(|page| page == made);
    assert!(
        is_same,
        "docs/{name} is another; make it anew: UPDATE_DOCS=1 cargo nextest run -p daypass-policy"
    );
}
