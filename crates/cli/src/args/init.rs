//! The command line of `daypass init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
}

/// Write a commented daypass.toml, a first role and a workflow
///
/// Asks at a terminal for what the flags do not say. Without a terminal and without flags it sets up a try-out on this
/// machine, with `daypass emulate` as the CI system; with flags that are too few it lists all that is missing and ends with 2.
/// What it writes loads as it is; a file that exists is never overwritten, and nothing is fetched from anywhere. The role
/// rests on the ids of owner and repository, since a name can be taken by somebody else.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InitArguments {
    /// The CI system whose jobs will come
    #[arg(long, value_enum)]
    pub(crate) ci: Option<Ci>,

    /// Address by which jobs will reach the server
    #[arg(long, value_name = "URL", alias = "url")]
    pub(crate) public_url: Option<String>,

    /// Set up a try-out on this machine with the emulator alone, and ask nothing
    #[arg(long, conflicts_with_all = NAMES_A_PROJECT)]
    pub(crate) try_out: bool,

    /// Repository whose jobs may take the role; NAME alone with --owner
    #[arg(long, value_name = "OWNER/NAME", help_heading = "GitHub")]
    pub(crate) repository: Option<String>,

    /// Its id, a number
    #[arg(long, value_name = "ID", help_heading = "GitHub")]
    pub(crate) repository_id: Option<String>,

    /// Its owner, an organisation or a user
    #[arg(long, value_name = "NAME", help_heading = "GitHub")]
    pub(crate) owner: Option<String>,

    /// Id of the owner, a number
    #[arg(long, value_name = "ID", help_heading = "GitHub")]
    pub(crate) owner_id: Option<String>,

    /// Project whose jobs may take the role
    #[arg(long, value_name = "GROUP/NAME", help_heading = "GitLab")]
    pub(crate) project_path: Option<String>,

    /// Its id, a number
    #[arg(long, value_name = "ID", help_heading = "GitLab")]
    pub(crate) project_id: Option<String>,

    /// Id of the group that it is directly in, a number
    #[arg(long, value_name = "ID", help_heading = "GitLab")]
    pub(crate) namespace_id: Option<String>,

    /// Address of a GitLab of your own [default: `https://gitlab.com`]
    #[arg(long, value_name = "URL", help_heading = "GitLab")]
    pub(crate) gitlab_url: Option<String>,

    /// Name of the role [default: deploy]
    #[arg(long, value_name = "NAME", help_heading = "Role")]
    pub(crate) role: Option<String>,

    /// The branch, or refs/tags/…, from which it may be taken [default: main]
    #[arg(long = "ref", value_name = "REF", help_heading = "Role")]
    pub(crate) git_ref: Option<String>,

    /// The environment in which the job must run [default: any, and none]
    #[arg(long, value_name = "NAME", help_heading = "Role")]
    pub(crate) environment: Option<String>,

    /// The API that its pass is for [default: `https://api.example.com`, to be changed]
    #[arg(long, value_name = "AUDIENCE", help_heading = "Role")]
    pub(crate) audience: Option<String>,

    /// What the pass may do there; may be given several times [default: releases:write]
    #[arg(long = "scope", value_name = "SCOPE", help_heading = "Role")]
    pub(crate) scopes: Vec<String>,

    /// Where the ledger is, as `sqlite://PATH` or `postgres://USER@HOST/DATABASE`; a password is given by DAYPASS_STORE_URL [default: sqlite://daypass.db]
    #[arg(long, value_name = "URL", help_heading = "Files")]
    pub(crate) store: Option<String>,

    /// Folder for all of it; it is made
    #[arg(long, value_name = "FOLDER", default_value = ".", help_heading = "Files")]
    pub(crate) dir: PathBuf,

    /// Folder for the workflow [default: `workflows` in --dir, to be copied into the repository]
    #[arg(long, value_name = "FOLDER", help_heading = "Files")]
    pub(crate) workflow_dir: Option<PathBuf>,

    /// Print the files, and write nothing
    #[arg(long, help_heading = "Files")]
    pub(crate) dry_run: bool,
}

/// A try-out is about the project that the emulator plays.
const NAMES_A_PROJECT: [&str; 8] = [
    "repository",
    "repository_id",
    "owner",
    "owner_id",
    "project_path",
    "project_id",
    "namespace_id",
    "gitlab_url",
];

const EXAMPLES: &str = "\
Examples:
  daypass init
  daypass init --try-out --ci gitlab
  daypass init --ci github --public-url https://pass.example.com \\
    --repository octo-org/octo-repo --repository-id 123456789 --owner-id 65 --environment production
  daypass init --ci gitlab --public-url https://pass.example.com \\
    --project-path octo/app --project-id 42 --namespace-id 7 --dry-run";
