//! Where spans go, and how many.

use daypass_fetch::Endpoint;

use crate::headers::SecretHeaders;

/// What is traced where every request is.
pub const ALL_PER_MILLION: u32 = 1_000_000;

/// Where spans go, and of how many requests.
pub struct TraceSettings {
    /// The URL to which they are posted.
    pub url: String,
    /// How it may be reached.
    pub endpoint: Endpoint,
    /// What the collector wants to see, a token say.
    pub headers: SecretHeaders,
    /// Of how many requests in a million there are spans, by chance.
    pub sampled_per_million: u32,
    /// How this server is called among others.
    pub service_name: String,
}
