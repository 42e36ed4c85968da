//! Durations as people write them: `90s`, `15m`, `1h`, `2d`.

/// A text that is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: write a number and a unit, as `90s`, `15m`, `1h` or `2d`")]
pub struct DurationFault;

/// The seconds of a duration: a whole number above zero, and `s`, `m`, `h` or `d` right after it.
pub fn parse_duration(text: &str) -> Result<i64, DurationFault> {
    let unit = text.chars().last().ok_or(DurationFault)?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(DurationFault),
    };
    let digits = text.strip_suffix(unit).unwrap_or("");
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationFault);
    }
    let number: i64 = digits.parse().map_err(|_| DurationFault)?;
    number.checked_mul(seconds_per_unit).ok_or(DurationFault)
}

/// Seconds in the largest unit that holds them whole.
pub fn show_duration(seconds: i64) -> String {
    for (unit, seconds_per_unit) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds > 0 && seconds.checked_rem(seconds_per_unit) == Some(0) {
            return format!("{}{unit}", seconds.checked_div(seconds_per_unit).unwrap_or(0));
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(parse_duration(text), Ok(seconds));
            assert_eq!(show_duration(seconds), text);
        }
        for text in [
            "",
            "15",
            "m",
            "0m",
            "015m",
            "-1m",
            "+1m",
            "1.5h",
            "1 h",
            "1H",
            "1h30m",
            " 1h",
            "1w",
            "1h ",
            "9999999999999999d",
        ] {
            assert_eq!(parse_duration(text), Err(DurationFault), "{text:?}");
        }
    }
}
