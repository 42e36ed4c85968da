//! SQLite: how a connection is opened, and how a statement of the shared subset runs on it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Statement, ToSql};

use super::trouble::{self, fault};
use crate::fault::StoreFault;
use crate::value::{Row, Value};

/// How long a connection waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Statements that a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 64;
/// Memory in which the writer keeps pages: 16 MiB, in the KiB that SQLite counts by a negative number. Spent tokens are
/// written all over their table, and a page that is not kept is read again.
const CACHE_SIZE: &str = "-16384";
/// `PRAGMA synchronous` = FULL: a commit returns when the log is on the platter, not only in the page cache.
const FULL: i64 = 2;

/// The steps that lead to the tables of this version, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_start.sql"),
    include_str!("../../../migrations/sqlite/0002_revocations.sql"),
    include_str!("../../../migrations/sqlite/0003_audit_stream.sql"),
];

/// Opens the database for writing, making and migrating it as needed.
pub(super) fn create(path: &Path) -> Result<Connection, StoreFault> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // INVARIANT: closed before SQLite opens the file. Closing any descriptor of a file drops all POSIX locks that the
        // process has on it (POSIX, `fcntl`): without SQLite's, another process that closes the database takes its log
        // away, and what is committed afterwards is in a file that nobody can find.
        Ok(file) => drop(file),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(trouble::of_making(path, &error)),
    }
    let mut connection = configure(path)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens an existing database for writing: durable, and never made anew, so that a lost file is not taken for an
/// empty one.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreFault> {
    let connection = configure(path)?;
    check_version(&connection)?;
    Ok(connection)
}

fn configure(path: &Path) -> Result<Connection, StoreFault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    for (pragma, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("wal_autocheckpoint", "0"),
        ("foreign_keys", "ON"),
        ("cache_size", CACHE_SIZE),
    ] {
        connection.pragma_update(None, pragma, value).map_err(|error| fault(&error))?;
    }
    check_durability(&connection)?;
    Ok(connection)
}

/// SQLite refuses a journal mode or a `synchronous` without a word, so both are read back.
pub(super) fn check_durability(connection: &Connection) -> Result<(), StoreFault> {
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| fault(&error))?;
    let synchronous: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .map_err(|error| fault(&error))?;
    if journal == "wal" && synchronous == FULL {
        return Ok(());
    }
    Err(StoreFault::Refused(format!(
        "the database writes with journal_mode = {journal} and synchronous = {synchronous}, not wal and {FULL}"
    )))
}

/// Opens an existing database for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreFault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check_version(&connection)?;
    Ok(connection)
}

pub(super) fn open(path: &Path, access: OpenFlags) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| fault(&error))?;
    wait_for_locks(&connection)?;
    // Without this guarantee SQLite compiles a statement anew for each value that it is given.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| fault(&error))?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(connection)
}

/// The version that the migrations lead to.
pub(super) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

pub(super) fn version(connection: &Connection) -> Result<i64, StoreFault> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|error| fault(&error))
}

/// Refuses a file that took the place of the database and is not of this version: only a start migrates.
fn check_version(connection: &Connection) -> Result<(), StoreFault> {
    let (found, known) = (version(connection)?, known_version());
    if found == known {
        return Ok(());
    }
    Err(StoreFault::Refused(format!(
        "the database was replaced by one of version {found}, this daypass knows {known}: restart it"
    )))
}

fn migrate(connection: &mut Connection) -> Result<(), StoreFault> {
    let steps = known_version();
    // IMMEDIATE: two processes that start at once migrate one after the other, and the second sees what the first did.
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|error| fault(&error))?;
    let done = version(&transaction)?;
    if done > steps {
        return Err(StoreFault::Refused(format!(
            "the database has version {done}, this daypass knows {steps}: use the newer daypass"
        )));
    }
    if done == steps {
        // Nothing is written: the database may turn out to be one that must be left as it is.
        return Ok(());
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(|error| fault(&error))?;
    }
    transaction.pragma_update(None, "user_version", steps).map_err(|error| fault(&error))?;
    transaction.commit().map_err(|error| fault(&error))
}

/// Identifies the file behind a path, so that a database that was moved away or replaced is noticed.
pub(super) fn file_identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Whether the index of the write-ahead log is beside the database, by which all who have it open share the log.
pub(super) fn index_is_there(path: &Path) -> bool {
    fs::exists(beside(path, "-shm")).unwrap_or(true)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

/// Bytes of the write-ahead log beside the database; 0 where there is none.
pub(crate) fn log_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len())
}

