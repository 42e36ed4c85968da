//! JSON Web Tokens (RFC 7519) as compact JWS (RFC 7515 §7.1): read, verify, mint. Asymmetric algorithms only.

mod claims;
mod compact;
mod fault;
mod mint;
mod parse;
mod verify;

#[cfg(test)]
pub(crate) use compact::CompactJws;

pub use claims::{SpendKey, VerifiedClaims};
pub use fault::TokenFault;
pub use mint::{MintFault, SigningKey};
pub use parse::{MAX_TOKEN_BYTES, UnverifiedIdToken};
pub use verify::{Audience, Expectations, TokenType};
