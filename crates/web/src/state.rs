//! What every handler can reach.

use std::sync::Arc;

use daypass_app::App;
use daypass_app::request::Origin;
use daypass_jose::ids::RequestId;

use crate::failures::Failures;
use crate::peer::Peer;

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
}

impl Web {
    /// Puts the HTTP side around the use cases.
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        Self { app, failures: Failures::new(limits.failures_per_minute_per_source) }
    }
}

/// Where one request came from, as the layers established it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) peer: Peer,
    pub(crate) request_id: RequestId,
}

impl Context {
    pub(crate) fn origin(self, face: &'static str) -> Origin {
        Origin { face, source: self.peer.0.to_string(), request_id: self.request_id }
    }
}
