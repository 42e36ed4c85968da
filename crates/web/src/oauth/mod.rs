//! The OAuth face: token exchange as RFC 8693 writes it.

pub(crate) mod answer;
mod error;
mod form;
pub(crate) mod token;
