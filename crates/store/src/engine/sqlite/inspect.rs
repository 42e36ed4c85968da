//! A look at a database file that changes nothing, whether a server has it open or not.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::{Found, Look};
use super::connection::{self, known_version};
use super::trouble::fault;
use crate::fault::StoreFault;

/// The shell of SQLite around the files of the system that takes no locks (<https://www.sqlite.org/vfs.html>, 2.1).
const WITHOUT_LOCKS: &str = "unix-none";

/// Looks at the file at `path`.
///
/// Where there is an index of its write-ahead log, a server has it open, or one was killed: it is read as by any reader.
/// Where there is none, nobody writes it, and an ordinary reader would make one beside it. Such a file is read without
/// locks, which need the index: one that a server has closed as a file that does not change, one that was copied with its
/// log with that. A server that starts meanwhile makes an index, and the look begins anew.
pub(in crate::engine) fn inspect(path: &Path, look: &Look) -> Result<Found, StoreFault> {
    if connection::index_is_there(path) {
        return read(path, look);
    }
    let has_log = connection::log_bytes(path) > 0;
    let opened = if has_log { with_log(path) } else { immutable(path) };
    let still = opened.and_then(|connection| found(&connection, look));
    if connection::index_is_there(path) { read(path, look) } else { still }
}

fn read(path: &Path, look: &Look) -> Result<Found, StoreFault> {
    let connection = connection::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let journal_mode = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| fault(&error))?;
    Ok(Found { journal_mode: Some(journal_mode), ..found(&connection, look)? })
}

fn found(connection: &Connection, look: &Look) -> Result<Found, StoreFault> {
    let (version, known_version) = (connection::version(connection)?, known_version());
    let of_all = match version {
        0 => Some(Vec::new()),
        _ if version <= known_version => Some(connection::run(connection, look.of_all, &[])?),
        _ => None,
    };
    let answers =
        || look.of_known.iter().map(|(sql, values)| connection::run(connection, sql, values)).collect();
    let of_known = (version == known_version).then(answers).transpose()?;
    Ok(Found { engine: "SQLite", version, known_version, journal_mode: None, of_all, of_known })
}

/// SQLite takes no lock of such a file, and makes none beside it (<https://www.sqlite.org/uri.html>, `immutable`). It does
/// not look for a log either.
fn immutable(path: &Path) -> Result<Connection, StoreFault> {
    // Without the empty authority, a path that begins with two slashes would be one.
    let scheme = if path.is_absolute() { "file://" } else { "file:" };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let encoded = path.as_os_str().as_encoded_bytes().iter().map(|byte| match *byte {
        plain if is_plain(plain) => char::from(plain).to_string(),
        other => format!("%{other:02X}"),
    });
    let uri = format!("{scheme}{}?immutable=1", encoded.collect::<String>());
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags).map_err(|error| fault(&error))
}

/// Reads the log too, and has its index in memory: SQLite makes none beside a file that one connection has to itself
/// (<https://www.sqlite.org/wal.html>, "Use of WAL Without Shared-Memory").
fn with_log(path: &Path) -> Result<Connection, StoreFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags_and_vfs(path, flags, WITHOUT_LOCKS);
    let connection = opened.map_err(|error| fault(&error))?;
    // INVARIANT: nothing of the log is copied into the database, and the log is not taken away at the end.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|error| fault(&error))?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(|error| fault(&error))?;
    Ok(connection)
}
