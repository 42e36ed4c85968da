//! Whether the store takes and gives: asked once for all who want to know at about the same time.

use std::sync::Arc;
use std::time::Duration;

use daypass_jose::Clock;
use daypass_store::{Store, StoreFault};
use tokio::sync::Mutex;

/// For how long the answer is kept. Anybody may ask, and each asking is a durable write that exchanges wait for.
pub const READINESS_KEPT: Duration = Duration::from_secs(1);

/// The last answer, and when it came, on the clock that never goes back.
#[derive(Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Duration, Result<(), StoreFault>)>>,
}

impl Readiness {
    /// Whether a write became durable, less than [`READINESS_KEPT`] ago.
    pub(crate) async fn ask(self: Arc<Self>, store: Store, clock: Arc<dyn Clock>) -> Result<(), StoreFault> {
        // On a task of its own: who hangs up leaves the answer to the next, who would ask anew otherwise.
        let asked = tokio::spawn(async move {
            let mut last = self.last.lock().await;
            if let Some((at, answer)) = &*last
                && clock.monotonic().saturating_sub(*at) < READINESS_KEPT
            {
                return answer.clone();
            }
            let answer = store.ping().await;
            *last = Some((clock.monotonic(), answer.clone()));
            answer
        });
        asked.await.unwrap_or_else(|fault| Err(StoreFault::Unavailable(fault.to_string())))
    }
}
