//! The one place of this crate that waits.

use std::time::Duration;

/// Waits before the next attempt. Whoever calls this counts the attempts, and has a deadline over all of them.
#[expect(
    clippy::disallowed_methods,
    reason = "a client inside a job has no job runner; it waits between attempts here"
)]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
