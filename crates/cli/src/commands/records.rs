//! What `project` and `audit` share: opening the store of the settings, and finding a project by the name that a person
//! gives it.

use std::path::Path;

use daypass_jose::ids::ProjectId;
use daypass_store::{Project, Store};

use super::Context;
use super::serve::start::StartFault;
use crate::fault::CommandFault;
use crate::settings::{Overlay, Settings};

/// Projects that are looked at in one step of a walk through all of them.
const PAGE: u32 = 1000;

/// Whether a store that is not there yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Make,
    Refuse,
}

/// The settings and their open store.
pub(super) struct Records {
    pub(super) settings: Settings,
    pub(super) store: Store,
}

impl Records {
    pub(super) async fn open(
        config: Option<&Path>,
        context: &Context,
        absent: Absent,
    ) -> Result<Self, CommandFault> {
        let settings = Settings::load(config, &Overlay::of_environment(&context.environment))?;
        settings.store.check_folder()?;
        if absent == Absent::Refuse
            && let Some(path) = settings.store.path()
            && !path.exists()
        {
            return Err(CommandFault::Unavailable(format!(
                "there is no database `{}` yet: `daypass serve` and `daypass project add` make it",
                path.display()
            )));
        }
        let store = settings.store.open().await.map_err(|fault| StartFault::of_store(&settings, fault))?;
        Ok(Self { settings, store })
    }

    /// Every project, by id.
    pub(super) async fn projects(&self) -> Result<Vec<Project>, CommandFault> {
        let mut all: Vec<Project> = Vec::new();
        loop {
            let after = all.last().map(|project| project.id);
            let page = self.store.projects().list(after, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The project of this id or path.
    pub(super) async fn project(&self, name: &str) -> Result<Project, CommandFault> {
        let absent = || {
            CommandFault::Usage(format!("there is no project `{name}`; `daypass project list` lists them"))
        };
        if let Some(id) = ProjectId::parse(name) {
            return self.store.projects().by_id(id).await?.ok_or_else(absent);
        }
        let mut found = self.projects().await?;
        found.retain(|project| project.path == name);
        if found.len() > 1 {
            let ids: Vec<String> = found.iter().map(|one| format!("{} ({})", one.id, one.issuer)).collect();
            let ids = ids.join(", ");
            return Err(CommandFault::Usage(format!(
                "several projects are called `{name}`; use the id: {ids}"
            )));
        }
        found.pop().ok_or_else(absent)
    }
}
