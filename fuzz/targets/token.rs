//! See `bodies.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| daypass_fuzz::token(input));
