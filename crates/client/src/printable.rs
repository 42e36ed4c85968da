//! Text of a server, made fit for the log of a CI job.

/// Longer texts are cut.
const MAX_CHARACTERS: usize = 400;

/// The text on one line, without anything that a terminal or a CI runner would obey.
///
/// Control characters and line breaks of every kind become `�`, so that no line of the log can begin with a workflow
/// command (`::add-mask::`); `##[`, which GitHub's runner obeys anywhere in a line, is taken apart.
pub fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_CHARACTERS).map(harmless).collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown.replace("##[", "# #[")
}

/// Whether a terminal does something else with it than showing it: a control character, a line break, or one that turns the
/// direction in which a text is shown.
pub fn is_obeyed(character: char) -> bool {
    let is_bidirectional = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_break = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || is_bidirectional || is_break
}

fn harmless(character: char) -> char {
    if is_obeyed(character) { '\u{fffd}' } else { character }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_servers_text_cannot_command_the_runner_or_the_terminal() {
        for (text, shown) in [
            ("plain text", "plain text"),
            ("a\n::add-mask::b", "a\u{fffd}::add-mask::b"),
            ("a\r\nb\u{2028}c", "a\u{fffd}\u{fffd}b\u{fffd}c"),
            ("\u{1b}[31mred", "\u{fffd}[31mred"),
            ("##[error]x ##[group]", "# #[error]x # #[group]"),
            ("\u{202e}reversed", "\u{fffd}reversed"),
            ("\u{61c}1\u{2067}2\u{9b}3", "\u{fffd}1\u{fffd}2\u{fffd}3"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(printable(&"ä".repeat(400)), "ä".repeat(400));
        assert_eq!(printable(&"ä".repeat(401)), format!("{}…", "ä".repeat(400)));
    }
}
