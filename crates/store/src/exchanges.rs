//! Exchanges as they are recorded, and the ways in which an operator looks for them.

use daypass_jose::Timestamp;
use daypass_jose::ids::{CredentialId, ExchangeId, ProjectId, RequestId};

use crate::fault::StoreFault;
use crate::value::{Row, Value};

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A credential was given.
    Success,
    /// Nothing was given.
    Refused,
    /// Nothing was asked for but what an exchange would come to. Where it would be refused, the record has the code.
    DryRun,
}

/// One exchange. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the column of its name, in the words of the glossary")]
pub struct ExchangeRecord {
    pub id: ExchangeId,
    pub at: Timestamp,
    pub face: String,
    pub outcome: Outcome,
    pub code: Option<String>,
    pub detail: Option<String>,
    pub issuer: Option<String>,
    pub role: Option<String>,
    pub repository_id: Option<String>,
    pub repository: Option<String>,
    pub owner_id: Option<String>,
    pub owner: Option<String>,
    pub run_id: Option<String>,
    pub job: Option<String>,
    pub event: Option<String>,
    pub git_ref: Option<String>,
    pub project_id: Option<ProjectId>,
    pub source: String,
    pub policy_version: Option<String>,
    pub claims: Option<String>,
    pub trace: Option<String>,
    pub request_id: Option<RequestId>,
    pub credentials: Vec<CredentialRecord>,
}

/// What is kept of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the column of its name, in the words of the glossary")]
pub struct CredentialRecord {
    pub id: CredentialId,
    pub kind: String,
    pub audience: Option<String>,
    pub scopes: Vec<String>,
    pub expires_at: Timestamp,
    pub key_id: Option<String>,
}

/// Which exchanges to list, and in which order; what is `None` is not asked for. Each text is compared as it is, whole.
#[derive(Debug, Clone, Default)]
pub struct ExchangeFilter {
    /// Of this project.
    pub project_id: Option<ProjectId>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// With this code.
    pub code: Option<String>,
    /// For this role.
    pub role: Option<String>,
    /// Of this run of the CI system.
    pub run_id: Option<String>,
    /// From this address.
    pub source: Option<String>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Younger than this exchange.
    pub after: Option<ExchangeId>,
    /// Older than this exchange.
    pub before: Option<ExchangeId>,
    /// What comes first.
    pub order: Order,
}

/// What comes first in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest.
    #[default]
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

/// Ids as texts from one on and below another, as the tables compare them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdRange {
    pub(crate) from: String,
    pub(crate) below: String,
}

impl Outcome {
    /// Its text in a row and for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::DryRun => "dry_run",
        }
    }

    /// The outcome of this text.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Success, Self::Refused, Self::DryRun].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl ExchangeFilter {
    /// The ids of its moments and of its neighbours. An id begins with its moment, so that no row outside is read.
    pub(crate) fn id_range(&self) -> IdRange {
        let since = self.since.map(|moment| ExchangeId::first_of(moment).to_string());
        let until = self.until.map(|moment| ExchangeId::first_of(moment).to_string());
        let before = self.before.map(|id| id.to_string());
        // Above all ids, which are written in hexadecimal digits.
        let end = || "g".to_owned();
        IdRange {
            from: since.max(self.after.map(IdRange::above)).unwrap_or_default(),
            below: [until, before].into_iter().flatten().min().unwrap_or_else(end),
        }
    }

    /// Whether rows may have to be passed over to find those that fit: one condition at most has an index of its own.
    pub(crate) fn passes_over(&self) -> bool {
        let of_no_index =
            self.outcome.is_some() || self.role.is_some() || self.run_id.is_some() || self.source.is_some();
        of_no_index || (self.project_id.is_some() && self.code.is_some())
    }
}

impl IdRange {
    /// A text above this id and below all later ones: ids are of one length.
    pub(crate) fn above(id: ExchangeId) -> String {
        format!("{id}.")
    }
}

