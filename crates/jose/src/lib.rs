//! Strict JSON Web Tokens and keys: parse, verify, mint; and the small types that every crate shares.
//!
//! Pure: no I/O, no clock, no source of randomness of its own. `now` and `rng` are arguments.

pub mod algorithm;
pub mod base64url;
pub mod digest;
pub mod ids;
pub mod issuer;
pub mod json;
pub mod jwk;
pub mod jwt;
pub mod random;
pub mod secret;
pub mod time;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use issuer::IssuerUrl;
pub use json::{Json, Object};
pub use random::Random;
pub use secret::Secret;
pub use time::{Clock, Timestamp};
