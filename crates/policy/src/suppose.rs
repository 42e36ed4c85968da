//! What if: a decision about claims that nobody has proved, which is proof of nothing.

use daypass_jose::Object;

use crate::decide::{Ask, Decision, decide};
use crate::issuer::RegisteredIssuer;
use crate::policy::Policy;
use crate::trace::Trace;
use crate::workload::{Workload, WorkloadFault};

/// A workload that is only supposed to be. No credential comes of it: what is decided about it is told as a trace, and the
/// workload itself never leaves this crate.
#[derive(Debug)]
pub struct Supposition(Workload);

impl Supposition {
    /// A job of the issuer with these claims.
    pub fn new(claims: Object, issuer: &RegisteredIssuer) -> Result<Self, WorkloadFault> {
        Workload::supposed(claims, issuer).map(Self)
    }

    /// How the policy would decide; [`Trace::reason`] is `None` where it would say yes.
    pub fn decide(&self, ask: &Ask<'_>, policy: &Policy) -> Trace {
        let decision: Decision = decide(&self.0, ask, policy);
        decision.trace().clone()
    }

    /// The workload, for what is told of it inside this crate.
    pub(crate) fn workload(&self) -> &Workload {
        &self.0
    }
}
