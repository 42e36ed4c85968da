//! An installation that tests work hard: an issuer, a project, a role, and settings of its own for the real binary.

use std::path::Path;
use std::process::Command;

use daypass_bench::issuer::Issuer;
use daypass_bench::populate;
use daypass_bench::server::Place;

/// Where its tokens are exchanged.
pub(crate) const EXCHANGE: &str = "/v1.0/auth/jwt?role=role-0";

pub(crate) struct Installation {
    pub(crate) issuer: Issuer,
    pub(crate) store_url: String,
    place: Place,
}

impl Installation {
    /// On this database, or on a file of its own.
    pub(crate) async fn new(database: Option<String>) -> Self {
        let (issuer, place) = (Issuer::start().await.unwrap(), Place::new().unwrap());
        let file = || format!("sqlite://{}", place.path("daypass.db").display());
        let store_url = database.unwrap_or_else(file);
        place.configure(issuer.url(), &store_url).unwrap();
        populate::onboard(&store_url, 1).await.unwrap();
        populate::write_roles(&place, 1).unwrap();
        Self { issuer, store_url, place }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path(name)
    }

    /// The command that serves it.
    pub(crate) fn serve(&self) -> Command {
        self.place.serve(Path::new(env!("CARGO_BIN_EXE_daypass")), None)
    }
}