impl ExchangeRecord {
    /// A record that knows nothing yet but that somebody asked.
    pub fn new(id: ExchangeId, at: Timestamp, face: &str, source: &str) -> Self {
        Self {
            id,
            at,
            face: face.to_owned(),
            outcome: Outcome::Refused,
            source: source.to_owned(),
            code: None,
            detail: None,
            issuer: None,
            role: None,
            repository_id: None,
            repository: None,
            owner_id: None,
            owner: None,
            run_id: None,
            job: None,
            event: None,
            git_ref: None,
            project_id: None,
            policy_version: None,
            claims: None,
            trace: None,
            request_id: None,
            credentials: Vec::new(),
        }
    }

    /// Its values, in the order of the ledger's columns.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        vec![
            self.id.to_string().into(),
            self.at.millis().into(),
            self.face.as_str().into(),
            self.outcome.as_str().into(),
            self.code.as_deref().into(),
            self.detail.as_deref().into(),
            self.issuer.as_deref().into(),
            self.role.as_deref().into(),
            self.repository_id.as_deref().into(),
            self.repository.as_deref().into(),
            self.owner_id.as_deref().into(),
            self.owner.as_deref().into(),
            self.run_id.as_deref().into(),
            self.job.as_deref().into(),
            self.event.as_deref().into(),
            self.git_ref.as_deref().into(),
            self.project_id.map(|id| id.to_string()).into(),
            self.source.as_str().into(),
            self.policy_version.as_deref().into(),
            self.claims.as_deref().into(),
            self.trace.as_deref().into(),
            self.request_id.map(|id| id.to_string()).into(),
        ]
    }

    pub(crate) fn from_row(row: &mut Row) -> Result<Self, StoreFault> {
        Ok(Self {
            id: row.parsed(ExchangeId::parse)?,
            at: Timestamp::from_millis(row.integer()?),
            face: row.text()?,
            outcome: row.parsed(Outcome::from_text)?,
            code: row.optional_text()?,
            detail: row.optional_text()?,
            issuer: row.optional_text()?,
            role: row.optional_text()?,
            repository_id: row.optional_text()?,
            repository: row.optional_text()?,
            owner_id: row.optional_text()?,
            owner: row.optional_text()?,
            run_id: row.optional_text()?,
            job: row.optional_text()?,
            event: row.optional_text()?,
            git_ref: row.optional_text()?,
            project_id: row.optional_parsed(ProjectId::parse)?,
            source: row.text()?,
            policy_version: row.optional_text()?,
            claims: row.optional_text()?,
            trace: row.optional_text()?,
            request_id: row.optional_parsed(RequestId::parse)?,
            credentials: Vec::new(),
        })
    }
}

impl CredentialRecord {
    pub(crate) fn values(&self, exchange: ExchangeId) -> Vec<Value<'_>> {
        vec![
            self.id.to_string().into(),
            exchange.to_string().into(),
            self.kind.as_str().into(),
            self.audience.as_deref().into(),
            self.scopes.join(" ").into(),
            self.expires_at.millis().into(),
            self.key_id.as_deref().into(),
        ]
    }

    pub(crate) fn from_row(mut row: Row) -> Result<Self, StoreFault> {
        Ok(Self {
            id: row.parsed(CredentialId::parse)?,
            kind: row.text()?,
            audience: row.optional_text()?,
            scopes: row.text()?.split_whitespace().map(ToOwned::to_owned).collect(),
            expires_at: Timestamp::from_millis(row.integer()?),
            key_id: row.optional_text()?,
        })
    }
}

/// The columns of an exchange, in the order of its values.
macro_rules! columns {
    () => {
        "id, at, face, outcome, code, detail, issuer, role, repository_id, repository, owner_id, owner, run_id, job, \
         event, git_ref, project_id, source, policy_version, claims, trace, request_id"
    };
}
pub(crate) use columns;
