//! The key sets of registered issuers: discovery, cache, cooldowns.
