//! What is made for people to read: spans of time in words, short forms, lines of a bearable length.

use daypass_jose::Timestamp;

/// Columns of what is told in sentences.
const WIDTH: usize = 78;

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

/// A moment of the table of a list: without the year while it is `now`'s own, and without the zone, which is UTC.
pub(crate) fn short_time(moment: Timestamp, now: Timestamp) -> String {
    let (text, today) = (moment.to_string(), now.to_string());
    match (text.split_once('-'), today.split_once('-')) {
        (Some((year, rest)), Some((this_year, _))) if year == this_year => {
            rest.trim_end_matches('Z').replace('T', " ")
        }
        _ => text.split('T').next().unwrap_or(&text).to_owned(),
    }
}

/// A ref as people call it: a branch by its name.
pub(crate) fn short_ref(git_ref: &str) -> &str {
    git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref)
}

/// Text in lines of at most [`WIDTH`] characters, `indent` included, which begins every line but the first. A longer word
/// stays whole.
pub(crate) fn wrapped(text: &str, indent: &str) -> String {
    let room = WIDTH.saturating_sub(indent.chars().count());
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line)
                if line.chars().count().saturating_add(word.chars().count()).saturating_add(1) <= room =>
            {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{indent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_time_and_a_long_word_stays_whole() {
        let (word, long) = ("a".repeat(30), "b".repeat(90));
        assert_eq!(wrapped(&format!("{word} {word} {word}"), "   "), format!("{word} {word}\n   {word}"));
        assert_eq!(wrapped(&format!("x {long} y"), "> "), format!("x\n> {long}\n> y"));
        let full = "c".repeat(74);
        assert_eq!(wrapped(&format!("{full} d"), "  "), format!("{full} d"));
        assert_eq!(wrapped(&format!("{full} dd"), "  "), format!("{full}\n  dd"));
    }

    #[test]
    fn a_list_says_no_more_of_a_moment_and_a_ref_than_is_needed() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        assert_eq!(short_time(now, now), "11-24 09:30:00");
        assert_eq!(short_time(now.plus_seconds(-365 * 86_400), now), "2025-11-24");
        assert_eq!(short_ref("refs/heads/a/b"), "a/b");
        assert_eq!(short_ref("refs/tags/v1"), "refs/tags/v1");
    }

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
