//! Which refusals become rows: strangers can mint valid tokens of a public CI system without end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use daypass_jose::Timestamp;

/// Refused exchanges of one owner that become rows, an hour, where no role or project names the owner.
pub(crate) const ROWS_PER_OWNER_AND_HOUR: u32 = 10;
/// Refused exchanges of all such owners together that become rows, an hour.
pub(crate) const ROWS_PER_HOUR: u32 = 1_000;

const HOUR_MILLIS: i64 = 3_600_000;

/// Counts the refusals of the present hour. Holds at most [`ROWS_PER_HOUR`] owners.
#[derive(Default)]
pub(crate) struct Sampler(Mutex<Hour>);

#[derive(Default)]
struct Hour {
    number: i64,
    rows: u32,
    rows_by_owner: BTreeMap<String, u32>,
}

impl Sampler {
    /// Whether the next refusal of this owner is to be a row. Everything unverified is one owner.
    pub(crate) fn takes(&self, owner: &str, now: Timestamp) -> bool {
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.millis().div_euclid(HOUR_MILLIS);
        if hour.number != number {
            *hour = Hour { number, ..Hour::default() };
        }
        if hour.rows >= ROWS_PER_HOUR {
            return false;
        }
        let of_owner = hour.rows_by_owner.entry(owner.to_owned()).or_default();
        if *of_owner >= ROWS_PER_OWNER_AND_HOUR {
            return false;
        }
        *of_owner = of_owner.saturating_add(1);
        hour.rows = hour.rows.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_ten_rows_an_hour_and_all_strangers_a_thousand() {
        let sampler = Sampler::default();
        let now = Timestamp::from_millis(HOUR_MILLIS);
        let taken = |owner: &str, now| (0..20).filter(|_| sampler.takes(owner, now)).count();
        assert_eq!(taken("one", now), 10);
        assert_eq!((0..200).map(|owner| taken(&owner.to_string(), now)).sum::<usize>(), 990);
        assert_eq!(taken("one", now.plus_seconds(3600)), 10);
    }
}
