//! Accounts: organisations and users on a provider, by (issuer, external id).

use daypass_jose::Timestamp;
use daypass_jose::ids::AccountId;

use crate::engine::Engine;
use crate::fault::StoreFault;
use crate::value::Row;

/// Whether an operator has let an account in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// Nobody has decided yet.
    Pending,
    /// Its projects may be active.
    Accepted,
    /// None of its projects may have anything.
    Suspended,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id here.
    pub id: AccountId,
    /// The issuer of its jobs' tokens, by name.
    pub issuer: String,
    /// Its immutable id at the provider.
    pub external_id: String,
    /// Its name, which can change and be taken by somebody else.
    pub name: String,
    /// The customer of the operator to whom it belongs.
    pub tenant: Option<String>,
    /// Whether it was let in.
    pub status: AccountStatus,
}

/// An account to be recorded.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `Account`")]
pub struct NewAccount {
    pub id: AccountId,
    pub issuer: String,
    pub external_id: String,
    pub name: String,
    pub tenant: Option<String>,
    pub status: AccountStatus,
}

/// The table of accounts.
pub struct Accounts<'a> {
    pub(crate) engine: &'a Engine,
}

impl AccountStatus {
    /// Its text in a row and for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Suspended => "suspended",
        }
    }

    /// The status of this text.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Pending, Self::Accepted, Self::Suspended].into_iter().find(|status| status.as_str() == text)
    }
}

impl Accounts<'_> {
    /// Records an account, or takes over name, tenant (if one is given) and status for one that is known by issuer and
    /// external id; its id stays.
    pub async fn upsert(&self, account: NewAccount, now: Timestamp) -> Result<Account, StoreFault> {
        let values = vec![
            account.id.to_string().into(),
            account.issuer.into(),
            account.external_id.into(),
            account.name.into(),
            account.tenant.into(),
            account.status.as_str().into(),
            now.millis().into(),
        ];
        let row = self.engine.write(UPSERT, values).await?.pop();
        from_row(row.ok_or_else(|| StoreFault::Corrupt("an account was not written".to_owned()))?)
    }

    /// The account of this id.
    pub async fn by_id(&self, id: AccountId) -> Result<Option<Account>, StoreFault> {
        self.engine.look(BY_ID, vec![id.to_string().into()]).await?.pop().map(from_row).transpose()
    }
}

/// The account that was joined to another row, if there was one.
pub(crate) fn from_joined_row(row: Row) -> Result<Option<Account>, StoreFault> {
    if row.is_null() { Ok(None) } else { from_row(row).map(Some) }
}

fn from_row(mut row: Row) -> Result<Account, StoreFault> {
    Ok(Account {
        id: row.parsed(AccountId::parse)?,
        issuer: row.text()?,
        external_id: row.text()?,
        name: row.text()?,
        tenant: row.optional_text()?,
        status: row.parsed(AccountStatus::from_text)?,
    })
}

const UPSERT: &str = "INSERT INTO accounts (id, issuer, external_id, name, tenant, status, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (issuer, external_id) DO UPDATE SET \
     name = excluded.name, tenant = COALESCE(excluded.tenant, accounts.tenant), status = excluded.status, \
     updated_at = excluded.updated_at RETURNING id, issuer, external_id, name, tenant, status";
const BY_ID: &str = "SELECT id, issuer, external_id, name, tenant, status FROM accounts WHERE id = $1";