/// What has been copied of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copied {
    /// Pages in the log.
    pub(super) pages: i64,
    /// Those of them that are in the database.
    pub(super) copied: i64,
}

impl Copied {
    /// Pages that are in the log alone.
    pub(super) fn left(self) -> i64 {
        self.pages.saturating_sub(self.copied)
    }
}

/// Copies what there is of the write-ahead log into the database, while others write and read.
pub(super) fn copy_log(connection: &Connection) -> Result<Copied, StoreFault> {
    let row = run(connection, "PRAGMA wal_checkpoint(PASSIVE)", &[])?.pop();
    let mut row = row.ok_or_else(says_nothing)?;
    let _is_busy = row.integer()?;
    Ok(Copied { pages: row.integer()?, copied: row.integer()? })
}

/// Copies the rest of the write-ahead log and has the next commit begin it anew. Fails where somebody is reading or
/// copying it now.
pub(super) fn restart_log(connection: &Connection) -> Result<(), StoreFault> {
    checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")
}

/// The same, and gives its space back.
pub(super) fn empty_log(connection: &Connection) -> Result<(), StoreFault> {
    checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
}

fn checkpoint(connection: &Connection, sql: &str) -> Result<(), StoreFault> {
    connection.busy_timeout(Duration::ZERO).map_err(|error| fault(&error))?;
    let done = run(connection, sql, &[]);
    wait_for_locks(connection)?;
    let is_busy = match done?.pop() {
        Some(mut row) => row.integer()? != 0,
        None => return Err(says_nothing()),
    };
    if is_busy {
        return Err(StoreFault::Unavailable("somebody reads what is old, or copies the log".to_owned()));
    }
    Ok(())
}

fn says_nothing() -> StoreFault {
    StoreFault::Corrupt("a checkpoint says nothing".to_owned())
}

/// Has a connection wait for locks that others hold, for a while.
pub(super) fn wait_for_locks(connection: &Connection) -> Result<(), StoreFault> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| fault(&error))
}

/// Runs a statement; its parameters `$1`, `$2`, … are bound by name, since SQLite numbers them by appearance.
pub(super) fn run(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreFault> {
    let mut statement = bound(connection, sql, values)?;
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(value_of(row.get_ref(column).map_err(|error| fault(&error))?)?);
        }
        found.push(Row::new(values));
    }
    Ok(found)
}

/// Runs a statement that gives no rows; gives the number of rows that it changed.
pub(super) fn change(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreFault> {
    bound(connection, sql, values)?.raw_execute().map_err(|error| fault(&error))
}

fn bound<'c>(
    connection: &'c Connection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<CachedStatement<'c>, StoreFault> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| fault(&error))?;
    if statement.parameter_count() != values.len() {
        return Err(StoreFault::Corrupt("the statement has other parameters than values".to_owned()));
    }
    for (number, value) in (1_usize..).zip(values) {
        refuse_nul(value)?;
        let index = parameter(&statement, number)?;
        statement.raw_bind_parameter(index, value).map_err(|error| fault(&error))?;
    }
    Ok(statement)
}

/// Where the parameter `$number` is. Most texts name theirs in order; then its name stands at its own number.
fn parameter(statement: &Statement<'_>, number: usize) -> Result<usize, StoreFault> {
    let is_named_so = |name: &str| name.strip_prefix('$').is_some_and(|name| name.parse() == Ok(number));
    if statement.parameter_name(number).is_some_and(is_named_so) {
        return Ok(number);
    }
    let index = statement.parameter_index(&format!("${number}")).map_err(|error| fault(&error))?;
    index.ok_or_else(|| StoreFault::Corrupt(format!("the statement has no ${number}")))
}

/// PostgreSQL does not take it.
fn refuse_nul(value: &Value<'_>) -> Result<(), StoreFault> {
    if matches!(value, Value::Text(text) if text.contains('\0')) {
        return Err(StoreFault::Corrupt("a text holds U+0000".to_owned()));
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value_of(value: ValueRef<'_>) -> Result<Value<'static>, StoreFault> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(value) => Ok(Value::Integer(value)),
        ValueRef::Text(text) => String::from_utf8(text.to_vec())
            .map(Value::from)
            .map_err(|_| StoreFault::Corrupt("a text is not UTF-8".to_owned())),
        ValueRef::Blob(bytes) => Ok(bytes.to_vec().into()),
        ValueRef::Real(_) => Err(StoreFault::Corrupt("a column holds a float".to_owned())),
    }
}
