//! What every handler can reach.

use std::sync::Arc;

use daypass_app::App;
use daypass_app::request::Origin;
use daypass_jose::ids::RequestId;
use daypass_traces::Trace;

use crate::failures::Failures;
use crate::proxies::TrustedProxies;
use crate::source::Source;

/// Limits that the settings set.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Refused requests a minute and source that are answered in full; 0 is no limit.
    pub failures_per_minute_per_source: u32,
}

/// The server with its HTTP side.
pub struct Web {
    pub(crate) app: Arc<App>,
    pub(crate) failures: Failures,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) is_strict_transport: bool,
}

impl Web {
    /// Puts the HTTP side around the use cases.
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        Self {
            app,
            failures: Failures::new(limits.failures_per_minute_per_source),
            trusted_proxies: TrustedProxies::default(),
            is_strict_transport: false,
        }
    }

    /// Takes the word of these proxies on where a request comes from.
    #[must_use]
    pub fn behind(self, trusted_proxies: TrustedProxies) -> Self {
        Self { trusted_proxies, ..self }
    }

    /// Tells browsers to come by TLS alone (RFC 6797). For servers that speak it themselves: another may not want that.
    #[must_use]
    pub fn with_strict_transport(self) -> Self {
        Self { is_strict_transport: true, ..self }
    }
}

/// Where one request came from, as the layers established it.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) source: Source,
    pub(crate) request_id: RequestId,
    pub(crate) trace: Trace,
}

impl Context {
    pub(crate) fn origin(self, face: &'static str) -> Origin {
        let Self { source, request_id, trace } = self;
        Origin { face, source: source.to_string(), request_id, trace }
    }
}
