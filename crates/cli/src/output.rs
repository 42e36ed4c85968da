//! Printing: the one place that writes to stdout and stderr. Colours go to terminals only.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use daypass_client::is_obeyed;
use serde_json::Value;

use crate::fault::CommandFault;

/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look.
pub(crate) const CARE: Style = AnsiColor::Yellow.on_default().bold();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Prints a line, or several, to stdout.
pub(crate) fn line(text: impl Display) -> Result<(), CommandFault> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(CommandFault::Output)
}

/// Prints a line of JSON to stdout.
pub(crate) fn json(value: &Value) -> Result<(), CommandFault> {
    line(json_text(value))
}

/// JSON on one line. Whatever a terminal would obey is escaped, which is the same JSON: much of it was written by strangers.
pub(crate) fn json_text(value: &Value) -> String {
    let mut text = value.to_string();
    // Outside of texts, JSON on one line has no such character. All of them have four hexadecimal digits.
    let obeyed: BTreeSet<char> = text.chars().filter(|character| is_obeyed(*character)).collect();
    for character in obeyed {
        text = text.replace(character, &format!("\\u{:04x}", u32::from(character)));
    }
    text
}

/// Prints bytes to stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), CommandFault> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(CommandFault::Output)
}

/// Prints a line to stderr, beside the data on stdout.
pub(crate) fn note(text: impl Display) {
    // There is nobody left to tell if stderr is gone.
    drop(writeln!(anstream::stderr().lock(), "{text}"));
}

/// Asks a person on stderr; the answer is typed behind it.
pub(crate) fn ask(text: impl Display) {
    let mut stderr = anstream::stderr().lock();
    drop(write!(stderr, "{text}").and_then(|()| stderr.flush()));
}

/// Tells a person at a terminal how far it is, on one line that each call writes anew.
pub(crate) fn progress(text: impl Display) {
    if stderr_is_terminal() {
        drop(write!(anstream::stderr().lock(), "\r{text}\u{1b}[K"));
    }
}

/// Tells why the command failed. A reader who has gone away needs no explanation, and a list of faults no heading.
pub(crate) fn fault(fault: &CommandFault) {
    if fault.is_list() {
        note(fault);
    } else if !fault.is_closed_pipe() {
        note(format_args!("{} {fault}", styled(BAD, "error:")));
    }
}

/// Text in a style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether a person reads stderr.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person types at stdin.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_a_stranger_wrote_and_the_terminal_does_not_get_it_raw() {
        let claim = "a\u{1b}[31m\n\u{7f}\u{9b}\u{202e}\u{2028}\u{61c}b\\u202e\"ä";
        let value = serde_json::json!({ claim: [claim] });
        let text = json_text(&value);
        assert!(!text.contains(is_obeyed), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert_eq!(json_text(&serde_json::json!("\u{202e}")), "\"\\u202e\"");
    }
}
