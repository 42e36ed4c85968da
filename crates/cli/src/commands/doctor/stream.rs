//! The audit stream: whether it can go where it is to, and how far it has come. Nothing is sent: a webhook would take it for
//! a delivery.

use std::path::Path;

use daypass_app::audit_stream::Destination;
use daypass_jose::Timestamp;
use daypass_store::{MAX_COUNTED_LAG, StreamCursor, StreamLag};
use rustix::fs::{Access, access};

use super::check::Check;
use super::finding::Finding;
use super::store::Seen;
use crate::settings::Settings;
use crate::words;

/// For how long something may wait before somebody should look, in seconds: as the rule in `docs/metrics.md`. What a receiver
/// refuses is tried again every few minutes.
const WAITS_LONG_SECONDS: i64 = 600;

/// Nothing where the settings name no stream.
pub(super) fn check(settings: &Settings, seen: &Seen, now: Timestamp) -> Vec<Finding> {
    let Some(destination) = settings.stream_destination() else { return Vec::new() };
    let unwritable = match destination {
        Destination::File(path) => unwritable(path),
        Destination::Webhook(_) | Destination::Stdout => None,
    };
    let progress = match (&seen.stream, &seen.keys) {
        (Some((cursor, lag)), _) => progress(cursor, *lag, now),
        (None, Some(_)) => Finding::note(
            Check::AuditStream,
            "it has not begun: a server that has it in its settings begins it",
        ),
        (None, None) => Finding::note(
            Check::AuditStream,
            "how far it has come is not told: the database was not looked at",
        ),
    };
    unwritable.into_iter().chain([progress.at(&settings.store)]).collect()
}

fn progress(cursor: &StreamCursor, lag: StreamLag, now: Timestamp) -> Finding {
    let last = cursor.delivered_at.map_or_else(
        || "nothing was delivered yet".to_owned(),
        |moment| format!("the last delivery was {}", words::relative(moment, now)),
    );
    let Some(oldest) = lag.oldest.filter(|_| lag.exchanges > 0) else {
        return Finding::ok(Check::AuditStream, format!("nothing waits; {last}"));
    };
    let most = if lag.exchanges >= u64::from(MAX_COUNTED_LAG) { "at least " } else { "" };
    let by = if cursor.holder.is_empty() { ", and no server delivers" } else { "" };
    let text = format!(
        "exchanges wait: {most}{}, the oldest from {}{by}; {last}",
        lag.exchanges,
        words::relative(oldest, now)
    );
    if oldest.plus_seconds(WAITS_LONG_SECONDS) < now {
        Finding::warning(Check::AuditStream, text)
    } else {
        Finding::ok(Check::AuditStream, text)
    }
}

/// As the system judges this user: nothing is opened for it.
fn unwritable(path: &Path) -> Option<Finding> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A file that is there is opened; one that is not, is made in its folder.
    let (place, how) =
        if path.exists() { (path, Access::WRITE_OK) } else { (folder, Access::WRITE_OK | Access::EXEC_OK) };
    let fault = access(place, how).err()?;
    let text = format!("this user may not write `{}`: {fault}", place.display());
    Some(Finding::fault(Check::AuditStream, text).at(&path.display()))
}
