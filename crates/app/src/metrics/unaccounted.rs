//! Claims that no profile knows: a CI system says something new, and nobody here has thought about it yet.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{Error, IntCounterVec, Opts, Registry};

use super::{count, registered};

/// Names that are told apart; their number is the issuer's to choose.
const MAX_NAMES: usize = 64;
/// Bytes of a name that is told.
const MAX_NAME_BYTES: usize = 64;
/// The name of all others.
const OTHERS: &str = "(other)";

pub(super) struct UnaccountedClaims {
    counters: IntCounterVec,
    names: Mutex<BTreeSet<String>>,
}

impl UnaccountedClaims {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let opts = Opts::new(
            "daypass_unaccounted_claims_total",
            "Verified tokens with a claim that the profile of their issuer does not know, by the name of the claim.",
        );
        let counters = registered(registry, IntCounterVec::new(opts, &["issuer", "claim"])?)?;
        Ok(Self { counters, names: Mutex::default() })
    }

    pub(super) fn count(&self, issuer: &str, claim: &str) {
        let claim = if self.is_told(claim) { claim } else { OTHERS };
        count(&self.counters, &[issuer, claim]);
    }

    fn is_told(&self, claim: &str) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.contains(claim) {
            return true;
        }
        let is_new =
            names.len() < MAX_NAMES && claim.len() <= MAX_NAME_BYTES && !claim.contains(char::is_control);
        is_new && names.insert(claim.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_names_are_told_apart_and_the_rest_are_one() {
        let registry = Registry::new();
        let claims = UnaccountedClaims::new(&registry).unwrap();
        for number in 0..MAX_NAMES + 10 {
            claims.count("ci", &format!("claim-{number}"));
        }
        claims.count("ci", "claim-0");
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        claims.count("ci", &long);
        let family = registry.gather().remove(0);
        assert_eq!(family.get_metric().len(), MAX_NAMES + 1);
        let value = |name: &str| claims.counters.with_label_values(&["ci", name]).get();
        assert_eq!((value("claim-0"), value("claim-63"), value(OTHERS)), (2, 1, 11));
    }
}
