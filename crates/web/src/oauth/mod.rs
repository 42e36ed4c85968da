//! The OAuth face: tokens exchanged as RFC 8693 and RFC 7523 write it, asked about (RFC 7662) and revoked (RFC 7009).

pub(crate) mod answer;
mod error;
mod form;
pub(crate) mod grant;
pub(crate) mod introspect;
pub(crate) mod revoke;
pub(crate) mod token;
