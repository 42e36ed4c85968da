//! What the verifier takes and what it refuses, as tables.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that overflows or cuts a character in two fails, as it should"
)]

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod base64;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod fault_texts;
#[cfg(test)]
mod header;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod json;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod minting;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod one_parse;
#[cfg(test)]
mod serialisation;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod support;
#[cfg(test)]
mod times;
