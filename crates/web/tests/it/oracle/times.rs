//! Whether times of answers tell what was asked for.
//!
//! The times of each role that is there are held against those of roles that are absent, by two tests: that of Kolmogorov and
//! Smirnov, which sees any difference between two distributions, and that of Mann and Whitney, which sees best that one lies
//! behind the other. Each may be wrong once in 10,000 times where there is nothing to see: three pairs, two tests, so that less
//! than one run in 1,600 fails without a reason. Before, the median of its face is taken off each time, since faces differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ask::{Answered, Face};

/// Of the larger of two samples' distance, times the root of their harmonic size: `sqrt(-ln(0.0001 / 2) / 2)`.
const MAX_KOLMOGOROV: f64 = 2.225;
/// Of a normal deviate, on both sides: 0.0001.
const MAX_MANN_WHITNEY: f64 = 3.89;
/// What is planted, to see that it would be found, in seconds.
const PLANTED: f64 = 0.000_25;

/// Times by role, in seconds from the median of their face.
pub(super) struct Times(BTreeMap<&'static str, Vec<f64>>);

/// How far two samples are from being one, as multiples of what is allowed.
struct Apart {
    kolmogorov: f64,
    mann_whitney: f64,
}

impl Times {
    pub(super) fn of(answers: &[(&'static str, Face, Answered)]) -> Self {
        let mut by_face: BTreeMap<Face, Vec<f64>> = BTreeMap::new();
        for (_, face, answered) in answers {
            by_face.entry(*face).or_default().push(answered.took.as_secs_f64());
        }
        let medians: BTreeMap<Face, f64> =
            by_face.into_iter().map(|(face, times)| (face, median(times))).collect();
        let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (role, face, answered) in answers {
            times.entry(role).or_default().push(answered.took.as_secs_f64() - medians[face]);
        }
        Self(times)
    }

    pub(super) fn are_alike(&self) -> bool {
        self.others().all(|(_, times)| self.apart(times).is_allowed())
    }

    /// Whether a quarter of a millisecond more would be seen: a test that sees nothing proves nothing.
    pub(super) fn finds_what_is_planted(&self) -> bool {
        self.others().all(|(_, times)| {
            let later: Vec<f64> = times.iter().map(|time| time + PLANTED).collect();
            !self.apart(&later).is_allowed()
        })
    }

    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        for (role, times) in self.others() {
            let Apart { kolmogorov, mann_whitney } = self.apart(times);
            let apart = (median(times.clone()) - median(self.absent().to_vec())) * 1e6;
            let count = times.len();
            writeln!(
                told,
                "{{\"role\":\"{role}\",\"asks\":{count},\"median_apart_us\":{apart:.1},\"kolmogorov_smirnov\":{kolmogorov:.2},\
                 \"mann_whitney\":{mann_whitney:.2}}}"
            )
            .unwrap();
        }
        told
    }

    fn absent(&self) -> &[f64] {
        &self.0["absent"]
    }

    fn others(&self) -> impl Iterator<Item = (&&'static str, &Vec<f64>)> {
        self.0.iter().filter(|(role, _)| **role != "absent")
    }

    fn apart(&self, times: &[f64]) -> Apart {
        let (absent, present) = (self.absent(), times);
        let sizes = (real(absent.len()), real(present.len()));
        let mut all: Vec<(f64, bool)> = absent.iter().map(|time| (*time, false)).collect();
        all.extend(present.iter().map(|time| (*time, true)));
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut below, mut distance, mut ranks) = ((0.0, 0.0), 0.0_f64, 0.0);
        for (at, (_, is_present)) in all.iter().enumerate() {
            if *is_present {
                below.1 += 1.0;
                ranks += real(at) + 1.0;
            } else {
                below.0 += 1.0;
            }
            distance = distance.max((below.0 / sizes.0 - below.1 / sizes.1).abs());
        }
        let product = sizes.0 * sizes.1;
        let greater = ranks - sizes.1 * (sizes.1 + 1.0) / 2.0;
        let deviation = (product * (sizes.0 + sizes.1 + 1.0) / 12.0).sqrt();
        Apart {
            kolmogorov: distance * (product / (sizes.0 + sizes.1)).sqrt() / MAX_KOLMOGOROV,
            mann_whitney: (greater - product / 2.0).abs() / deviation / MAX_MANN_WHITNEY,
        }
    }
}

impl Apart {
    fn is_allowed(&self) -> bool {
        self.kolmogorov <= 1.0 && self.mann_whitney <= 1.0
    }
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
pub(super) fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
