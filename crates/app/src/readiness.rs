//! Whether the store takes and gives: asked once for all who want to know at about the same time.

use std::sync::Arc;
use std::time::Duration;

use daypass_store::StoreFault;

use crate::service::App;

/// For how long the answer is kept. Anybody may ask, and each asking is a durable write that exchanges wait for.
pub const READINESS_KEPT: Duration = Duration::from_secs(1);

/// The last answer, and when it came, on the clock that never goes back.
pub(crate) type LastAnswer = Option<(Duration, Result<(), StoreFault>)>;

impl App {
    /// Whether a write to the store became durable, less than [`READINESS_KEPT`] ago.
    ///
    /// # Errors
    /// What the store said.
    pub async fn store_answers(self: &Arc<Self>) -> Result<(), StoreFault> {
        let app = Arc::clone(self);
        // On a task of its own: who hangs up leaves the answer to the next, who would ask anew otherwise.
        let asked = tokio::spawn(async move {
            let mut last = app.readiness.lock().await;
            if let Some((at, answer)) = &*last
                && app.monotonic().saturating_sub(*at) < READINESS_KEPT
            {
                return answer.clone();
            }
            let answer = app.store().ping().await;
            *last = Some((app.monotonic(), answer.clone()));
            answer
        });
        asked.await.unwrap_or_else(|fault| Err(StoreFault::Unavailable(fault.to_string())))
    }
}
