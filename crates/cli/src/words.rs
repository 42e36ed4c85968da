//! Spans of time in the words of people.

use daypass_jose::Timestamp;

const UNITS: [(&str, i64); 4] = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];

/// How far `moment` is from `now`: `in 5 minutes`, `2 hours ago`, `now`.
pub(crate) fn relative(moment: Timestamp, now: Timestamp) -> String {
    let seconds = moment.seconds().saturating_sub(now.seconds());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(seconds)),
        _ => format!("{} ago", span(seconds.saturating_neg())),
    }
}

/// A span of seconds in its largest unit, and in hours and minutes where that is closer: `1 hour 30 minutes`.
pub(crate) fn span(seconds: i64) -> String {
    let at = UNITS.iter().position(|(_, length)| seconds >= *length).unwrap_or(3);
    let mut rest = seconds;
    let mut words = Vec::new();
    for (name, length) in UNITS.iter().skip(at).take(2) {
        let count = rest.checked_div(*length).unwrap_or(0);
        rest = rest.checked_rem(*length).unwrap_or(0);
        if count > 0 || words.is_empty() {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_at_most_two_units() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "1 minute 1 second"),
            (900, "15 minutes"),
            (5400, "1 hour 30 minutes"),
            (7201, "2 hours"),
            (90_000, "1 day 1 hour"),
            (864_059, "10 days"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }

    #[test]
    fn a_moment_is_before_now_or_after_it() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        assert_eq!(relative(now, now), "now");
        assert_eq!(relative(now.plus_seconds(300), now), "in 5 minutes");
        assert_eq!(relative(now.plus_seconds(-3600), now), "1 hour ago");
        assert!(
            relative(Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)).ends_with("ago")
        );
    }
}
