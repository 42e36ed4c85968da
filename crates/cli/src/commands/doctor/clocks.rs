//! What other machines say of the time, by the `Date` of their answers (RFC 9110 §6.6.1).

use daypass_jose::Timestamp;
use daypass_jose::time::LEEWAY_SECONDS;
use http::HeaderValue;

use super::check::Check;
use super::finding::{Finding, Level};

/// From here on somebody should look, in milliseconds: machines that ask for the time differ by less.
const WARN_ABOVE_MILLIS: i64 = 5_000;
/// From here on tokens are refused.
const FAULT_ABOVE_MILLIS: i64 = LEEWAY_SECONDS.saturating_mul(1000);
/// Issuers that differ by less from each other say the same of our clock.
const AGREED_MILLIS: i64 = 10_000;
/// No machine runs this before it was written: 2026-11-18.
const WRITTEN: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// How far the clock of whoever answered is ahead of this one, in milliseconds; negative where it is behind. The header
/// tells whole seconds, and the answer was made between the question and its arrival: what lies within is no difference.
pub(super) fn ahead_millis(date: Timestamp, asked_at: Timestamp, answered_at: Timestamp) -> i64 {
    let last = Timestamp::from_millis(date.millis().saturating_add(999));
    if last < asked_at {
        last.millis_since(asked_at)
    } else if date > answered_at {
        date.millis_since(answered_at)
    } else {
        0
    }
}

/// The moment of a `Date`; a cache's answer is as much older as it says in `Age` (RFC 9111 §5.1).
pub(super) fn moment(date: &HeaderValue, age: Option<&HeaderValue>) -> Option<Timestamp> {
    let age = age.and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    parse(date.to_str().ok()?).map(|moment| moment.plus_seconds(age))
}

/// The one form that may be sent (RFC 9110 §5.6.7): `Tue, 24 Nov 2026 09:30:00 GMT`.
fn parse(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.strip_suffix(" GMT")?.split(' ').skip(1);
    let [day, month, year, time] = [words.next()?, words.next()?, words.next()?, words.next()?];
    let month = MONTHS.iter().position(|name| *name == month)?.saturating_add(1);
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// What a difference means, told of `whose` clock.
pub(super) fn difference(check: Check, whose: &str, ahead_millis: i64) -> Finding {
    let seconds = ahead_millis.unsigned_abs().div_ceil(1000);
    let which = if ahead_millis > 0 { "ahead of" } else { "behind" };
    let level = level(ahead_millis);
    let text = match level {
        Level::Ok | Level::Note => format!("{whose} clock agrees with this one"),
        Level::Warning => format!("{whose} clock is {seconds} s {which} this one"),
        Level::Fault => {
            format!(
                "{whose} clock is {seconds} s {which} this one, and {LEEWAY_SECONDS} s are the leeway for its tokens"
            )
        }
    };
    Finding::new(check, level, text)
}

fn level(ahead_millis: i64) -> Level {
    let off = ahead_millis.saturating_abs();
    if off > FAULT_ABOVE_MILLIS {
        Level::Fault
    } else if off > WARN_ABOVE_MILLIS {
        Level::Warning
    } else {
        Level::Ok
    }
}

/// Whose clock it is: if several issuers all say that this one is off, and say the same, it is this one.
pub(super) fn of_machine(ahead_millis: &[i64], now: Timestamp) -> Finding {
    if now < WRITTEN {
        return Finding::fault(
            Check::MachineClock,
            format!("this machine's clock says {now}, when this program was not written"),
        );
    }
    if is_ours(ahead_millis) {
        let off = ahead_millis.iter().copied().min_by_key(|millis| millis.saturating_abs()).unwrap_or(0);
        let seconds = off.unsigned_abs().div_ceil(1000);
        let which = if off > 0 { "behind" } else { "ahead" };
        let text = format!(
            "all {} issuers agree that this machine's clock is {seconds} s {which}",
            ahead_millis.len()
        );
        return Finding::new(Check::MachineClock, level(off), text);
    }
    match ahead_millis.iter().filter(|millis| level(**millis) == Level::Ok).count() {
        0 => Finding::note(Check::MachineClock, "no issuer confirms this machine's clock"),
        1 => Finding::ok(Check::MachineClock, "an issuer confirms it"),
        count => Finding::ok(Check::MachineClock, format!("{count} issuers confirm it")),
    }
}

/// Whether all of several say the same that is not well.
pub(super) fn is_ours(ahead_millis: &[i64]) -> bool {
    let (Some(least), Some(most)) = (ahead_millis.iter().min(), ahead_millis.iter().max()) else {
        return false;
    };
    let are_off = ahead_millis.iter().all(|millis| level(*millis) > Level::Ok);
    ahead_millis.len() > 1 && are_off && most.saturating_sub(*least) <= AGREED_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

    #[test]
    fn a_date_is_read_in_the_one_form_that_may_be_sent() {
        let read = |text: &str, age: Option<&str>| {
            moment(
                &HeaderValue::from_str(text).unwrap(),
                age.map(|age| HeaderValue::from_str(age).unwrap()).as_ref(),
            )
        };
        assert_eq!(read("Tue, 24 Nov 2026 09:30:00 GMT", None), Some(NOW));
        assert_eq!(read("Tue, 24 Nov 2026 09:29:00 GMT", Some("60")), Some(NOW));
        for text in ["", "GMT", "Tue, 24 Nov 2026 09:30:00", "Tue, 31 Feb 2026 09:30:00 GMT", "now GMT"] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }

    #[test]
    fn what_lies_within_the_request_and_the_second_is_no_difference() {
        let asked_at = Timestamp::from_millis(NOW.millis() + 900);
        let answered_at = NOW.plus_seconds(3);
        for (date, ahead) in [
            (NOW, 0),
            (NOW.plus_seconds(3), 0),
            (NOW.plus_seconds(13), 10_000),
            (NOW.plus_seconds(-10), 999 - 10_900),
        ] {
            assert_eq!(ahead_millis(date, asked_at, answered_at), ahead, "{date}");
        }
    }

    #[test]
    fn it_is_our_clock_where_several_issuers_say_the_same_and_only_then() {
        for (said, level) in [
            (vec![-90_000, -95_000], Level::Fault),
            (vec![20_000, 21_000, 22_000], Level::Warning),
            (vec![-90_000], Level::Note),
            (vec![-90_000, 90_000], Level::Note),
            (vec![-90_000, 0], Level::Ok),
            (vec![-90_000, -150_000], Level::Note),
            (vec![0], Level::Ok),
            (vec![], Level::Note),
        ] {
            assert_eq!(of_machine(&said, NOW).level, level, "{said:?}");
        }
        assert_eq!(of_machine(&[0], Timestamp::from_millis(0)).level, Level::Fault);
    }
}
