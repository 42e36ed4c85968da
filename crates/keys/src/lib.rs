//! The key sets of registered issuers: discovery, cache, cooldowns.
//!
//! An issuer that is not registered costs no network: only [`IssuerKeySettings`] name where requests go.

mod discovery;
mod fault;
mod flight;
mod freshness;
mod issuer_keys;
mod look;
mod prefetch;
mod remote;
mod seen;
mod settings;
mod snapshot;

pub use discovery::{FETCH_DEADLINE, MAX_DOCUMENT_BYTES};
pub use fault::{FetchKeysFault, KeyFault, KeySetRefused};
pub use freshness::{DEFAULT_TTL, MAX_TTL, MIN_TTL};
pub use issuer_keys::{FIXED_RETRY_SECONDS, IssuerKeyState, IssuerKeys};
pub use look::{IssuerLook, LookFault, look};
pub use prefetch::{PREFETCH_CONCURRENCY, PREFETCH_INTERVAL, PREFETCH_MARGIN};
pub use remote::{FIRST_FETCH_COOLDOWN, MAX_WAITERS, REFETCH_INTERVAL, Waited};
pub use seen::SeenAnswer;
pub use settings::{IssuerKeySettings, KeySource, check_key_set};
pub use snapshot::MAX_STALENESS;
