//! The use cases: exchange, passes, signing keys, onboarding; no HTTP types.
