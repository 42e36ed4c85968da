//! What goes on beside the requests: reading policy files again, looking at signing keys, sweeping spent tokens and ended
//! revocations, fetching issuers' keys ahead.

mod removal;
mod running;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use removal::{
    BACKLOG_ROWS, Removal, SHORTEST_PAUSE, SWEEP_CHUNK, SWEEP_INTERVAL, SWEEP_PAUSE, UNTOLD_JUMP,
};
pub use running::{JobFault, Jobs};

use daypass_policy::Policy;

use crate::policy_source::Reload;
use crate::service::App;
use crate::signing_keys::LOOK_INTERVAL;

/// Roles that a line of the log names.
const MAX_NAMED_ROLES: usize = 10;

/// How often policy files are looked at.
pub const POLICY_INTERVAL: Duration = Duration::from_secs(2);

/// Starts all jobs below HTTP.
pub fn start(app: &Arc<App>) -> Jobs {
    let mut jobs = Jobs::default();
    let [keys, policy, tended] = [(); 3].map(|()| Arc::clone(app));
    let removal = Arc::new(Removal::new(Arc::clone(app)));
    let (sweep, revocations, forget) = (Arc::clone(&removal), Arc::clone(&removal), removal);
    jobs.start("issuer keys", async move { keys.issuer_keys().prefetch().await });
    jobs.start("policy files", async move { every(POLICY_INTERVAL, || watch_policy(&policy)).await });
    jobs.start("signing keys", async move { every(LOOK_INTERVAL, || tended.tend_pass_keys()).await });
    jobs.start("spent tokens", async move { every(SWEEP_INTERVAL, || sweep.sweep()).await });
    jobs.start("ended revocations", async move {
        every(SWEEP_INTERVAL, || revocations.sweep_revocations()).await;
    });
    if let Some(stream) = app.audit_stream().map(Arc::clone) {
        jobs.start("audit stream", async move {
            loop {
                pause(stream.tick().await).await;
            }
        });
    }
    jobs.start("old exchanges", async move { every(SWEEP_INTERVAL, || forget.forget()).await });
    if app.traces().is_on() {
        let spans = Arc::clone(app);
        jobs.start("spans", async move { spans.traces().export().await });
    }
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

/// Names the roles whose blocks use `when`, the first of many: what they take, no lint has looked at.
pub fn log_what_no_lint_follows(policy: &Policy) {
    let count = policy.not_fully_linted().count();
    if count > 0 {
        let first: Vec<&str> = policy.not_fully_linted().take(MAX_NAMED_ROLES).collect();
        tracing::info!(
            policy.version = policy.version(),
            "not fully linted, since they use `when`: {count} roles, among them {}",
            first.join(", ")
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "jobs are the one place that waits for time to pass")]
async fn pause(pause: Duration) {
    tokio::time::sleep(pause).await;
}

async fn watch_policy(app: &Arc<App>) {
    let app = Arc::clone(app);
    let looked = tokio::task::spawn_blocking(move || {
        let outcome = app.policy().reload();
        (outcome, app.policy().snapshot())
    });
    match looked.await {
        Ok((Ok(Reload::Unchanged | Reload::Unsettled), _)) => {}
        Ok((Ok(Reload::Replaced { warnings, has_lost_guards }), policy)) => {
            let version = policy.version();
            if has_lost_guards {
                tracing::warn!(
                    policy.version = version,
                    "the policy before had deny blocks or ceilings, and this has none"
                );
            }
            tracing::info!(policy.version = version, "a new version of the policy is in force");
            log_what_no_lint_follows(&policy);
            for warning in warnings {
                tracing::warn!(policy.version = version, "{warning}");
            }
        }
        Ok((Err(fault), policy)) => {
            tracing::error!(
                policy.version = policy.version(),
                "the new policy is refused, the old one stays: {fault}"
            );
        }
        Err(fault) => tracing::error!("reading the policy failed: {fault}"),
    }
}
