//! The tables: made or brought up to date at start; and what a server must be like to be trusted with them.

use std::time::Duration;

use super::session::Session;
use super::trouble::Trouble;
use crate::value::Row;

/// The steps that lead to the tables of this version, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_start.sql"),
    include_str!("../../../migrations/postgres/0002_revocations.sql"),
    include_str!("../../../migrations/postgres/0003_audit_stream.sql"),
];
/// Held while tables are made: of servers that start at once one makes them, and the others see what it did. Nobody else
/// waits for who waits here. What is done may take as long as it takes: an index of a large table is built.
const LOCK: &str = "BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = 0; \
     SET LOCAL synchronous_commit = on; SELECT pg_advisory_xact_lock(7233190457923400563)";
/// A table is waited for less long than others wait for anything (see `session.rs`): whatever comes behind who waits for
/// a table to change it, waits too.
const SHORTLY: &str = "SET LOCAL lock_timeout = '1s'";
/// How often it is tried where another session holds a table, and from one try to the next: with what each waits, a minute.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);
const IS_THERE: &str = "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('schema_version')";
const VERSION: &str = "SELECT version FROM schema_version";
const LAST_ORDINAL: &str = "SELECT COALESCE(MAX(ordinal), -1) FROM exchanges";
/// What no exchange that can be seen has reached.
const NEXT_ORDINAL: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::TEXT::BIGINT + value FROM meta \
     WHERE name = 'ordinal_offset'";
const SERVER: &str = "SELECT current_setting('fsync'), current_setting('server_encoding')";

/// The version that the migrations lead to.
pub(super) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the tables up to date, whoever else does so at the same time.
pub(super) async fn migrate(session: &mut Session) -> Result<(), Trouble> {
    migrate_within(session, ATTEMPTS).await
}

/// Tries it so often where another session holds a table.
pub(super) async fn migrate_within(session: &mut Session, attempts: u32) -> Result<(), Trouble> {
    check_server(session).await?;
    for attempt in 1..=attempts {
        let Err(held) = try_to_migrate(session).await? else { return Ok(()) };
        session.batch("ROLLBACK").await?;
        if attempt == 1 {
            tracing::warn!(
                "the tables cannot be brought up to date yet, since {held}: it is tried again for a minute or more"
            );
        }
        if attempt == attempts {
            return Err(Trouble::Server(format!(
                "the tables are as they were, since {held}: start again when it has ended"
            )));
        }
        // What holds it tells nobody when it ends.
        drop(tokio::time::timeout(PAUSE, std::future::pending::<()>()).await);
    }
    Ok(())
}

/// What keeps the tables from being changed.
type Held = &'static str;

/// Gives what others hold, if that is what it fails of.
async fn try_to_migrate(session: &mut Session) -> Result<Result<(), Held>, Trouble> {
    if !session.batch_unless_held(LOCK).await? {
        return Ok(Err("another server brings them up to date"));
    }
    let known = known_version();
    let done = version(session).await?;
    if done > known {
        return Err(Trouble::Refused(format!(
            "the database has version {done}, this daypass knows {known}: use the newer daypass"
        )));
    }
    session.batch(SHORTLY).await?;
    let is_done = if done == known {
        // Nothing is written, unless the database was brought here: it may turn out to be one that must be left as it is.
        mend_order(session).await?
    } else {
        take_steps(session, done).await?
    };
    if !is_done {
        return Ok(Err("another session holds `exchanges`; a backup, say (`pg_stat_activity` shows it)"));
    }
    session.batch("COMMIT").await.map(Ok)
}

/// From one version to that of this daypass; gives whether nobody held a table.
async fn take_steps(session: &mut Session, done: i64) -> Result<bool, Trouble> {
    let known = known_version();
    if done == 0 {
        session.batch("CREATE TABLE schema_version (version BIGINT NOT NULL)").await?;
        session.batch("INSERT INTO schema_version (version) VALUES (0)").await?;
    } else {
        tracing::info!(
            "the tables are brought from version {done} to {known}: with a large ledger this takes minutes"
        );
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        if !session.batch_unless_held(step).await? {
            return Ok(false);
        }
    }
    session.batch(&format!("UPDATE schema_version SET version = {known}")).await?;
    Ok(true)
}

