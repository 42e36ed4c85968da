//! What every handler can reach.

use std::sync::Arc;

use daypass_app::request::{Issued, Origin, Request};
use daypass_app::{App, Code, Refusal};
use daypass_jose::ids::{ExchangeId, RequestId};
use tokio::sync::Semaphore;

use crate::failures::Failures;
use crate::peer::Peer;

/// Exchanges that are worked on at once; more wait, and after [`EXCHANGE_WAIT`] are told to come back.
pub(crate) const MAX_EXCHANGES: usize = 512;
/// How long an exchange waits for its turn.
pub(crate) const EXCHANGE_WAIT: std::time::Duration = std::time::Duration::from_secs(2);

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
    pub(crate) exchanges: Semaphore,
}

impl Web {
    /// Puts the HTTP side around the use cases.
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        Self {
            app,
            failures: Failures::new(limits.failures_per_minute_per_source),
            exchanges: Semaphore::new(MAX_EXCHANGES),
        }
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

/// A no of any face; there is no exchange where the server never came to look at the token.
pub(crate) struct FaceRefusal {
    pub(crate) exchange_id: Option<ExchangeId>,
    pub(crate) refusal: Refusal,
}

/// Runs one exchange when its turn comes.
pub(crate) async fn exchange(web: &Web, request: &Request) -> Result<Issued, FaceRefusal> {
    let turn = tokio::time::timeout(EXCHANGE_WAIT, web.exchanges.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(FaceRefusal { exchange_id: None, refusal: Refusal::new(Code::Overloaded) });
    };
    daypass_app::exchange::exchange(&web.app, request)
        .await
        .map_err(|refused| FaceRefusal { exchange_id: Some(refused.exchange_id), refusal: refused.refusal })
}
