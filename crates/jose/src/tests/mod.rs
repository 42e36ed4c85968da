//! Tests below the public face: signed texts that are no tokens, and bare signatures.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that overflows or cuts a character in two fails, as it should"
)]

mod wycheproof;
