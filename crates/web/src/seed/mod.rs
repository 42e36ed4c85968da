//! The seed face: an API's own sign-in, made so that three lines of shell are enough.

pub(crate) mod auth_jwt;
pub(crate) mod config;
