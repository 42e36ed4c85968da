//! Printing: the one place that writes to stdout and stderr. Colours go to terminals only.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

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
