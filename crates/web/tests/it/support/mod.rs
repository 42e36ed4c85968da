//! What the tests are made with.

pub(crate) mod app;
pub(crate) mod clock;
pub(crate) mod documented;
pub(crate) mod http;
pub(crate) mod issuer;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod reply;
pub(crate) mod schema;
pub(crate) mod tls;
