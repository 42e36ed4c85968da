//! What is removed when it is old: spent tokens that can no longer be valid, revocations that hit nothing any more, and
//! exchanges beyond the time that the settings say. A few rows at a time, since exchanges wait for the commit that takes them along.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_policy::show_duration;
use daypass_store::{ExchangeFilter, Outcome, StoreFault};

use super::pause;
use crate::service::App;

/// How often it is looked for what is old.
pub const SWEEP_INTERVAL: Duration = Duration::from_mins(10);
/// Rows that one step removes: it goes with a commit of exchanges, which wait for it.
pub const SWEEP_CHUNK: u32 = 200;
/// How long a run pauses after each step, so that it never takes more than a small part of the ledger's time: it removes
/// at most 4,000 rows a second. A run that finds more than [`BACKLOG_ROWS`] pauses less and less.
pub const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Rows for each of which a run divides its pause once more: halved after the first, a third after the second. A server that
/// spends more tokens than a run removes would otherwise never catch up.
pub const BACKLOG_ROWS: u64 = 10_000;
/// The shortest pause, after 90,000 rows: a run removes at most 40,000 rows a second then.
pub const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
/// How far the clock may be set forward without a word.
pub const UNTOLD_JUMP: Duration = Duration::from_hours(1);

/// Removes what is old, and tells once of what keeps it from doing so.
pub struct Removal {
    app: Arc<App>,
    is_ahead: Since,
    is_withheld: Since,
}

/// Whether something is so, to be told when it begins.
#[derive(Default)]
struct Since(AtomicBool);

impl Removal {
    /// Nothing was told yet.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, is_ahead: Since::default(), is_withheld: Since::default() }
    }

    /// Forgets the spent tokens that can no longer be valid.
    pub async fn sweep(&self) {
        self.tell_jump();
        let now = self.app.time_without_jumps();
        let ledger = self.app.store().ledger();
        match in_steps(|| ledger.sweep(now, SWEEP_CHUNK)).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "spent tokens that can no longer be valid are forgotten"),
            Err(fault) => {
                tracing::warn!("spent tokens are not forgotten, the next time tries again: {fault}");
            }
        }
    }

    /// Forgets revocations that hit no valid pass any more.
    pub async fn sweep_revocations(&self) {
        let now = self.app.time_without_jumps();
        let revocations = self.app.store().revocations();
        match in_steps(|| revocations.sweep(now, SWEEP_CHUNK)).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "revocations that hit no valid pass are forgotten"),
            Err(fault) => tracing::warn!("revocations are not forgotten, the next time tries again: {fault}"),
        }
    }

    /// Forgets exchanges that are older than the settings say, if they say so.
    pub async fn forget(&self) {
        let Some(before) = self.app.keeps_exchanges_from() else { return };
        match self.forget_before(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "exchanges from before {before} are forgotten"),
            Err(fault) => {
                tracing::warn!("old exchanges are not forgotten, the next time tries again: {fault}");
            }
        }
    }

    /// Warns of a clock that was set forward: what is removed goes by the time that has passed since the start.
    fn tell_jump(&self) {
        let ahead = self.app.set_forward();
        if self.is_ahead.begins(ahead > UNTOLD_JUMP) {
            let whole_hours = ahead.as_secs().checked_div(3600).unwrap_or(0).saturating_mul(3600);
            let ahead = show_duration(i64::try_from(whole_hours).unwrap_or(i64::MAX));
            tracing::warn!(
                "the clock was set forward by {ahead} or more since the start, or the machine slept: spent tokens and old exchanges are \
                 forgotten that much later; restart the server once the clock is right"
            );
        }
    }

    async fn forget_before(&self, before: Timestamp) -> Result<u64, StoreFault> {
        let ledger = self.app.store().ledger();
        let old = ExchangeFilter { before: Some(ExchangeId::first_of(before)), ..ExchangeFilter::default() };
        let is_any_old = !ledger.list(&old, 1).await?.is_empty();
        let is_withheld = is_any_old && !self.is_later_success(before).await?;
        if self.is_withheld.begins(is_withheld) {
            tracing::warn!(
                "exchanges from before {before} are not forgotten, since none has succeeded later: either the clock is ahead, or \
                 nobody has used the server for so long. If the time is right, there is nothing to do: they are forgotten after \
                 the next success; if it is not, set the clock and restart the server"
            );
        }
        if !is_any_old || is_withheld {
            return Ok(0);
        }
        // The stream of the ledger, whichever server has it in its settings.
        let is_streamed =
            self.app.audit_stream().is_some() || self.app.store().audit_stream().cursor().await?.is_some();
        if is_streamed {
            return self.forget_streamed(before).await;
        }
        in_steps(|| ledger.forget(before, SWEEP_CHUNK)).await
    }

    /// What the audit stream has not delivered is kept for as long again, and then forgotten with a word.
    async fn forget_streamed(&self, before: Timestamp) -> Result<u64, StoreFault> {
        let kept = self.app.keep_exchanges_seconds().unwrap_or(i64::MAX);
        let lost_before = before.plus_seconds(kept.saturating_neg());
        let lost = AtomicU64::new(0);
        let step = async || {
            let (forgotten, lost_now) =
                self.app.store().audit_stream().forget(before, lost_before, SWEEP_CHUNK).await?;
            self.app.count_lost(lost_now);
            lost.fetch_add(lost_now, Ordering::Relaxed);
            Ok(forgotten.saturating_add(lost_now))
        };
        let removed = in_steps(step).await;
        let lost = lost.into_inner();
        if lost > 0 {
            tracing::error!(
                lost,
                "exchanges from before {lost_before} are forgotten that the audit stream has not delivered: it has waited too long{}",
                if self.app.audit_stream().is_some() {
                    ""
                } else {
                    ". There is none in the settings of this server: if there is none in those of others, see `the end of a stream` \
                     in docs/audit.md"
                }
            );
        }
        removed
    }

    /// Whether an exchange has succeeded since a moment, so that an issuer was there too: by a clock that is far ahead, every
    /// token has expired. A refusal shows nothing, as it is recorded by whatever the clock says.
    async fn is_later_success(&self, moment: Timestamp) -> Result<bool, StoreFault> {
        let later = ExchangeFilter {
            outcome: Some(Outcome::Success),
            since: Some(moment),
            ..ExchangeFilter::default()
        };
        Ok(!self.app.store().ledger().list(&later, 1).await?.is_empty())
    }
}

