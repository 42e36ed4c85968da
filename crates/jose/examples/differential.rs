//! Shows mutated tokens to this crate and to `jsonwebtoken`: `differential COUNT SEED`. Prints one line of JSON with what
//! both said; ends with 1 if a token was taken here alone without a listed reason.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "it is the long form of a test, and its modules are those of the test"
)]

#[path = "../tests/it/differential/mod.rs"]
mod differential;
#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).map_while(|argument| argument.parse().ok()).collect();
    let &[count, seed] = numbers.as_slice() else {
        println!("usage: differential COUNT SEED");
        return ExitCode::from(2);
    };
    let report = differential::Report::of(usize::try_from(count).unwrap(), seed);
    println!("{report}");
    ExitCode::from(u8::from(!report.unlisted.is_empty() || !report.stale_reasons().is_empty()))
}
