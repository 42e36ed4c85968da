//! `[store]`: where the ledger is.

use std::fmt;
use std::path::{Path, PathBuf};

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
