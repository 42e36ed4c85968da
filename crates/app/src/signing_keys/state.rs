//! What each key of a set is good for at a moment: pure, from the rows and the time alone.
//!
//! 1. A revoked key is good for nothing.
//! 2. The key signs that is the last to have begun. Where none has begun, because this machine's clock is behind that of
//!    the one that made the only key, it is the first that will.
//! 3. A key that is to begin is published, so that verifiers know it by then.
//! 4. A key with a successor is published until the last pass that it can have signed has expired.

use daypass_jose::Timestamp;
use daypass_store::SigningKeyRow;

use super::{
    AHEAD_SECONDS, KEPT_SECONDS, MAX_LIVE_KEYS, PassKeySettings, REMOVED_AFTER_SECONDS, REVOKED_KEPT_SECONDS,
};

/// What a key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is published, and will sign.
    Announced,
    /// It signs, and is published.
    Signing,
    /// It signs no more, and is published for the passes that it signed.
    Replaced,
    /// Nothing that it signed is taken.
    Revoked,
    /// It is of no use any more; its row goes [`REMOVED_AFTER_SECONDS`] later.
    Ended,
}

/// A key and what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyState<'a> {
    /// The key.
    pub row: &'a SigningKeyRow,
    /// What it is good for.
    pub standing: Standing,
    /// When it ends, where that is known: when its last pass has expired, or its record is taken out.
    pub ends_at: Option<Timestamp>,
}

impl Standing {
    /// Its text for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Signing => "signing",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
        }
    }

    /// Whether it is in the published set. What is published is what verifies.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Announced | Self::Signing | Self::Replaced => true,
            Self::Revoked | Self::Ended => false,
        }
    }
}

/// Every key of one set with what it is good for, in the order in which they begin to sign.
pub fn states(rows: &[SigningKeyRow], now: Timestamp) -> Vec<KeyState<'_>> {
    let live = live(rows);
    let begun = live.iter().rev().find(|row| row.activates_at <= now).or(live.first());
    let signing = begun.map(|row| row.key_id.as_str());
    in_order(rows.iter()).into_iter().map(|row| state(row, &live, signing, now)).collect()
}

/// The key that signs last of those that are not revoked.
pub(super) fn newest(rows: &[SigningKeyRow]) -> Option<&SigningKeyRow> {
    live(rows).pop()
}

/// Whether it is time to announce a successor.
pub(super) fn is_due(newest: &SigningKeyRow, settings: &PassKeySettings, now: Timestamp) -> bool {
    due_at(newest, settings) <= now
}

fn due_at(newest: &SigningKeyRow, settings: &PassKeySettings) -> Timestamp {
    let before = settings.rotate_after_seconds.saturating_sub(settings.publishing_seconds());
    newest.activates_at.plus_seconds(before)
}

/// When a server makes the next key; `None` where there is no key to follow.
pub fn next_rotation(rows: &[SigningKeyRow], settings: &PassKeySettings) -> Option<Timestamp> {
    newest(rows).map(|newest| due_at(newest, settings))
}

/// The keys that ended so long ago that their rows may go.
pub(super) fn removable(rows: &[SigningKeyRow], now: Timestamp) -> Vec<&SigningKeyRow> {
    let ended = states(rows, now.plus_seconds(-REMOVED_AFTER_SECONDS));
    ended.into_iter().filter(|state| state.standing == Standing::Ended).map(|state| state.row).collect()
}

/// A key that was made later than it can be now, if there is one. Those that are revoked stand in nobody's way.
pub fn ahead(rows: &[SigningKeyRow], now: Timestamp) -> Option<&SigningKeyRow> {
    live(rows).into_iter().rev().find(|row| row.created_at > now.plus_seconds(AHEAD_SECONDS))
}

/// Whether the set takes no more keys.
pub(super) fn is_full(rows: &[SigningKeyRow], now: Timestamp) -> bool {
    states(rows, now).iter().filter(|state| state.standing.is_published()).count() >= MAX_LIVE_KEYS
}

fn state<'a>(
    row: &'a SigningKeyRow,
    live: &[&SigningKeyRow],
    signing: Option<&str>,
    now: Timestamp,
) -> KeyState<'a> {
    if let Some(revoked_at) = row.revoked_at {
        let ends_at = revoked_at.plus_seconds(REVOKED_KEPT_SECONDS);
        let standing = if ends_at <= now { Standing::Ended } else { Standing::Revoked };
        return KeyState { row, standing, ends_at: Some(ends_at) };
    }
    let successor = live.iter().find(|other| order(other) > order(row));
    let ends_at = successor.map(|successor| successor.activates_at.plus_seconds(KEPT_SECONDS));
    let standing = if signing == Some(row.key_id.as_str()) {
        Standing::Signing
    } else if ends_at.is_some_and(|ends_at| ends_at <= now) {
        Standing::Ended
    } else if row.activates_at > now {
        Standing::Announced
    } else {
        Standing::Replaced
    };
    KeyState { row, standing, ends_at }
}

/// Keys that are not revoked. A revoked successor does not count: its predecessor may have signed after it.
fn live(rows: &[SigningKeyRow]) -> Vec<&SigningKeyRow> {
    in_order(rows.iter().filter(|row| row.revoked_at.is_none()))
}

fn in_order<'a>(rows: impl Iterator<Item = &'a SigningKeyRow>) -> Vec<&'a SigningKeyRow> {
    let mut rows: Vec<&SigningKeyRow> = rows.collect();
    rows.sort_by_key(|row| order(row));
    rows
}

/// The store knows it too, where it asks for the newest.
fn order(row: &SigningKeyRow) -> (Timestamp, Timestamp, &str) {
    (row.activates_at, row.created_at, &row.key_id)
}
