//! Works a real daypass server from outside: an issuer, a load, a server process and what it used.
//!
//! The benchmark is made of these, and so are the tests that kill servers under load and that rotate keys under it.

pub mod bare;
pub mod clock;
pub mod connection;
pub mod issuer;
pub mod load;
pub mod populate;
pub mod server;
pub mod stream;
pub mod verifier;

/// One line on stderr.
#[expect(clippy::print_stderr, reason = "this instrument's one way to speak beside its report")]
pub fn say(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}

/// One line on stdout, at once.
///
/// # Errors
/// Nobody reads it.
pub fn tell(line: impl std::fmt::Display) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout().lock(), "{line}")
}
