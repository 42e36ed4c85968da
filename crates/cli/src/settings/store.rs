//! `[store]`: where the ledger is.

use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use daypass_jose::Secret;
use daypass_store::{Inspection, Store, StoreFault, shown_url};

use super::overlay::{Given, Place, Scope};

const DEFAULT_DATABASE: &str = "daypass.db";
/// For how long exchanges are kept, where the settings say so: longer than any credential of theirs is valid.
const KEEP_EXCHANGES_SECONDS: RangeInclusive<i64> = 7 * 86_400..=36_600 * 86_400;

/// Where the store is. What is displayed holds no password.
pub(crate) enum StoreUrl {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server {
        /// The whole URL, which may hold a password.
        url: Secret,
        /// What may be shown of it.
        shown: String,
    },
}

impl StoreUrl {
    /// The file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server { .. } => None,
        }
    }

    /// Opens the store, making it where there is none.
    pub(crate) async fn open(&self) -> Result<Store, StoreFault> {
        self.check_folder()?;
        self.check_writers()?;
        match self {
            Self::File(_) => Store::open(&self.to_string()).await,
            Self::Server { url, .. } => Store::open(url.reveal()).await,
        }
    }

    /// Looks at the store and changes nothing.
    pub(crate) async fn inspect(&self) -> Result<Inspection, StoreFault> {
        match self {
            Self::File(_) => Inspection::of(&self.to_string()).await,
            Self::Server { url, .. } => Inspection::of(url.reveal()).await,
        }
    }

    /// Whether everybody on this machine may write the file: who can, onboards what they like and unspends tokens. The
    /// group may, since volumes are shared by it.
    pub(crate) fn check_writers(&self) -> Result<(), StoreFault> {
        match self.file_mode() {
            Some((path, mode)) if mode & 0o002 != 0 => Err(StoreFault::Refused(format!(
                "every user of this machine can change it, and with it who gets a pass\n  help: chmod 600 '{}'",
                path.display()
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// What an operator should know of who can read the file.
    pub(crate) fn warning(&self) -> Option<String> {
        let (path, _) = self.file_mode().filter(|(_, mode)| mode & 0o004 != 0)?;
        let path = path.display();
        Some(format!(
            "every user of this machine can read `{path}`, the record of all exchanges: chmod 600 '{path}'"
        ))
    }

    fn file_mode(&self) -> Option<(&Path, u32)> {
        let path = self.path()?;
        fs::metadata(path).ok().map(|metadata| (path, metadata.permissions().mode()))
    }

    /// Whether the folder of the file is there, of which SQLite says no more than that it cannot open the file.
    pub(crate) fn check_folder(&self) -> Result<(), StoreFault> {
        match self.path().and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(StoreFault::Unavailable(format!("there is no folder `{}`", folder.display())))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite://{}", path.display()),
            Self::Server { shown, .. } => f.write_str(shown),
        }
    }
}

/// `[store]`.
pub(super) struct StoreSettings {
    pub(super) url: Option<StoreUrl>,
    pub(super) keep_exchanges_seconds: Option<i64>,
}

pub(super) fn read(store: &Scope<'_>) -> StoreSettings {
    let given = store.text("url");
    let keep_exchanges_seconds = store.duration_within("keep_exchanges", KEEP_EXCHANGES_SECONDS);
    store.finish();
    StoreSettings { url: url(store, given), keep_exchanges_seconds }
}

fn url(store: &Scope<'_>, given: Option<Given<String>>) -> Option<StoreUrl> {
    let Some(given) = given else {
        return Some(StoreUrl::File(store.reading.resolve(DEFAULT_DATABASE, &Place::File(0..0))));
    };
    let fault = |message: &str, help: &str| {
        store.reading.fault(&given.place, format!("`store.url`: {message}"), Some(help.to_owned()));
        None
    };
    match given.value.split_once("://") {
        Some(("sqlite", "" | "/")) => fault("it names no file", "write `sqlite://daypass.db`"),
        Some(("sqlite", ":memory:")) => fault(
            "a store in memory forgets which tokens are spent, so that each could be used again",
            "write `sqlite://daypass.db`",
        ),
        Some(("sqlite", path)) => Some(StoreUrl::File(store.reading.resolve(path, &given.place))),
        Some(("postgres" | "postgresql", _)) => match shown_url(&given.value) {
            Ok(shown) => Some(StoreUrl::Server { url: Secret::new(given.value), shown }),
            Err(why) => fault(&why.to_string(), "write `postgres://USER:PASSWORD@HOST/DATABASE`"),
        },
        _ => fault(
            "it is not the URL of a store",
            "write `sqlite://` and the path of a file, as `sqlite://daypass.db`, or `postgres://USER:PASSWORD@HOST/DATABASE`",
        ),
    }
}
