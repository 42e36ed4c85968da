//! SQLite's file: where it may be, who may read it, and what happens when it is moved under an open store.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use daypass_store::{Inspection, LedgerFault, SigningKeyRow, Store, StoreFault, StreamStart};
use rusqlite::Connection;

use crate::support::{Place, account_in, all, at, bare, once, project, sqlite, success};

fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.beside(name)).unwrap().permissions().mode() & 0o777
}

/// Renames the database with the two files that belong to it.
fn rename(place: &Place, from: &str, to: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let from = place.beside(&format!("{from}{suffix}"));
        if from.exists() {
            fs::rename(from, place.beside(&format!("{to}{suffix}"))).unwrap();
        }
    }
}

async fn assert_unavailable(store: &Store) {
    assert!(matches!(store.ping().await, Err(StoreFault::Unavailable(_))));
    assert!(matches!(store.projects().list(None, 1).await, Err(StoreFault::Unavailable(_))));
    let recorded = store.ledger().record(success(9), Some(once(9))).await;
    assert!(matches!(recorded, Err(LedgerFault::Store(StoreFault::Unavailable(_)))), "{recorded:?}");
}

#[tokio::test]
async fn a_url_names_a_file() {
    for url in [
        "",
        "sqlite:",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://file:a.db",
        "postgres://",
        "a.db",
        "SQLITE:///a.db",
    ] {
        assert!(matches!(Store::open(url).await.err(), Some(StoreFault::Url(_))), "{url}");
    }
}

#[tokio::test]
async fn a_folder_that_is_missing_is_not_made() {
    let place = sqlite();
    let url = format!("sqlite://{}", place.beside("missing/daypass.db").display());
    assert!(matches!(Store::open(&url).await.err(), Some(StoreFault::Unavailable(_))));
    assert!(!place.beside("missing").exists());
    let folder = format!("sqlite://{}", place.beside("").display());
    assert!(matches!(Store::open(&folder).await.err(), Some(StoreFault::Unavailable(_))));
}

#[tokio::test]
async fn the_database_can_be_read_by_its_owner_alone() {
    let place = sqlite();
    let store = place.open().await;
    store.ledger().record(success(1), None).await.unwrap();
    assert_eq!(["daypass.db", "daypass.db-wal", "daypass.db-shm"].map(|name| mode(&place, name)), [0o600; 3]);
}