impl Since {
    /// Notes whether it is so; gives whether it was not before.
    fn begins(&self, is_so: bool) -> bool {
        let was_so = self.0.swap(is_so, Ordering::Relaxed);
        is_so && !was_so
    }
}

/// Goes on while a step finds as much as it may remove; gives how many rows were removed.
async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreFault>
where
    F: Future<Output = Result<u64, StoreFault>>,
{
    let mut removed = 0_u64;
    loop {
        let count = step().await?;
        removed = removed.saturating_add(count);
        if count < u64::from(SWEEP_CHUNK) {
            return Ok(removed);
        }
        pause(pause_after(removed)).await;
    }
}

/// How long a run that has removed so many rows pauses.
fn pause_after(removed: u64) -> Duration {
    let parts = removed.checked_div(BACKLOG_ROWS).unwrap_or(0).saturating_add(1);
    let part = SWEEP_PAUSE.checked_div(u32::try_from(parts).unwrap_or(u32::MAX));
    part.unwrap_or(SHORTEST_PAUSE).max(SHORTEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_run_pauses_less_the_longer_its_backlog_is() {
        let pauses = [0, 200, 9_999, 10_000, 20_000, 40_000, 89_999, 90_000, 1_000_000, u64::MAX];
        let pauses = pauses.map(|removed| pause_after(removed).as_micros());
        assert_eq!(pauses, [50_000, 50_000, 50_000, 25_000, 16_666, 10_000, 5_555, 5_000, 5_000, 5_000]);
    }

    #[tokio::test]
    async fn a_run_goes_on_until_a_step_finds_less_than_it_may_remove() {
        for (rows, steps) in [(0, 1), (199, 1), (200, 2), (450, 3)] {
            let (left, taken) = (Cell::new(rows), Cell::new(0));
            let step = async || {
                let count = left.get().min(u64::from(SWEEP_CHUNK));
                left.set(left.get() - count);
                taken.set(taken.get() + 1);
                Ok(count)
            };
            assert_eq!(in_steps(step).await, Ok(rows));
            assert_eq!((left.get(), taken.get()), (0, steps));
        }
    }

    #[test]
    fn what_begins_is_told_once_until_it_begins_again() {
        let since = Since::default();
        let told = [false, true, true, false, true].map(|is_so| since.begins(is_so));
        assert_eq!(told, [false, true, false, false, true]);
    }
}
