//! The write-ahead log: copied into the database by a thread beside the writer, and begun anew before it grows long.
//!
//! A log that is begun anew is written over, which is cheaper than one that grows, and stays in the page cache. SQLite can
//! begin it anew only when all of it is in the database and on the platter. The thread does nearly all of that; the writer,
//! between two commits, the little that came meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::super::MAX_LOG_BYTES;
use super::connection::{self, Copied};
use super::sync;
use crate::fault::StoreFault;

/// Rows after which the log is copied: few, since commits wait while the disk is busy with what was copied.
const ROWS: usize = 192;
/// Pages of a log that is worth beginning anew: 48 MiB.
const LONG_PAGES: i64 = 12_288;
/// Pages that the writer may have to copy itself.
const FEW_PAGES: i64 = 512;
/// Bytes by which a log that cannot be emptied grows before the writer tries again, and says so again: 8 MiB.
const AGAIN_BYTES: u64 = 8 * 1024 * 1024;

/// The writer's side.
pub(super) struct Checkpoints {
    path: PathBuf,
    due: SyncSender<()>,
    is_nearly_copied: Arc<AtomicBool>,
    rows: usize,
    /// Bytes of the log at which the writer empties it.
    too_long: u64,
}

impl Checkpoints {
    /// Starts the thread that copies; it ends when this is dropped.
    pub(super) fn start(path: &Path) -> Result<(Self, JoinHandle<()>), StoreFault> {
        let (due, is_due) = sync_channel(1);
        let is_nearly_copied = Arc::new(AtomicBool::new(false));
        let (at, nearly) = (path.to_owned(), Arc::clone(&is_nearly_copied));
        let copying = Builder::new()
            .name("daypass-checkpoint".to_owned())
            .spawn(move || run(&at, &is_due, &nearly))
            .map_err(|error| StoreFault::Unavailable(error.to_string()))?;
        Ok((Self { path: path.to_owned(), due, is_nearly_copied, rows: 0, too_long: MAX_LOG_BYTES }, copying))
    }

    /// To be called after each commit, with the number of its rows.
    pub(super) fn committed(&mut self, rows: usize, connection: &Connection) {
        self.rows = self.rows.saturating_add(rows);
        if self.rows >= ROWS {
            self.rows = 0;
            // Full means that one is due already.
            let _already_due = self.due.try_send(());
        }
        if self.is_nearly_copied.swap(false, Ordering::Relaxed)
            && let Err(fault) = connection::restart_log(connection)
        {
            // A request reads just now, as a rule: the next time will do.
            tracing::debug!("the write-ahead log was not begun anew: {fault}");
        }
        // The thread does not keep up, or somebody reads what is old.
        let bytes = connection::log_bytes(&self.path);
        if bytes > self.too_long {
            self.empty(bytes, connection);
        }
    }

    /// A reader that does not end keeps the log from being emptied; it grows then, and must not cost each commit a try.
    fn empty(&mut self, bytes: u64, connection: &Connection) {
        self.too_long = match connection::empty_log(connection) {
            Ok(()) => MAX_LOG_BYTES,
            Err(fault) => {
                tracing::warn!(
                    bytes,
                    "the write-ahead log cannot be emptied and grows; if a program beside daypass has the database open, \
                     end it: {fault}"
                );
                bytes.saturating_add(AGAIN_BYTES)
            }
        };
    }
}

fn run(path: &Path, is_due: &Receiver<()>, is_nearly_copied: &AtomicBool) {
    let mut open = None;
    while is_due.recv().is_ok() {
        match copy(path, &mut open) {
            Ok(copied) => {
                let is_nearly = copied.pages >= LONG_PAGES && copied.left() <= FEW_PAGES;
                is_nearly_copied.store(is_nearly, Ordering::Relaxed);
            }
            Err(fault) => {
                open = None;
                tracing::warn!("the write-ahead log was not copied, the next commits try again: {fault}");
            }
        }
    }
}

/// Copies what there is and brings it to the platter, so that the writer has little to wait for when it begins the log
/// anew. The connection is kept while the file is the same.
fn copy(path: &Path, open: &mut Option<Open>) -> Result<Copied, StoreFault> {
    let opened_on = connection::file_identity(path);
    let kept = open.take().filter(|kept| kept.opened_on == opened_on);
    let connection = match kept {
        Some(kept) => kept.connection,
        None => connection::open_writer(path)?,
    };
    let copied = connection::copy_log(&connection)?;
    sync::sync(path).map_err(|error| StoreFault::Unavailable(error.to_string()))?;
    *open = Some(Open { connection, opened_on });
    Ok(copied)
}

/// The thread's own connection, and the file that it was opened on.
struct Open {
    connection: Connection,
    opened_on: Option<(u64, u64)>,
}
