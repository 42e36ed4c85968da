//! Points in time and the clock that tells them, as an argument.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far two honest clocks may differ, in seconds. The one leeway of the whole system: verification of
/// `exp`, `nbf` and `iat` uses it, and a spent token must be remembered longer than `exp` + this, or it can
/// be replayed.
pub const LEEWAY_SECONDS: i64 = 60;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch, as JWT's `NumericDate` (RFC 7519 §2) counts; `None` where it overflows.
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        match seconds.checked_mul(1000) {
            Some(millis) => Some(Self(millis)),
            None => None,
        }
    }

    /// Reads RFC 3339 §5.6, as `2026-11-24T09:30:00Z` or `2026-11-24T10:30:00.5+01:00`; what is finer than a millisecond is
    /// left out. `None` for anything else, and for a leap second.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't'])?;
        let zone_at = time.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = time.split_at_checked(zone_at)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        if hour > 23
            || minute > 59
            || second > 59
            || civil_from_days(days_from_civil(year, month, day)) != (year, month, day)
        {
            return None;
        }
        let seconds = days_from_civil(year, month, day)
            .checked_mul(86_400)?
            .checked_add(seconds_of(hour, minute, second))?;
        let millis = seconds.checked_sub(offset_seconds(zone)?)?.checked_mul(1000)?;
        millis.checked_add(millis_of(fraction)?).map(Self)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded towards the past.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment plus `seconds` (which may be negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to this moment; negative where `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds, as `2026-11-24T09:30:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second_of_day) = (self.seconds().div_euclid(86_400), self.seconds().rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Tells the time. One implementation reads the machine's clock; tests bring their own.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never goes back, for deadlines and ages.
    fn monotonic(&self) -> Duration;
}

/// The proleptic Gregorian date of a day number counted from 1970-01-01.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a day number made from 64-bit milliseconds is below 2^37: no sum or product here can overflow"
)]
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The day number, counted from 1970-01-01, of a proleptic Gregorian date; of a date that does not exist, that of another.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year has four digits, the others two: no sum or product here can overflow"
)]
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9).rem_euclid(12);
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[expect(clippy::arithmetic_side_effects, reason = "each has two digits")]
const fn seconds_of(hour: i64, minute: i64, second: i64) -> i64 {
    hour * 3600 + minute * 60 + second
}

/// `Z`, or `+01:00`: seconds east of Greenwich.
fn offset_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, clock) = zone.split_at_checked(1)?;
    let [hour, minute] = numbers(clock, ':', [2, 2])?;
    let seconds = (hour <= 23 && minute <= 59).then(|| seconds_of(hour, minute, 0))?;
    match sign {
        "+" => Some(seconds),
        "-" => seconds.checked_neg(),
        _ => None,
    }
}

/// The first three digits behind the point.
fn millis_of(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    digits.parse().ok()
}

/// Numbers of these lengths in digits, with `between` between them, and nothing else.
fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let parts: Vec<&str> = text.split(between).collect();
    let is_one = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() != N || !parts.iter().zip(lengths).all(|(part, length)| is_one(part, length)) {
        return None;
    }
    let numbers: Vec<i64> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_rfc_3339() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_512_599, "2026-11-24T09:29:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let moment = Timestamp::from_seconds(seconds).unwrap();
            assert_eq!(moment.to_string(), shown);
            assert_eq!(Timestamp::parse(shown), Some(moment));
        }
    }

    #[test]
    fn every_day_of_some_centuries_is_read_as_it_is_shown() {
        for day in (-80_000..80_000).chain(2_900_000..2_932_000) {
            let moment = Timestamp::from_seconds(day * 86_400 + 3_661).unwrap();
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
    }

    #[test]
    fn a_time_of_rfc_3339_is_read_back_and_nothing_else_is() {
        for seconds in [0, 951_782_400, 1_795_512_599, -1, 253_402_300_799, -62_135_596_800, 68_169_600] {
            let moment = Timestamp::from_seconds(seconds).unwrap();
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
        for (text, millis) in [
            ("1970-01-01T01:00:00.5+01:00", 500),
            ("1970-01-01t00:00:00.1239z", 123),
            ("1969-12-31T23:59:59.999-00:00", -1),
            ("1970-01-01T00:00:00-00:30", 1_800_000),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T09:30:00",
            "2026-11-24 09:30:00Z",
            "2026-11-24T09:30Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T09:30:60Z",
            "2026-02-29T09:30:00Z",
            "2026-00-10T09:30:00Z",
            "2026-13-10T09:30:00Z",
            "2026-11-00T09:30:00Z",
            "2026-11-24T09:60:00Z",
            "2026-1-24T09:30:000Z",
            "2026-11-24T09:30:00Z ",
            "2026-11-24T09:30:\u{e9}Z",
            "+026-11-24T09:30:00Z",
            "2026-11-24T09:30:00.Z",
            "2026-11-24T09:30:00.5aZ",
            "2026-11-24T09:30:00Zx",
            "2026-11-24T09:30:00+1:00",
            "2026-11-24T09:30:00+24:00",
            "2026-11-24T09:30:00+01:00ä",
            "ä026-11-24T09:30:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_that_overflow_are_no_time() {
        assert_eq!(Timestamp::from_seconds(i64::MAX), None);
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_seconds(i64::MAX).millis(), i64::MAX);
    }
}
