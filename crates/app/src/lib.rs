//! The use cases of the server: exchange a token, verify a pass, keep keys and policy. No HTTP types.
//!
//! Every face calls [`exchange::exchange`]; nothing else mints.

pub mod audit;
pub mod audit_stream;
pub mod config;
pub mod credential;
pub mod exchange;
mod issue;
pub mod jobs;
pub mod metrics;
pub mod pass;
pub mod policy_source;
pub mod projects;
mod readiness;
mod record;
pub mod refusal;
pub mod request;
pub mod revocation;
mod sampling;
pub mod seal;
mod service;
pub mod signing_keys;
mod start_fault;

pub use config::Config;
pub use readiness::READINESS_KEPT;
pub use refusal::{Code, Refusal};
pub use service::{App, EXCHANGE_WAIT, MAX_EXCHANGES, Parts};
pub use start_fault::StartFault;
