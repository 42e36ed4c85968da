//! A look at a database file that changes nothing, whether a server has it open or not.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::super::Found;
use super::connection::{self, known_version};
use super::trouble::fault;
use crate::fault::StoreFault;

/// Looks at the file at `path`.
///
/// Where it has a write-ahead log, a server has it open, or one was killed: it is read as by any reader. Where it has
/// none, nobody writes it, and an ordinary reader would make a log beside it; it is read as a file that does not change
/// then. A server that starts meanwhile makes a log, and the look begins anew.
pub(in crate::engine) fn inspect(path: &Path, sql: &str) -> Result<Found, StoreFault> {
    if connection::log_is_there(path) {
        return read(path, sql);
    }
    let still = immutable(path).and_then(|connection| found(&connection, sql));
    if connection::log_is_there(path) { read(path, sql) } else { still }
}

fn read(path: &Path, sql: &str) -> Result<Found, StoreFault> {
    let connection = connection::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let journal_mode = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| fault(&error))?;
    Ok(Found { journal_mode: Some(journal_mode), ..found(&connection, sql)? })
}

fn found(connection: &Connection, sql: &str) -> Result<Found, StoreFault> {
    let (version, known_version) = (connection::version(connection)?, known_version());
    let is_known = version == known_version;
    let rows = is_known.then(|| connection::run(connection, sql, &[])).transpose()?;
    Ok(Found { engine: "SQLite", version, known_version, journal_mode: None, rows })
}

/// SQLite takes no lock of such a file, and makes none beside it (<https://www.sqlite.org/uri.html>, `immutable`).
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
