//! What a caller asks for, and what it is answered, below every protocol.

use daypass_jose::Secret;
use daypass_jose::ids::{ExchangeId, RequestId};
use daypass_policy::PROJECT_ROLE;
use daypass_traces::Trace;

use crate::credential::{Pass, Terms};
use crate::refusal::Refusal;

/// One request for credentials.
pub struct Request {
    /// The identity token, as it came.
    pub token: Secret,
    /// What is asked for.
    pub asked: Asked,
    /// Where the request came from.
    pub origin: Origin,
}

/// What a caller asks for. Everything but the role can only narrow what the role grants.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The role; [`PROJECT_ROLE`] where none is named.
    pub role: Option<String>,
    /// Kinds of credential; all that the role grants where none is named.
    pub credentials: Vec<String>,
    /// The audience or resource of the credential.
    pub audience: Option<String>,
    /// Scopes.
    pub scopes: Option<Vec<String>>,
    /// For how long the credential shall be valid, in seconds.
    pub ttl_seconds: Option<i64>,
    /// Decide and explain, but spend and mint nothing.
    pub dry_run: bool,
}

impl Asked {
    /// The role that is asked for.
    pub fn role(&self) -> &str {
        self.role.as_deref().unwrap_or(PROJECT_ROLE)
    }
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The face that took it.
    pub face: &'static str,
    /// Address of the peer.
    pub source: String,
    /// The HTTP request.
    pub request_id: RequestId,
    /// Where spans of this request begin, if it is traced.
    pub trace: Trace,
}

/// A yes.
pub struct Issued {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// The role that was taken.
    pub role: String,
    /// What came out.
    pub outcome: Outcome,
}

/// What a yes gives.
pub enum Outcome {
    /// A pass, its record durable.
    Pass(Pass),
    /// Nothing, as asked: what a pass would hold.
    DryRun(Terms),
}

/// A no, and the exchange under which the operator finds it.
pub struct Refused {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Why.
    pub refusal: Refusal,
}
