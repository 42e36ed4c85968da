//! What SQLite and the system say that went wrong, in words that tell an operator what to do.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::fault::StoreFault;

const ADVICE: &[(ErrorCode, &str)] = &[
    (ErrorCode::DiskFull, "the disk is full: make room on it"),
    (ErrorCode::SystemIoFailure, "the disk does not read or write: it is full, or it fails"),
    (
        ErrorCode::CannotOpen,
        "its file cannot be opened: it must be a file, and this user must be able to write it and its folder, where SQLite \
         keeps its log",
    ),
    (ErrorCode::ReadOnly, "its file is read-only: let this user write it and its folder"),
    (ErrorCode::PermissionDenied, "its file may not be opened: let this user write it and its folder"),
    (
        ErrorCode::NotADatabase,
        "its file is no database of SQLite, and is left as it is: name another in `store.url`, or put a backup in its place",
    ),
    (
        ErrorCode::DatabaseCorrupt,
        "it is damaged, and is left as it is: put a backup in its place, or take out what can still be read with the \
         `.recover` of the `sqlite3` program",
    ),
    (ErrorCode::DatabaseBusy, LOCKED),
    (ErrorCode::DatabaseLocked, LOCKED),
];
const LOCKED: &str = "another process keeps it locked: end that process, or try again when it is done";

/// What the request did wrong is `Corrupt` and concerns it alone; everything else may pass by itself, or when somebody
/// does what the text says.
pub(super) fn fault(error: &rusqlite::Error) -> StoreFault {
    let Some(code) = error.sqlite_error_code() else { return StoreFault::Unavailable(error.to_string()) };
    if matches!(code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) {
        return StoreFault::Corrupt(error.to_string());
    }
    StoreFault::Unavailable(match advice(code) {
        Some(advice) => format!("{advice} (SQLite: {error})"),
        None => error.to_string(),
    })
}

fn advice(code: ErrorCode) -> Option<&'static str> {
    ADVICE.iter().find(|(about, _)| *about == code).map(|(_, advice)| *advice)
}

/// Why a new file was not made.
pub(super) fn of_making(path: &Path, error: &io::Error) -> StoreFault {
    StoreFault::Unavailable(format!(
        "`{}` cannot be made: {error}; it needs a folder that this user may write, on a disk with room",
        path.display()
    ))
}