#[tokio::test]
async fn a_closed_database_is_one_file() {
    let place = sqlite();
    let store = place.open().await;
    store.ledger().record(success(1), None).await.unwrap();
    assert_eq!(all(&store).await.len(), 1);
    assert!(place.beside("daypass.db-wal").exists());
    store.close().await;
    // Whoever copies the file now has everything.
    assert_eq!(fs::read_dir(place.beside("")).unwrap().count(), 1);
    fs::rename(place.file(), place.beside("copy")).unwrap();
    rename(&place, "copy", "daypass.db");
    assert_eq!(all(&place.open().await).await.len(), 1);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let place = sqlite();
    place.open().await.close().await;
    let connection = Connection::open(place.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let fault = Store::open(&place.url).await.err();
    assert!(matches!(&fault, Some(StoreFault::Refused(text)) if text.contains("version 99")), "{fault:?}");
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = sqlite();
    fs::write(place.file(), "not a database, and long enough to be told from one: ".repeat(40)).unwrap();
    assert!(matches!(Store::open(&place.url).await.err(), Some(StoreFault::Unavailable(_))));
    assert!(fs::read_to_string(place.file()).unwrap().starts_with("not a database"));
}

#[tokio::test]
async fn where_a_page_of_spent_tokens_is_damaged_nothing_is_recorded_as_a_success() {
    let place = sqlite();
    let store = place.open().await;
    store.ledger().record(success(1), Some(once(1))).await.unwrap();
    store.close().await;
    let connection = Connection::open(place.file()).unwrap();
    let root = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'spent_tokens'";
    let root: usize = connection.query_row(root, [], |row| row.get::<_, u32>(0)).unwrap().try_into().unwrap();
    drop(connection);
    let good = fs::read(place.file()).unwrap();
    let mut damaged = good.clone();
    damaged[(root - 1) * 4_096..][..4_096].fill(0xa5);
    fs::write(place.file(), damaged).unwrap();
    let store = place.open().await;
    for number in 1..3 {
        let recorded = store.ledger().record(success(2), Some(once(number))).await;
        let fault = recorded.err().map(|fault| fault.to_string()).unwrap_or_default();
        assert!(fault.contains("it is damaged"), "{fault}");
    }
    assert_eq!(all(&store).await.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_moved_away_is_not_made_anew_and_is_used_again_when_it_is_back() {
    let place = sqlite();
    let store = place.open().await;
    let owner = account_in(&store).await;
    store.ledger().record(success(1), Some(once(1))).await.unwrap();
    for is_whole in [true, false, true] {
        // With the files that belong to it, or without.
        if is_whole {
            rename(&place, "daypass.db", "away.db");
        } else {
            fs::rename(place.file(), place.beside("away.db")).unwrap();
        }
        for _ in 0..2 {
            assert_unavailable(&store).await;
        }
        assert!(!place.file().exists());
        rename(&place, "away.db", "daypass.db");
        assert_eq!(store.ping().await, Ok(()));
        let again = store.ledger().record(success(2), Some(once(1))).await;
        assert!(matches!(again, Err(LedgerFault::AlreadySpent { .. })), "{again:?}");
    }
    store.projects().upsert(project(owner, "42"), at(1)).await.unwrap();
    assert_eq!(store.projects().list(None, 10).await.unwrap().len(), 1);
    assert_eq!(all(&store).await.len(), 4);
}

#[tokio::test]
async fn refusals_that_a_database_which_is_away_cannot_take_are_counted() {
    let place = sqlite();
    let store = place.open().await;
    rename(&place, "daypass.db", "away.db");
    for number in 0..3 {
        store.ledger().refuse(bare(number));
    }
    store.close().await;
    assert_eq!(store.ledger().statistics().refusals_dropped, 3);
}

#[tokio::test]
async fn a_database_that_takes_the_place_of_another_is_used_from_then_on() {
    let place = sqlite();
    place.open().await.close().await;
    rename(&place, "daypass.db", "backup.db");
    let store = place.open().await;
    store.ledger().record(success(1), Some(once(1))).await.unwrap();
    assert_eq!(all(&store).await.len(), 1);
    rename(&place, "daypass.db", "old.db");
    rename(&place, "backup.db", "daypass.db");
    assert_eq!(all(&store).await.len(), 0);
    store.ledger().record(success(2), Some(once(1))).await.unwrap();
    assert_eq!(all(&store).await.len(), 1);
}

#[tokio::test]
async fn a_file_of_another_version_that_takes_the_place_of_the_database_is_refused() {
    for version in [0, 1, 99] {
        let place = sqlite();
        let other = Connection::open(place.beside("other.db")).unwrap();
        other.pragma_update(None, "user_version", version).unwrap();
        other
            .execute_batch(
                "CREATE TABLE meta (name TEXT, value INTEGER); INSERT INTO meta VALUES ('ping', 0)",
            )
            .unwrap();
        let store = place.open().await;
        rename(&place, "daypass.db", "old.db");
        rename(&place, "other.db", "daypass.db");
        assert!(matches!(store.ping().await, Err(StoreFault::Refused(_))));
        assert!(matches!(store.projects().list(None, 1).await, Err(StoreFault::Refused(_))));
    }
}

/// Closing any descriptor of a file drops all POSIX locks that its process has on it. Without SQLite's shared lock, another
/// process that reads the database and closes it takes the log away from under the server.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_is_locked_from_its_first_moment_so_that_nobody_takes_its_log_away() {
    use std::os::unix::fs::MetadataExt as _;
    let place = sqlite();
    let path = place.beside("new.db");
    for moment in ["made", "opened again"] {
        let store = Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        store.ping().await.unwrap();
        let (inode, process) = (fs::metadata(&path).unwrap().ino(), std::process::id());
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let is_held = locks.lines().any(|lock| {
            let fields: Vec<&str> = lock.split_whitespace().collect();
            fields.get(4) == Some(&process.to_string().as_str())
                && fields.get(5).is_some_and(|file| file.ends_with(&format!(":{inode}")))
        });
        assert!(is_held, "{moment}: no lock on the file\n{locks}");
        store.close().await;
    }
}

/// Names and bytes of all that is beside the database, itself included.
fn beside(place: &Place) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(place.beside("")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_look_makes_no_file_and_changes_none_and_reads_what_a_server_has_written() {
    let place = sqlite();
    let url = format!("sqlite://{}", place.file().display());
    assert!(matches!(Inspection::of(&url).await.err(), Some(StoreFault::Unavailable(_))));
    assert_eq!(beside(&place), []);

    let store = place.open().await;
    store.signing_keys().insert_first(&signing_key("first")).await.unwrap();
    let found = Inspection::of(&url).await.unwrap();
    assert_eq!((found.engine, found.version), ("SQLite", found.known_version));
    assert_eq!(found.journal_mode.as_deref(), Some("wal"));
    assert_eq!(found.signing_keys.unwrap(), [signing_key("first")], "it is in the log alone");
    store.ping().await.unwrap();
    store.close().await;

    let before = beside(&place);
    let found = Inspection::of(&url).await.unwrap();
    assert_eq!((found.journal_mode, found.signing_keys.map(|keys| keys.len())), (None, Some(1)));
    assert!(beside(&place) == before, "a look made or changed a file");
}

#[tokio::test]
async fn a_look_migrates_nothing_and_tells_the_version() {
    let place = sqlite();
    let odd = place.beside("a b?#%ä.db");
    for (version, keys) in [(0, Some(vec![])), (99, None)] {
        let connection = Connection::open(&odd).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        connection.close().unwrap();
        let found = Inspection::of(&format!("sqlite://{}", odd.display())).await.unwrap();
        assert_eq!((found.version, found.signing_keys), (version, keys));
        assert!(found.known_version < 99 && found.audit_stream.is_none());
    }
    let connection = Connection::open(&odd).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn a_look_at_older_tables_reads_the_keys_which_have_not_changed_since() {
    let place = sqlite();
    let store = place.open().await;
    store.signing_keys().insert_first(&signing_key("first")).await.unwrap();
    store.close().await;
    let connection = Connection::open(place.file()).unwrap();
    connection.execute_batch("DROP TABLE audit_stream; PRAGMA user_version = 2").unwrap();
    connection.close().unwrap();
    let found = Inspection::of(&format!("sqlite://{}", place.file().display())).await.unwrap();
    assert_eq!((found.version, found.signing_keys.unwrap()), (2, vec![signing_key("first")]));
}

#[tokio::test]
async fn a_look_at_a_copy_with_its_log_reads_the_log_and_makes_nothing() {
    let place = sqlite();
    let store = place.open().await;
    store.signing_keys().insert_first(&signing_key("first")).await.unwrap();
    let copy = sqlite();
    let log = fs::read(place.beside("daypass.db-wal")).unwrap();
    assert!(!log.is_empty());
    fs::copy(place.file(), copy.file()).unwrap();
    fs::write(copy.beside("daypass.db-wal"), &log).unwrap();
    let before = beside(&copy);
    let url = format!("sqlite://{}", copy.file().display());
    let found = Inspection::of(&url).await.unwrap();
    assert_eq!(found.signing_keys.unwrap(), [signing_key("first")], "it is in the log alone");
    assert!(beside(&copy) == before, "a look made or changed a file");
    store.close().await;

    // A log that has nothing in it counts as none.
    fs::copy(place.file(), copy.file()).unwrap();
    fs::write(copy.beside("daypass.db-wal"), "").unwrap();
    let before = beside(&copy);
    assert_eq!(Inspection::of(&url).await.unwrap().signing_keys.unwrap(), [signing_key("first")]);
    assert!(beside(&copy) == before, "a look made or changed a file");
}

#[tokio::test]
async fn a_look_tells_how_far_the_audit_stream_is_behind() {
    let place = sqlite();
    let url = format!("sqlite://{}", place.file().display());
    let store = place.open().await;
    assert_eq!(Inspection::of(&url).await.unwrap().audit_stream, None);
    store.audit_stream().begin(StreamStart::Beginning).await.unwrap();
    store.ledger().record(success(9), Some(once(9))).await.unwrap();
    let told =
        (store.audit_stream().cursor().await.unwrap().unwrap(), store.audit_stream().lag().await.unwrap());
    assert_eq!(told.1.exchanges, 1);
    assert_eq!(Inspection::of(&url).await.unwrap().audit_stream, Some(told));
    store.close().await;
}

fn signing_key(key_id: &str) -> SigningKeyRow {
    SigningKeyRow {
        key_id: key_id.to_owned(),
        purpose: "pass".to_owned(),
        algorithm: "ES256".to_owned(),
        sealed: vec![1],
        public_jwk: "{}".to_owned(),
        created_at: at(1),
        activates_at: at(2),
        revoked_at: None,
    }
}
