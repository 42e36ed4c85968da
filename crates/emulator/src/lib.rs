//! A CI identity provider for laptops and tests: GitHub Actions and GitLab CI on `127.0.0.1`, with their real contracts.
//!
//! A job on a laptop finds the variables, files and endpoints that it would find in CI, and gets tokens whose
//! claims have the names, types and lifetimes of the real ones. Every token carries `daypass_emulated: true`, which a
//! server refuses unless it is reachable from its own machine only.

mod checkout;
mod claim_override;
mod config;
mod fault;
pub mod github;
pub mod gitlab;
mod identity;
mod job;
mod keys;
mod server;
mod shared;
mod signer;
mod state_file;
mod token_endpoint;

pub use checkout::Checkout;
pub use claim_override::ClaimOverride;
pub use config::{EmulatorConfig, Provider};
pub use fault::{EmulatorFault, MAX_JOBS};
pub use github::GithubJob;
pub use gitlab::GitlabJob;
pub use identity::stable_id;
pub use job::RunningJob;
pub use server::{Emulator, Running};
