//! `[store]`: where the ledger is.

use std::fmt;
use std::path::{Path, PathBuf};

use daypass_store::{Store, StoreFault};

use super::overlay::{Place, Scope};

const DEFAULT_DATABASE: &str = "daypass.db";

/// A store that this version knows: a file of SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl(PathBuf);

impl StoreUrl {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens the store, making it where there is none.
    pub(crate) async fn open(&self) -> Result<Store, StoreFault> {
        self.check_folder()?;
        Store::open(&self.to_string()).await
    }

    /// Whether the folder of the file is there, of which SQLite says no more than that it cannot open the file.
    pub(crate) fn check_folder(&self) -> Result<(), StoreFault> {
        match self.0.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(StoreFault::Unavailable(format!("there is no folder `{}`", folder.display())))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite://{}", self.0.display())
    }
}

pub(super) fn read(store: &Scope<'_>) -> Option<StoreUrl> {
    let given = store.text("url");
    store.finish();
    let Some(given) = given else {
        return Some(StoreUrl(store.reading.resolve(DEFAULT_DATABASE, &Place::File(0..0))));
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
        Some(("sqlite", path)) => Some(StoreUrl(store.reading.resolve(path, &given.place))),
        Some(("postgres" | "postgresql", _)) => {
            fault("this version of daypass keeps its store in SQLite only", "write `sqlite://daypass.db`")
        }
        _ => fault(
            "it is not the URL of a store",
            "write `sqlite://` and the path of a file, as `sqlite://daypass.db`",
        ),
    }
}
