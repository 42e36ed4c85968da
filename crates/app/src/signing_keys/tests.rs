//! What each key is good for, as a table over time; and when a successor is announced.

pub(crate) mod kit;
mod running;

use daypass_jose::{Algorithm, Timestamp};
use daypass_store::SigningKeyRow;

use super::state::{ahead, is_due, newest, removable, states};
use super::{
    AHEAD_SECONDS, KEPT_SECONDS, LOOK_INTERVAL, PassKeySettings, REMOVED_AFTER_SECONDS, REVOKED_KEPT_SECONDS,
    STALE_AFTER,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn row(key_id: &str, activates_at: i64, revoked_at: Option<i64>) -> SigningKeyRow {
    SigningKeyRow {
        key_id: key_id.to_owned(),
        purpose: "pass".to_owned(),
        algorithm: "ES256".to_owned(),
        sealed: Vec::new(),
        public_jwk: String::new(),
        created_at: at(0),
        activates_at: at(activates_at),
        revoked_at: revoked_at.map(at),
    }
}

/// Each key with what it is good for, as `a signing, b announced`.
fn shown(rows: &[SigningKeyRow], seconds: i64) -> String {
    let shown: Vec<String> = states(rows, at(seconds))
        .iter()
        .map(|state| format!("{} {}", state.row.key_id, state.standing.as_str()))
        .collect();
    shown.join(", ")
}

const KEPT: i64 = KEPT_SECONDS;

#[test]
fn each_key_is_good_for_one_thing_at_a_time() {
    let rows = [row("a", 0, None), row("b", 1000, None), row("c", 2000, None)];
    for (seconds, wanted) in [
        (0, "a signing, b announced, c announced"),
        (999, "a signing, b announced, c announced"),
        (1000, "a replaced, b signing, c announced"),
        (1999, "a replaced, b signing, c announced"),
        (2000, "a replaced, b replaced, c signing"),
        (999 + KEPT, "a replaced, b replaced, c signing"),
        (1000 + KEPT, "a ended, b replaced, c signing"),
        (2000 + KEPT, "a ended, b ended, c signing"),
        (i64::MAX / 2000, "a ended, b ended, c signing"),
    ] {
        assert_eq!(shown(&rows, seconds), wanted, "{seconds}");
    }
    let mut other_order = rows.clone();
    other_order.reverse();
    assert_eq!(shown(&other_order, 1500), shown(&rows, 1500));
}

#[test]
fn a_revoked_key_is_good_for_nothing_and_its_predecessor_takes_no_place_back() {
    let pending = [row("a", 0, None), row("b", 1000, Some(500)), row("c", 1100, None)];
    assert_eq!(shown(&pending, 1050), "a signing, b revoked, c announced");
    // The successor of a compromised key signs at once.
    let at_once = [row("a", 0, None), row("b", 1000, Some(1500)), row("c", 1500, None)];
    assert_eq!(shown(&at_once, 1500), "a replaced, b revoked, c signing");
    assert_eq!(shown(&at_once, 1499 + KEPT), "a replaced, b revoked, c signing");
    assert_eq!(shown(&at_once, 1500 + KEPT), "a ended, b revoked, c signing");
    assert_eq!(shown(&at_once, 1499 + REVOKED_KEPT_SECONDS), "a ended, b revoked, c signing");
    assert_eq!(shown(&at_once, 1500 + REVOKED_KEPT_SECONDS), "a ended, b ended, c signing");
    assert_eq!(shown(&[row("a", 0, Some(1))], 2), "a revoked");
    assert_eq!(shown(&[], 2), "");
}

#[test]
fn where_no_key_has_begun_the_first_signs_and_a_later_one_never_early() {
    assert_eq!(shown(&[row("a", 100, None)], 50), "a signing");
    assert_eq!(shown(&[row("b", 200, None), row("a", 100, None)], 50), "a signing, b announced");
    let compromised = [row("a", 0, Some(100)), row("b", 100, None), row("c", 500, None)];
    assert_eq!(shown(&compromised, 99), "a revoked, b signing, c announced");
}

#[test]
fn of_keys_that_begin_at_once_the_last_made_signs() {
    let mut later = row("a", 0, None);
    later.created_at = at(1);
    let rows = [later, row("b", 0, None), row("c", 0, None)];
    assert_eq!(shown(&rows, 0), "b replaced, c replaced, a signing");
    assert_eq!(newest(&rows).unwrap().key_id, "a");
}

#[test]
fn a_successor_is_announced_so_early_that_it_signs_on_time() {
    let settings = PassKeySettings {
        algorithm: Algorithm::ES256,
        rotate_after_seconds: 3600,
        jwks_max_age_seconds: 300,
    };
    assert_eq!(settings.publishing_seconds(), 610);
    let newest = row("a", 1000, None);
    assert!(!is_due(&newest, &settings, at(1000 + 3600 - 610 - 1)));
    assert!(is_due(&newest, &settings, at(1000 + 3600 - 610)));
    // Shorter than the publishing time: several are announced at once.
    let short = PassKeySettings { rotate_after_seconds: 10, jwks_max_age_seconds: 2, ..settings };
    assert_eq!(short.publishing_seconds(), 14);
    assert!(!is_due(&newest, &short, at(995)) && is_due(&newest, &short, at(996)));
}

#[test]
fn a_row_goes_a_week_after_its_key_has_ended() {
    let rows = [row("a", 0, None), row("b", 1000, None), row("c", 0, Some(500))];
    for (seconds, wanted) in [
        (1000 + KEPT, &[][..]),
        (999 + KEPT + REMOVED_AFTER_SECONDS, &[]),
        (1000 + KEPT + REMOVED_AFTER_SECONDS, &["a"]),
        (499 + REVOKED_KEPT_SECONDS + REMOVED_AFTER_SECONDS, &["a"]),
        (500 + REVOKED_KEPT_SECONDS + REMOVED_AFTER_SECONDS, &["a", "c"]),
    ] {
        let gone: Vec<&str> = removable(&rows, at(seconds)).iter().map(|row| row.key_id.as_str()).collect();
        assert_eq!(gone, wanted, "{seconds}");
    }
    assert!(removable(&rows[..1], at(i64::MAX / 2000)).is_empty(), "the last one stays");
}

#[test]
fn a_key_that_was_made_later_than_now_is_noticed_unless_it_is_revoked() {
    let made =
        |seconds, revoked_at| SigningKeyRow { created_at: at(seconds), ..row("b", seconds, revoked_at) };
    for (revoked_at, seconds, is_ahead) in [
        (None, 1000 - AHEAD_SECONDS, false),
        (None, 1000 - AHEAD_SECONDS - 1, true),
        (Some(10), 1000 - AHEAD_SECONDS - 1, false),
    ] {
        let rows = [row("a", 0, None), made(1000, revoked_at)];
        assert_eq!(ahead(&rows, at(seconds)).is_some(), is_ahead, "{seconds}");
    }
}

#[test]
fn the_numbers_hold_each_other() {
    assert!(LOOK_INTERVAL < STALE_AFTER);
    let settings =
        PassKeySettings { algorithm: Algorithm::ES256, rotate_after_seconds: 10, jwks_max_age_seconds: 1 };
    let stale = i64::try_from(STALE_AFTER.as_secs()).unwrap();
    assert!(
        settings.publishing_seconds() >= 2 + stale,
        "whoever has not seen a key for so long does not sign"
    );
    const { assert!(KEPT > 86_400 + 60, "a pass of a day is taken until its end") };
}
