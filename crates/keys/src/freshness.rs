//! How long a key set stays fresh, from `Cache-Control` (RFC 9111 §5.2.2).

use std::time::Duration;

/// Shortest time to live. Shorter, and an issuer that says `max-age=0` is asked for every token.
pub const MIN_TTL: Duration = Duration::from_mins(5);
/// Longest time to live. Longer, and a key that an issuer has withdrawn verifies for longer than that.
pub const MAX_TTL: Duration = Duration::from_hours(1);
/// Time to live where the issuer says nothing.
pub const DEFAULT_TTL: Duration = Duration::from_mins(15);

/// The time to live that these `Cache-Control` lines ask for, within the bounds. `Expires` and `Age` are not read.
pub(crate) fn ttl<'a>(lines: impl IntoIterator<Item = &'a str>) -> Duration {
    let directives =
        lines.into_iter().flat_map(|line| line.split(',')).map(|one| one.trim().to_ascii_lowercase());
    let mut asked = None;
    for directive in directives {
        if directive == "no-store" || directive == "no-cache" {
            return MIN_TTL;
        }
        asked = asked.or_else(|| directive.strip_prefix("max-age=").and_then(seconds));
    }
    asked.map_or(DEFAULT_TTL, |asked| asked.clamp(MIN_TTL, MAX_TTL))
}

/// A number too large to be held is the largest (RFC 9111 §1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_live_is_held_within_its_bounds() {
        for (lines, expected) in [
            (vec![], DEFAULT_TTL),
            (vec!["public"], DEFAULT_TTL),
            (vec!["max-age=abc"], DEFAULT_TTL),
            (vec!["max-age=-1"], DEFAULT_TTL),
            (vec!["max-age="], DEFAULT_TTL),
            (vec!["max-age=0"], MIN_TTL),
            (vec!["max-age=299"], MIN_TTL),
            (vec!["max-age=301"], Duration::from_secs(301)),
            (vec!["public, Max-Age=1200, must-revalidate"], Duration::from_mins(20)),
            (vec!["public", "max-age=1200"], Duration::from_mins(20)),
            (vec!["max-age=\"1200\""], Duration::from_mins(20)),
            (vec!["max-age=1200, max-age=600"], Duration::from_mins(20)),
            (vec!["max-age=3601"], MAX_TTL),
            (vec!["max-age=1000000000000"], MAX_TTL),
            (vec!["max-age=99999999999999999999999999"], MAX_TTL),
            (vec!["max-age=3600, no-cache"], MIN_TTL),
            (vec!["no-store"], MIN_TTL),
            (vec!["s-maxage=600"], DEFAULT_TTL),
        ] {
            assert_eq!(ttl(lines.iter().copied()), expected, "{lines:?}");
        }
    }
}
