//! Inside a CI job: find the identity token and exchange it.
//!
//! The environment is an argument. The token goes to the CI system's own endpoint and to the one server that the user
//! named, never over plain HTTP to another machine, and to nobody's redirect.

mod answer;
mod call;
mod exchange;
mod fault;
mod identity;
mod one_change;
mod pause;
mod printable;
mod provider;
mod refusal;
mod server_url;
mod token_request;

pub use answer::{ApiCredential, ApiTerms, ExchangeAnswer, Outcome};
pub use exchange::{ExchangeRequest, exchange};
pub use fault::ClientFault;
pub use identity::{Identity, TOKEN_VARIABLE_SETTING, find_identity_token};
pub use printable::{is_obeyed, printable};
pub use provider::{CiProvider, PROVIDERS, detect};
pub use refusal::{Difference, Refusal};
pub use server_url::{AUDIENCE_SETTING, ServerUrl, audience};
