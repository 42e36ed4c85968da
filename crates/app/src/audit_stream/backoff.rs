//! When to try again, and when to say so.

use std::time::Duration;

use super::delivery::DeliveryFault;

/// The first wait; it doubles with each failure.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The longest that a receiver may ask for by `Retry-After`.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(10);
/// Between two lines of the log about one trouble whose reason changes, and about one that stays.
const CHANGED: Duration = Duration::from_mins(1);
const REMINDED: Duration = Duration::from_hours(1);

/// What has failed in a row.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    since: Duration,
    until: Duration,
    told: Reminder,
}

/// When a trouble was told last, and with which words.
#[derive(Default)]
pub(super) struct Reminder(Option<(Duration, String)>);

impl Reminder {
    /// Whether an operator is to be told: when it begins, when its reason changes, and each hour.
    pub(super) fn is_due(&mut self, now: Duration, reason: &str) -> bool {
        let is_due = match &self.0 {
            None => true,
            Some((at, told)) => {
                let pause = if *told == reason { REMINDED } else { CHANGED };
                now.saturating_sub(*at) >= pause
            }
        };
        if is_due {
            self.0 = Some((now, reason.to_owned()));
        }
        is_due
    }
}

impl Backoff {
    /// Whether it is too early to try again.
    pub(super) fn is_waiting(&self, now: Duration) -> bool {
        self.failures > 0 && now < self.until
    }

    /// Notes a failure; gives whether an operator is to be told.
    pub(super) fn failed(&mut self, now: Duration, fault: &DeliveryFault) -> bool {
        let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        let wanted = fault.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER);
        if self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.until = now.saturating_add(doubled.min(LONGEST_WAIT).max(wanted));
        self.told.is_due(now, &fault.to_string())
    }

    /// For how long every try has failed, if any has; when the next one may be.
    pub(super) fn failing(&self, now: Duration) -> Option<(Duration, Duration)> {
        (self.failures > 0).then(|| (now.saturating_sub(self.since), self.until))
    }

    /// Notes a success; gives the number of failures before it, if there were any.
    pub(super) fn succeeded(&mut self) -> Option<u32> {
        let failures = std::mem::take(self).failures;
        (failures > 0).then_some(failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn status(status: u16, retry_after: Option<u64>) -> DeliveryFault {
        DeliveryFault::Status { status, retry_after: retry_after.map(seconds) }
    }

    #[test]
    fn waits_grow_to_a_bound_and_what_the_receiver_asks_for_has_one_too() {
        let mut backoff = Backoff::default();
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            backoff.failed(seconds(100), &status(500, None));
            assert!(backoff.is_waiting(seconds(99 + wait)) && !backoff.is_waiting(seconds(100 + wait)));
        }
        assert_eq!(backoff.succeeded(), Some(9));
        assert!(!backoff.is_waiting(seconds(100)));
        assert_eq!(backoff.succeeded(), None);
        for (asked, wait) in [(0, 1), (30, 30), (86_400, 600)] {
            let mut backoff = Backoff::default();
            backoff.failed(seconds(0), &status(503, Some(asked)));
            assert!(backoff.is_waiting(seconds(wait - 1)) && !backoff.is_waiting(seconds(wait)));
        }
    }

    #[test]
    fn a_trouble_is_told_when_it_begins_when_its_reason_changes_and_each_hour() {
        let mut backoff = Backoff::default();
        let told: Vec<bool> =
            [(0, 500), (30, 500), (31, 502), (61, 502), (62, 500), (121, 500), (3_662, 502), (7_262, 502)]
                .map(|(at, code)| backoff.failed(seconds(at), &status(code, None)))
                .into();
        assert_eq!(told, [true, false, false, true, false, true, true, true]);
    }
}
