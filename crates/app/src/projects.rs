//! How the repository of a workload stands with this server.

use daypass_policy::{ProjectStanding, Workload};
use daypass_store::{Account, AccountStatus, Project, ProjectStatus, Store, StoreFault};

/// What the store knows of a workload's repository, at one moment.
pub struct Standing {
    /// Whether the repository may have anything.
    pub of: ProjectStanding,
    /// The onboarded project, if it is one.
    pub project: Option<Project>,
    /// The account that owns the project.
    pub account: Option<Account>,
}

impl Standing {
    /// Looks the repository up by its immutable id. A project whose token names another owner than its record
    /// was transferred: it is suspended until an operator accepts both accounts.
    pub async fn of(workload: &Workload, store: &Store) -> Result<Self, StoreFault> {
        let repository = workload.repository();
        let found = store.projects().find(workload.issuer_name(), &repository.external_id).await?;
        let Some(project) = found else {
            return Ok(Self { of: ProjectStanding::Unknown, project: None, account: None });
        };
        let account = store.accounts().by_id(project.account_id).await?;
        let same_owner = account.as_ref().is_some_and(|account| {
            repository.owner_external_id.as_ref().is_none_or(|owner| *owner == account.external_id)
        });
        let of = match (project.status, account.as_ref().map(|account| account.status)) {
            (ProjectStatus::Deleted, _) => ProjectStanding::Deleted,
            (ProjectStatus::Suspended, _) | (_, None | Some(AccountStatus::Suspended)) => {
                ProjectStanding::Suspended
            }
            (ProjectStatus::Active, _) if !same_owner => ProjectStanding::Suspended,
            (ProjectStatus::Active, Some(AccountStatus::Pending)) => ProjectStanding::Pending,
            (ProjectStatus::Active, Some(AccountStatus::Accepted)) => ProjectStanding::Active,
        };
        Ok(Self { of, project: Some(project), account })
    }
}
