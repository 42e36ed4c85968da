//! Projects: onboarded repositories, by (issuer, external id).

use daypass_jose::Timestamp;
use daypass_jose::ids::{AccountId, ProjectId};

use crate::accounts::{self, Account};
use crate::engine::Engine;
use crate::fault::StoreFault;
use crate::ledger::MAX_PAGE;
use crate::value::{Row, Value};

/// How a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectStatus {
    /// It may have what the settings and roles give.
    Active,
    /// It may have nothing, until it is resumed.
    Suspended,
    /// It is gone from its provider, and stays here as a tombstone.
    Deleted,
}

/// One project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id here.
    pub id: ProjectId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// The issuer of its jobs' tokens, by name.
    pub issuer: String,
    /// The repository's immutable id at the provider.
    pub external_id: String,
    /// The repository's path, which can change and be taken by somebody else.
    pub path: String,
    /// How it stands.
    pub status: ProjectStatus,
    /// Its configuration, as the text of a JSON object.
    pub config: String,
    /// When it was onboarded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What an exchange must know of an onboarded repository, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onboarded {
    /// The project's id here.
    pub id: ProjectId,
    /// How the project stands.
    pub status: ProjectStatus,
    /// The account that owns it; `None` where somebody took its row away.
    pub account: Option<Account>,
}

/// A project to be recorded.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `Project`")]
pub struct NewProject {
    pub id: ProjectId,
    pub account_id: AccountId,
    pub issuer: String,
    pub external_id: String,
    pub path: String,
}

/// The table of projects.
pub struct Projects<'a> {
    pub(crate) engine: &'a Engine,
}

impl ProjectStatus {
    /// Its text in a row and for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The status of this text.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted].into_iter().find(|status| status.as_str() == text)
    }
}

impl Projects<'_> {
    /// Records an active project with an empty configuration, or takes over owner, path and status for one that is
    /// known by issuer and external id; its id and configuration stay.
    pub async fn upsert(&self, project: NewProject, now: Timestamp) -> Result<Project, StoreFault> {
        let values = vec![
            project.id.to_string().into(),
            project.account_id.to_string().into(),
            project.issuer.into(),
            project.external_id.into(),
            project.path.into(),
            ProjectStatus::Active.as_str().into(),
            now.millis().into(),
        ];
        let row = self.engine.write(UPSERT, values).await?.pop();
        from_row(row.ok_or_else(|| StoreFault::Corrupt("a project was not written".to_owned()))?)
    }

    /// What is onboarded of a repository, with its owner.
    pub async fn onboarded(&self, issuer: &str, external_id: &str) -> Result<Option<Onboarded>, StoreFault> {
        let found = self.engine.look(ONBOARDED, vec![issuer.into(), external_id.into()]).await?.pop();
        found.map(onboarded_from_row).transpose()
    }

    /// The project of a repository.
    pub async fn find(&self, issuer: &str, external_id: &str) -> Result<Option<Project>, StoreFault> {
        self.one(FIND, vec![issuer.into(), external_id.into()]).await
    }

    /// Projects of this path, by id: paths are not unique, neither across issuers nor within one, where a repository
    /// took the path of another.
    pub async fn find_by_path(&self, issuer: Option<&str>, path: &str) -> Result<Vec<Project>, StoreFault> {
        let values = vec![issuer.into(), path.into(), i64::from(MAX_PAGE).into()];
        self.engine.read(FIND_BY_PATH, values).await?.into_iter().map(from_row).collect()
    }

    /// The project of this id.
    pub async fn by_id(&self, id: ProjectId) -> Result<Option<Project>, StoreFault> {
        self.one(BY_ID, vec![id.to_string().into()]).await
    }

    /// The project of this id with the account that owns it; no account where somebody took its row away.
    pub async fn with_account(
        &self,
        id: ProjectId,
    ) -> Result<Option<(Project, Option<Account>)>, StoreFault> {
        let found = self.engine.look(WITH_ACCOUNT, vec![id.to_string().into()]).await?.pop();
        found.map(|mut row| Ok((from_columns(&mut row)?, accounts::from_joined_row(row)?))).transpose()
    }

    /// Projects by id, at most `limit` or [`MAX_PAGE`], after the given one.
    pub async fn list(&self, after: Option<ProjectId>, limit: u32) -> Result<Vec<Project>, StoreFault> {
        let values = vec![after.map(|id| id.to_string()).into(), i64::from(limit.min(MAX_PAGE)).into()];
        self.engine.read(LIST, values).await?.into_iter().map(from_row).collect()
    }

    /// Changes how a project stands; `None` where there is no such project.
    pub async fn set_status(
        &self,
        id: ProjectId,
        status: ProjectStatus,
        now: Timestamp,
    ) -> Result<Option<Project>, StoreFault> {
        self.change(SET_STATUS, id, status.as_str(), now).await
    }

    /// Replaces a project's configuration, which must be the text of a JSON object.
    pub async fn set_config(
        &self,
        id: ProjectId,
        config: &str,
        now: Timestamp,
    ) -> Result<Option<Project>, StoreFault> {
        self.change(SET_CONFIG, id, config, now).await
    }

    async fn change(
        &self,
        sql: &'static str,
        id: ProjectId,
        value: &str,
        now: Timestamp,
    ) -> Result<Option<Project>, StoreFault> {
        let values = vec![id.to_string().into(), value.into(), now.millis().into()];
        self.engine.write(sql, values).await?.pop().map(from_row).transpose()
    }

    async fn one(&self, sql: &'static str, values: Vec<Value<'_>>) -> Result<Option<Project>, StoreFault> {
        self.engine.look(sql, values).await?.pop().map(from_row).transpose()
    }
}