/// Sees to it that exchanges of this connection come behind all that are there, in a database that another server's dump
/// was read into while daypass ran.
pub(super) async fn mend(session: &mut Session) -> Result<(), Trouble> {
    session.batch(LOCK).await?;
    session.batch(SHORTLY).await?;
    session.batch("SET LOCAL statement_timeout = '30s'").await?;
    if !mend_order(session).await? {
        return Err(Trouble::Server("another session holds `exchanges`".to_owned()));
    }
    session.batch("COMMIT").await
}

/// The order of exchanges is that of their transactions, whose numbers are of one server: in a database that was brought
/// to another, those that are there may be above those that are to come. Then all that are to come are counted from
/// above them. Gives whether nobody held the table.
async fn mend_order(session: &mut Session) -> Result<bool, Trouble> {
    let last = integer(session.run(LAST_ORDINAL, &[]).await?)?;
    if last < integer(session.run(NEXT_ORDINAL, &[]).await?)? {
        return Ok(true);
    }
    tracing::info!("the database was brought from another server: exchanges are counted on from there");
    let offset = last.saturating_add(1);
    let ordinal = format!("pg_current_xact_id()::TEXT::BIGINT + {offset}");
    session
        .batch_unless_held(&format!(
            "UPDATE meta SET value = {offset} WHERE name = 'ordinal_offset'; \
             ALTER TABLE exchanges ALTER COLUMN ordinal SET DEFAULT {ordinal}"
        ))
        .await
}

/// The version of the tables of a server that may be trusted with them; 0 where there are none.
pub(super) async fn found(session: &mut Session) -> Result<i64, Trouble> {
    check_server(session).await?;
    version(session).await
}

/// Refuses a database that took the place of another and is not of this version: only a start migrates.
pub(super) async fn check(session: &mut Session) -> Result<(), Trouble> {
    check_server(session).await?;
    let (found, known) = (version(session).await?, known_version());
    if found == known {
        return Ok(());
    }
    Err(Trouble::Refused(format!(
        "the database has become one of version {found}, this daypass knows {known}: restart it"
    )))
}

/// `synchronous_commit` is ours to set for each commit; `fsync` is the server's alone.
async fn check_server(session: &mut Session) -> Result<(), Trouble> {
    let mut row = one(session.run(SERVER, &[]).await?)?;
    let mut text = || row.text().map_err(|fault| Trouble::Server(fault.to_string()));
    let (fsync, encoding) = (text()?, text()?);
    judge(&fsync, &encoding)
}

fn judge(fsync: &str, encoding: &str) -> Result<(), Trouble> {
    if fsync != "on" {
        return Err(Trouble::Refused(
            "the server runs with fsync = off, so that a crash forgets which tokens are spent: set `fsync = on` in \
             its postgresql.conf and reload it"
                .to_owned(),
        ));
    }
    if encoding != "UTF8" {
        return Err(Trouble::Refused(format!(
            "the database is encoded as {encoding}: make one with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
        )));
    }
    Ok(())
}

/// The version of the tables; 0 where there are none.
async fn version(session: &mut Session) -> Result<i64, Trouble> {
    if integer(session.run(IS_THERE, &[]).await?)? == 0 {
        return Ok(0);
    }
    integer(session.run(VERSION, &[]).await?)
}

fn integer(rows: Vec<Row>) -> Result<i64, Trouble> {
    one(rows)?.integer().map_err(|fault| Trouble::Server(fault.to_string()))
}

fn one(mut rows: Vec<Row>) -> Result<Row, Trouble> {
    rows.pop().ok_or_else(|| Trouble::Server("a row is missing".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_write_durably_or_not_in_utf_8_is_refused_with_what_to_do() {
        assert!(judge("on", "UTF8").is_ok());
        for (fsync, encoding, help) in [("off", "UTF8", "fsync = on"), ("on", "SQL_ASCII", "ENCODING 'UTF8'")]
        {
            let Err(Trouble::Refused(why)) = judge(fsync, encoding) else { panic!("{fsync} {encoding}") };
            assert!(why.contains(help), "{why}");
        }
    }
}
