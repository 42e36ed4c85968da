//! Bringing the database file to the platter beside the writer, so that the end of a checkpoint has little left to wait for.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::connection::file_identity;

/// A file by its device and number.
type Identity = (u64, u64);

/// Databases that were opened to be synced: one, and one more for each that took its place.
///
/// INVARIANT: none is closed while the process lives. Closing any descriptor of a file drops all POSIX locks that the
/// process has on it (POSIX, `fcntl`), SQLite's own among them, and another process takes the log away.
static OPENED: Mutex<Vec<(Identity, Arc<File>)>> = Mutex::new(Vec::new());

/// Returns when all that was written to the file is on the platter.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    let Some(identity) = file_identity(path) else { return Ok(()) };
    opened(path, identity)?.sync_data()
}

fn opened(path: &Path, identity: Identity) -> io::Result<Arc<File>> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, file)) = opened.iter().find(|(known, _)| *known == identity) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(File::open(path)?);
    opened.push((identity, Arc::clone(&file)));
    Ok(file)
}
