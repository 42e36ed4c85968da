//! What the demo plays on: a CI system, a server on a store in a temporary folder, one onboarded repository.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use daypass_emulator::github::Repository;
use daypass_emulator::{Emulator, EmulatorConfig, GithubJob, Provider, Running};
use daypass_jose::ids::{AccountId, ProjectId};
use daypass_store::{AccountStatus, ExchangeFilter, ExchangeRecord, NewAccount, NewProject, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::super::Context;
use super::super::serve::serving::Serving;
use super::super::serve::start::{LISTEN, Prepared, StartFault, Surroundings};
use crate::fault::CommandFault;
use crate::settings::{Overlay, Settings};

/// The one policy file of the demo; eight lines.
pub(super) const ROLE: &str = r#"[[roles.deploy.trust]]
issuer              = "github"
repository_owner_id = "65"                # octo-org
repository_id       = "123456789"         # octo-org/octo-repo
ref                 = "refs/heads/main"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["releases:write"]
"#;

/// The repository that is onboarded.
const REPOSITORY: &str = "octo-org/octo-repo";
/// The repository that nobody has onboarded.
const STRANGER: &str = "somebody/else";
/// Exchanges of one walk, and some to spare.
const MAX_EXCHANGES: u32 = 50;

/// Everything that runs while the demo does. The folder is removed when it is dropped.
pub(super) struct Stage {
    address: SocketAddr,
    emulator: Running,
    serving: Serving,
    store: Store,
    _folder: TempDir,
}

impl Stage {
    /// Starts all of it.
    pub(super) async fn set(listen: SocketAddr, context: &Context) -> Result<Self, CommandFault> {
        let unavailable = |fault: std::io::Error| CommandFault::Unavailable(format!("the demo: {fault}"));
        let config = EmulatorConfig::new(Provider::Github(push(REPOSITORY, "refs/heads/main")?));
        let emulator = Emulator::start(config, Arc::clone(&context.clock), Arc::clone(&context.rng)).await?;
        let listener = TcpListener::bind(listen).await.map_err(|source| StartFault::Listen {
            address: listen,
            setting: LISTEN,
            source,
        })?;
        let address = listener.local_addr().map_err(unavailable)?;
        let folder = tempfile::tempdir().map_err(unavailable)?;
        let settings_file = folder.path().join("daypass.toml");
        fs::create_dir(folder.path().join("policies")).map_err(unavailable)?;
        fs::write(folder.path().join("policies/deploy.toml"), ROLE).map_err(unavailable)?;
        fs::write(&settings_file, settings(address, emulator.issuer_url())).map_err(unavailable)?;
        let settings = Settings::load(Some(&settings_file), &Overlay::default())?;
        let store = settings.store.open().await?;
        onboard(&store, context).await?;
        // The demo is the same wherever it is started: nothing of the environment reaches its server.
        let surroundings = Surroundings {
            environment: BTreeMap::new(),
            listener: Some(listener),
            ..Surroundings::of(context)
        };
        let serving = Prepared::new(settings, surroundings).await?.serve();
        Ok(Self { address, emulator, serving, store, _folder: folder })
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The variables of the job that pushed to main.
    pub(super) fn first_job(&self) -> BTreeMap<String, String> {
        self.emulator.environment()
    }

    /// The variables of a job that pushed to a branch.
    pub(super) fn branch_job(&self) -> Result<BTreeMap<String, String>, CommandFault> {
        let job = push(REPOSITORY, "refs/heads/feature")?;
        Ok(self.emulator.start_job(Provider::Github(job))?.environment())
    }

    /// The variables of a job of a repository that nobody has onboarded.
    pub(super) fn strangers_job(&self) -> Result<BTreeMap<String, String>, CommandFault> {
        let job = push(STRANGER, "refs/heads/main")?;
        Ok(self.emulator.start_job(Provider::Github(job))?.environment())
    }

    /// What is recorded, the oldest first.
    pub(super) async fn ledger(&self) -> Result<Vec<ExchangeRecord>, CommandFault> {
        let mut records = self.store.ledger().list(&ExchangeFilter::default(), MAX_EXCHANGES).await?;
        records.reverse();
        Ok(records)
    }

    /// Ends all of it.
    pub(super) async fn strike(self) {
        self.serving.stop().await;
        self.store.close().await;
        self.emulator.stop().await;
    }
}

fn push(repository: &str, git_ref: &str) -> Result<GithubJob, CommandFault> {
    let repository: Repository = repository.parse()?;
    Ok(GithubJob { repository, git_ref: git_ref.to_owned(), ..GithubJob::default() })
}

fn settings(address: SocketAddr, issuer: &str) -> String {
    format!(
        r#"public_url = "http://{address}"
listen     = "{address}"
policy_dir = "policies"

[store]
url = "sqlite://daypass.db"

[[issuers]]
name          = "github"
provider      = "github"
url           = "{issuer}"
insecure_http = true
shared        = true             # as github.com is: strangers get valid tokens there too
"#
    )
}

/// What `daypass project add` does.
async fn onboard(store: &Store, context: &Context) -> Result<(), CommandFault> {
    let (now, rng) = (context.clock.now(), context.rng.as_ref());
    let repository: Repository = REPOSITORY.parse()?;
    let account = NewAccount {
        id: AccountId::new(now, rng),
        issuer: "github".to_owned(),
        external_id: repository.owner_id.to_string(),
        name: repository.owner.clone(),
        tenant: None,
        status: AccountStatus::Accepted,
    };
    let account = store.accounts().upsert(account, now).await?;
    let project = NewProject {
        id: ProjectId::new(now, rng),
        account_id: account.id,
        issuer: "github".to_owned(),
        external_id: repository.id.to_string(),
        path: repository.to_string(),
    };
    let project = store.projects().upsert(project, now).await?;
    store.projects().set_config(project.id, r#"{"severity":"high"}"#, now).await?;
    Ok(())
}
