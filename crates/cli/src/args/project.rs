//! The command line of `daypass project`.

use clap::{Args, Subcommand};

use super::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass project add octo-org/octo-repo --issuer github --id 123456789 --owner-id 65
  daypass project list
  daypass project suspend octo-org/octo-repo";

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    Add(ProjectAddArguments),
    List(ProjectListArguments),
    /// Show one project
    #[command(after_help = "Example:\n  daypass project show octo-org/octo-repo")]
    Show(ProjectNameArguments),
    Suspend(ProjectSuspendArguments),
    /// End the suspension of a project
    #[command(after_help = "Example:\n  daypass project resume octo-org/octo-repo")]
    Resume(ProjectNameArguments),
    Config(ProjectConfigArguments),
}

/// Onboard a repository
///
/// From then on its jobs get what `[projects]` in the settings says, without any role. The ids are those of the CI
/// system: they stay when a repository is renamed, and a name can be taken by somebody else. On GitHub,
/// `gh api repos/OWNER/NAME --jq '.id, .owner.id'` prints both; on GitLab, they are the project's id and the id of its
/// namespace.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  daypass project add octo-org/octo-repo --issuer github --id 123456789 --owner-id 65"
)]
pub(crate) struct ProjectAddArguments {
    /// Path of the repository
    #[arg(value_name = "PATH")]
    pub(crate) path: String,

    /// Name of its issuer in the settings
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: String,

    /// Id of the repository at its CI system
    #[arg(long, value_name = "EXTERNAL_ID")]
    pub(crate) id: String,

    /// Id of its owner: of the organisation, user or group
    #[arg(long, value_name = "ID")]
    pub(crate) owner_id: String,

    /// The customer to whom the owner belongs in your own product; passes carry it
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// List all projects
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  daypass project list --json | jq -r .path")]
pub(crate) struct ProjectListArguments {
    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// One project.
#[derive(Debug, Args)]
pub(crate) struct ProjectNameArguments {
    /// Path of the repository, or id of the project
    #[arg(value_name = "PATH|ID")]
    pub(crate) project: String,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// Give a project nothing any more, until it is resumed
///
/// Its jobs get no new pass, under any role, and the passes that they have are revoked: servers of the database refuse them
/// from the moment that this command ends. APIs that do not ask the server take a pass until it expires.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass project suspend octo-org/octo-repo\n  daypass project suspend octo-org/octo-repo --keep-passes"
)]
pub(crate) struct ProjectSuspendArguments {
    /// Leave the passes that its jobs have valid until they expire
    #[arg(long)]
    pub(crate) keep_passes: bool,

    #[command(flatten)]
    pub(crate) name: ProjectNameArguments,
}

/// Show or replace the configuration that a project's jobs read
///
/// It is a JSON object of your own, which jobs get from `GET /v1.0/config`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass project config octo-org/octo-repo\n  daypass project config octo-org/octo-repo --set config.json"
)]
pub(crate) struct ProjectConfigArguments {
    /// Path of the repository, or id of the project
    #[arg(value_name = "PATH|ID")]
    pub(crate) project: String,

    /// Replace it by the JSON object in this file; `-` reads stdin
    #[arg(long, value_name = "FILE|-")]
    pub(crate) set: Option<String>,

    /// Print as JSON, on one line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}
