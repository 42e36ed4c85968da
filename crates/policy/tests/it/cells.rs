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

/// A page of the documentation is what was made. Where it is not, what was made is kept beside the tests.
pub(crate) fn same(name: &str, made: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let is_same = fs::read_to_string(&page).is_ok_and(|page| page == made);
    if !is_same {
        fs::write(&kept, made).unwrap();
    }
    assert!(is_same, "docs/{name} is another: look at it, and copy {}", kept.display());
}
