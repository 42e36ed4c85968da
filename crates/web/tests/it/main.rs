//! The whole server below the settings, over real sockets: real issuers, a real store, raw requests.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that panics has failed, as it should"
)]

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod availability;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod error_page;
#[cfg(test)]
mod faces;
#[cfg(test)]
mod foreign_headers;
#[cfg(test)]
mod forward_auth;
#[cfg(test)]
mod hostile_issuers;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod passes;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod records;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod request_syntax;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod signing_keys;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
