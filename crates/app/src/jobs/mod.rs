//! What goes on beside the requests: reading policy files again, looking at signing keys, sweeping spent tokens, fetching
//! issuers' keys ahead.

mod running;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use daypass_store::StoreFault;

pub use running::{JobFault, Jobs};

use crate::policy_source::Reload;
use crate::service::App;
use crate::signing_keys::LOOK_INTERVAL;

/// How often policy files are looked at.
pub const POLICY_INTERVAL: Duration = Duration::from_secs(2);
/// How often spent tokens that can no longer be valid are swept.
pub const SWEEP_INTERVAL: Duration = Duration::from_mins(10);
/// Rows that one step removes: it goes with a commit of exchanges, which wait for it.
pub const SWEEP_CHUNK: u32 = 200;
/// How long a sweep pauses after each step, so that it never takes more than a small part of the ledger's time: it removes
/// at most 4,000 rows a second.
pub const SWEEP_PAUSE: Duration = Duration::from_millis(50);

/// Starts all jobs below HTTP.
pub fn start(app: &Arc<App>) -> Jobs {
    let mut jobs = Jobs::default();
    let [keys, policy, tended, swept, forgotten] = [(); 5].map(|()| Arc::clone(app));
    jobs.start("issuer keys", async move { keys.issuer_keys().prefetch().await });
    jobs.start("policy files", async move { every(POLICY_INTERVAL, || watch_policy(&policy)).await });
    jobs.start("signing keys", async move { every(LOOK_INTERVAL, || tended.tend_pass_keys()).await });
    jobs.start("spent tokens", async move { every(SWEEP_INTERVAL, || sweep(&swept)).await });
    jobs.start("old exchanges", async move { every(SWEEP_INTERVAL, || forget(&forgotten)).await });
    jobs
}

/// Does a job at once and then at this interval, until dropped; one that takes longer delays the next.
pub async fn every<F: Future<Output = ()>>(interval: Duration, job: impl Fn() -> F) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        job().await;
    }
}

async fn watch_policy(app: &Arc<App>) {
    let app = Arc::clone(app);
    let looked = tokio::task::spawn_blocking(move || {
        let outcome = app.policy().reload();
        (outcome, app.policy().snapshot().version().to_owned())
    });
    match looked.await {
        Ok((Ok(Reload::Unchanged | Reload::Unsettled), _)) => {}
        Ok((Ok(Reload::Replaced { warnings, has_lost_guards }), version)) => {
            if has_lost_guards {
                tracing::warn!(
                    policy.version = version,
                    "the policy before had deny blocks or ceilings, and this has none"
                );
            }
            tracing::info!(policy.version = version, "a new version of the policy is in force");
            for warning in warnings {
                tracing::warn!(policy.version = version, "{warning}");
            }
        }
        Ok((Err(fault), version)) => {
            tracing::error!(
                policy.version = version,
                "the new policy is refused, the old one stays: {fault}"
            );
        }
        Err(fault) => tracing::error!("reading the policy failed: {fault}"),
    }
}

/// Forgets the spent tokens that can no longer be valid.
pub async fn sweep(app: &App) {
    let now = app.time_without_jumps();
    in_steps("spent tokens", || app.store().ledger().sweep(now, SWEEP_CHUNK)).await;
}

/// Forgets exchanges that are older than the settings say, if they say so.
pub async fn forget(app: &App) {
    if let Some(before) = app.keeps_exchanges_from() {
        in_steps("old exchanges", || app.store().ledger().forget(before, SWEEP_CHUNK)).await;
    }
}

/// Goes on while a step finds as much as it may remove.
async fn in_steps<F>(what: &str, step: impl Fn() -> F)
where
    F: Future<Output = Result<u64, StoreFault>>,
{
    let mut removed = 0_u64;
    loop {
        match step().await {
            Ok(count) => {
                removed = removed.saturating_add(count);
                if count < u64::from(SWEEP_CHUNK) {
                    break;
                }
            }
            Err(fault) => {
                tracing::warn!("removing {what} failed, the next time tries again: {fault}");
                return;
            }
        }
        pause().await;
    }
    if removed > 0 {
        tracing::debug!(removed, "removed {what}");
    }
}

#[expect(clippy::disallowed_methods, reason = "jobs are the one place that waits for time to pass")]
async fn pause() {
    tokio::time::sleep(SWEEP_PAUSE).await;
}
