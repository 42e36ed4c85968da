//! A look at a store that changes nothing: no table is made or brought up to date, no file made, no server disturbed.

use std::path::Path;
use std::time::Duration;

use crate::audit_stream::{self, StreamCursor, StreamLag};
use crate::engine::{self, Location, Look};
use crate::fault::StoreFault;
use crate::signing_keys::{self, SigningKeyRow};
use crate::value::Row;

/// How long a look may take: connecting to a few hosts in turn, and waiting for locks. Longer, and nobody waits for it.
pub const INSPECTION_DEADLINE: Duration = Duration::from_secs(15);

/// What a look at a store found.
#[derive(Debug)]
pub struct Inspection {
    /// The name of the engine, for people.
    pub engine: &'static str,
    /// The version of its tables; 0 where there are none yet.
    pub version: i64,
    /// The version that this daypass makes of it.
    pub known_version: i64,
    /// How SQLite writes the file; `None` where nobody has it open, since a start sets that.
    pub journal_mode: Option<String>,
    /// Every signing key; `None` where the tables are of a newer version.
    pub signing_keys: Option<Vec<SigningKeyRow>>,
    /// The audit stream, where there has been one; `None` also where the tables are of another version.
    pub audit_stream: Option<(StreamCursor, StreamLag)>,
}

impl Inspection {
    /// Looks at the store at `sqlite://PATH` or `postgres://USER@HOST/DATABASE`.
    ///
    /// # Errors
    /// A URL of another kind, a file or server that cannot be read, or one that cannot be trusted to write durably.
    pub async fn of(url: &str) -> Result<Self, StoreFault> {
        let location = Location::parse(url)?;
        let of_known = vec![audit_stream::cursor_question(), audit_stream::lag_question()];
        let asked = Look { of_all: signing_keys::LIST_ALL, of_known };
        let look = tokio::task::spawn_blocking(move || engine::inspect(location, &asked));
        let look = tokio::time::timeout(INSPECTION_DEADLINE, look).await;
        let look = look.map_err(|_| StoreFault::Unavailable("it did not answer in time".to_owned()))?;
        let found = look.map_err(|fault| StoreFault::Unavailable(fault.to_string()))??;
        let rows = found.of_all.map(|rows| rows.into_iter().map(signing_keys::from_row).collect());
        Ok(Self {
            engine: found.engine,
            version: found.version,
            known_version: found.known_version,
            journal_mode: found.journal_mode,
            signing_keys: rows.transpose()?,
            audit_stream: stream(found.of_known)?,
        })
    }

    /// Bytes of a database file and of its write-ahead log, without opening either: closing a file drops the locks that
    /// this process has on it (POSIX, `fcntl`).
    pub fn bytes_of(path: &Path) -> (u64, u64) {
        let database = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        (database, engine::log_bytes(path))
    }
}

/// The answers to both questions about the stream; without a cursor there has never been one.
fn stream(answers: Option<Vec<Vec<Row>>>) -> Result<Option<(StreamCursor, StreamLag)>, StoreFault> {
    let mut answers = answers.unwrap_or_default().into_iter();
    let mut first = || answers.next().and_then(|rows| rows.into_iter().next());
    let (Some(cursor), Some(lag)) = (first(), first()) else { return Ok(None) };
    Ok(Some((StreamCursor::from_row(cursor)?, StreamLag::from_row(lag)?)))
}
