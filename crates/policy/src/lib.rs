//! Provider profiles, workloads, trust policy and the decision.