fn from_row(mut row: Row) -> Result<Project, StoreFault> {
    from_columns(&mut row)
}

fn from_columns(row: &mut Row) -> Result<Project, StoreFault> {
    Ok(Project {
        id: row.parsed(ProjectId::parse)?,
        account_id: row.parsed(AccountId::parse)?,
        issuer: row.text()?,
        external_id: row.text()?,
        path: row.text()?,
        status: row.parsed(ProjectStatus::from_text)?,
        config: row.text()?,
        created_at: Timestamp::from_millis(row.integer()?),
        updated_at: Timestamp::from_millis(row.integer()?),
    })
}

fn onboarded_from_row(mut row: Row) -> Result<Onboarded, StoreFault> {
    Ok(Onboarded {
        id: row.parsed(ProjectId::parse)?,
        status: row.parsed(ProjectStatus::from_text)?,
        account: accounts::from_joined_row(row)?,
    })
}

macro_rules! columns {
    () => {
        "id, account_id, issuer, external_id, path, status, config, created_at, updated_at"
    };
}

const UPSERT: &str = concat!(
    "INSERT INTO projects (id, account_id, issuer, external_id, path, status, config, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $7) ON CONFLICT (issuer, external_id) DO UPDATE SET \
     account_id = excluded.account_id, path = excluded.path, status = excluded.status, \
     updated_at = excluded.updated_at RETURNING ",
    columns!()
);
const ONBOARDED: &str = "SELECT projects.id, projects.status, accounts.id, accounts.issuer, accounts.external_id, \
     accounts.name, accounts.tenant, accounts.status FROM projects LEFT JOIN accounts ON accounts.id = projects.account_id \
     WHERE projects.issuer = $1 AND projects.external_id = $2";
const FIND: &str = concat!("SELECT ", columns!(), " FROM projects WHERE issuer = $1 AND external_id = $2");
const FIND_BY_PATH: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM projects WHERE (CAST($1 AS TEXT) IS NULL OR issuer = $1) AND path = $2 ORDER BY id LIMIT $3"
);
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM projects WHERE id = $1");
const WITH_ACCOUNT: &str = "SELECT projects.id, projects.account_id, projects.issuer, projects.external_id, \
     projects.path, projects.status, projects.config, projects.created_at, projects.updated_at, accounts.id, \
     accounts.issuer, accounts.external_id, accounts.name, accounts.tenant, accounts.status FROM projects \
     LEFT JOIN accounts ON accounts.id = projects.account_id WHERE projects.id = $1";
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM projects WHERE (CAST($1 AS TEXT) IS NULL OR id > $1) ORDER BY id LIMIT $2"
);
const SET_STATUS: &str =
    concat!("UPDATE projects SET status = $2, updated_at = $3 WHERE id = $1 RETURNING ", columns!());
const SET_CONFIG: &str =
    concat!("UPDATE projects SET config = $2, updated_at = $3 WHERE id = $1 RETURNING ", columns!());
