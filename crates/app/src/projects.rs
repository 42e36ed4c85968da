//! How the repository of a workload stands with this server.

use daypass_policy::{ProjectStanding, Workload};
use daypass_store::{AccountStatus, Onboarded, ProjectStatus, Store, StoreFault};

/// What the store knows of a workload's repository, at one moment.
pub struct Standing {
    /// Whether the repository may have anything.
    pub of: ProjectStanding,
    /// The onboarded project with the account that owns it, if it is one.
    pub onboarded: Option<Onboarded>,
}

impl Standing {
    /// Looks the repository up by its immutable id. A project whose token names another owner than its record
    /// was transferred: it is suspended until an operator accepts both accounts.
    pub async fn of(workload: &Workload, store: &Store) -> Result<Self, StoreFault> {
        let repository = workload.repository();
        let found = store.projects().onboarded(workload.issuer_name(), &repository.external_id).await?;
        let Some(onboarded) = found else {
            return Ok(Self { of: ProjectStanding::Unknown, onboarded: None });
        };
        let account = onboarded.account.as_ref();
        let same_owner = account.is_some_and(|account| {
            repository.owner_external_id.as_ref().is_none_or(|owner| *owner == account.external_id)
        });
        let of = match (onboarded.status, account.map(|account| account.status)) {
            (ProjectStatus::Deleted, _) => ProjectStanding::Deleted,
            (ProjectStatus::Suspended, _) | (_, None | Some(AccountStatus::Suspended)) => {
                ProjectStanding::Suspended
            }
            (ProjectStatus::Active, _) if !same_owner => ProjectStanding::Suspended,
            (ProjectStatus::Active, Some(AccountStatus::Pending)) => ProjectStanding::Pending,
            (ProjectStatus::Active, Some(AccountStatus::Accepted)) => ProjectStanding::Active,
        };
        Ok(Self { of, onboarded: Some(onboarded) })
    }
}
