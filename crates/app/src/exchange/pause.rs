//! The time that a stranger is answered in: it tells nothing of what was asked for.
//!
//! Deciding about a role that is there takes longer than about one that is not, and so does recording why. All of that happens
//! within a pause that begins before it and has one length.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Sleep;

use crate::refusal::Refusal;

/// How long after the moment at which deciding begins a stranger is answered. It must be longer than deciding about the largest role
/// and recording it takes, or the time of an answer tells whether a role is there.
const STRANGERS_WAIT: Duration = Duration::from_millis(25);

/// The pause, once it has begun.
#[derive(Default)]
pub(super) struct Evenly(Option<Pin<Box<Sleep>>>);

impl Evenly {
    /// Begins it. Its end is settled from here on, whatever is done meanwhile.
    #[expect(clippy::disallowed_methods, reason = "how long deciding took must not be seen from outside")]
    pub(super) fn begin(&mut self) {
        self.0 = Some(Box::pin(tokio::time::sleep(STRANGERS_WAIT)));
    }

    /// Waits for its end, where the refusal is one of a stranger. Everybody else may learn more than the time says.
    pub(super) async fn wait(self, refusal: &Refusal) {
        if let (Some(pause), true) = (self.0, refusal.is_of_stranger) {
            pause.await;
        }
    }
}
