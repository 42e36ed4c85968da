//! Provider profiles, workloads, trust policy and the decision. Pure: no I/O, no clock, no randomness.

mod duration;
mod finding;
pub mod reader;

pub use duration::{DurationFault, parse_duration, show_duration};
pub use finding::{Finding, Level, Lint, did_you_mean};
