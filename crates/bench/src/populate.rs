//! What a server of many customers has: projects in the store, roles in the policy.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use daypass_jose::ids::{AccountId, ProjectId};
use daypass_store::{AccountStatus, NewAccount, NewProject, Store, StoreFault};
use tokio::task::JoinSet;

use crate::clock::{self, OsRandom};
use crate::issuer::{FIRST_REPOSITORY, OWNER_ID};
use crate::server::Place;

/// Projects that are written at once: as many as one commit takes, or so.
const AT_ONCE: u64 = 512;

/// Roles in one file.
const ROLES_A_FILE: u32 = 1_000;

/// Onboards so many projects of one account into the store.
///
/// # Errors
/// The store fails.
pub async fn onboard(store_url: &str, projects: u64) -> Result<(), StoreFault> {
    let store = Store::open(store_url).await?;
    let now = clock::now();
    let account = NewAccount {
        id: AccountId::new(now, &OsRandom),
        issuer: "ci".to_owned(),
        external_id: OWNER_ID.to_owned(),
        name: "octo-org".to_owned(),
        tenant: None,
        status: AccountStatus::Accepted,
    };
    let account_id = store.accounts().upsert(account, now).await?.id;
    let numbers = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..AT_ONCE.min(projects) {
        let (store, numbers) = (store.clone(), Arc::clone(&numbers));
        writers.spawn(async move {
            loop {
                let number = numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if number >= projects {
                    return Ok::<(), StoreFault>(());
                }
                let project = NewProject {
                    id: ProjectId::new(now, &OsRandom),
                    account_id,
                    issuer: "ci".to_owned(),
                    external_id: FIRST_REPOSITORY.saturating_add(number).to_string(),
                    path: format!("octo-org/repo-{number}"),
                };
                store.projects().upsert(project, now).await?;
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written.map_err(|fault| StoreFault::Unavailable(fault.to_string()))??;
    }
    store.close().await;
    Ok(())
}

/// The longest ref of a repository on github.com, of which hostile globs make the most.
pub fn long_ref() -> String {
    format!("refs/heads/{}", "a".repeat(244))
}

/// Writes so many roles, `role-0` and on, each with globs that cost as much as globs may and do not fit, before one that does.
///
/// # Errors
/// A file cannot be written.
pub fn write_hostile_roles(place: &Place, roles: u32, globs_a_role: usize) -> io::Result<()> {
    let hostile = format!("{{ glob = \"{}b\" }}, ", "**a".repeat(170));
    let mut text = String::new();
    for number in 0..roles {
        let globs = hostile.repeat(globs_a_role);
        write!(
            text,
            "[[roles.role-{number}.trust]]\nissuer = \"ci\"\nrepository_owner_id = \"{OWNER_ID}\"\n\
             ref = [{globs}{{ glob = \"refs/heads/*\" }}]\n\
             [roles.role-{number}.grants.api]\naudience = \"https://api{number}.example.com\"\n\
             scopes = [\"releases:read\"]\n\n"
        )
        .map_err(io::Error::other)?;
        if number.checked_rem(ROLES_A_FILE) == Some(ROLES_A_FILE.saturating_sub(1))
            || number == roles.saturating_sub(1)
        {
            std::fs::write(place.path(&format!("policies/hostile-{number}.toml")), &text)?;
            text.clear();
        }
    }
    Ok(())
}

/// Writes so many roles, `role-0` and on, each with a trust block and a grant.
///
/// # Errors
/// A file cannot be written.
pub fn write_roles(place: &Place, roles: u32) -> io::Result<()> {
    let mut text = String::new();
    for number in 0..roles {
        write!(
            text,
            "[[roles.role-{number}.trust]]\nissuer = \"ci\"\nrepository_owner_id = \"{OWNER_ID}\"\n\
             ref = {{ glob = \"refs/heads/*\" }}\nevent_name = [\"push\", \"schedule\"]\n\
             [roles.role-{number}.grants.api]\naudience = \"https://api{number}.example.com\"\n\
             scopes = [\"releases:read\"]\n\n"
        )
        .map_err(io::Error::other)?;
        let is_full = number.checked_rem(ROLES_A_FILE) == Some(ROLES_A_FILE.saturating_sub(1));
        if is_full || number == roles.saturating_sub(1) {
            std::fs::write(place.path(&format!("policies/roles-{number}.toml")), &text)?;
            text.clear();
        }
    }
    Ok(())
}
