//! The command lines of `daypass project` and `daypass audit`.

use clap::{Args, Subcommand, ValueEnum};
use daypass_app::Code;
use daypass_policy::did_you_mean;

use super::SettingsArguments;

pub(super) const PROJECT_EXAMPLES: &str = "\
Examples:
  daypass project add octo-org/octo-repo --issuer github --id 123456789 --owner-id 65
  daypass project list
  daypass project suspend octo-org/octo-repo";

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  daypass audit list --outcome refused --since 1h
  daypass audit show 01930000-0000-7000-8000-000000000000";

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    Add(ProjectAddArguments),
    List(ProjectListArguments),
    /// Show one project
    #[command(after_help = "Example:\n  daypass project show octo-org/octo-repo")]
    Show(ProjectNameArguments),
    /// Give a project nothing any more, until it is resumed
    #[command(after_help = "Example:\n  daypass project suspend octo-org/octo-repo")]
    Suspend(ProjectNameArguments),
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

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    List(AuditListArguments),
    Show(AuditShowArguments),
}

/// List exchanges, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass audit list --outcome refused --since 1h\n  daypass audit list --role deploy --limit 10 --json"
)]
pub(crate) struct AuditListArguments {
    /// That ended so
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeName>,

    /// Refused with this code, as `not_allowed`
    #[arg(long, value_parser = code)]
    pub(crate) code: Option<Code>,

    /// For this role
    #[arg(long)]
    pub(crate) role: Option<String>,

    /// Of this project
    #[arg(long, value_name = "PATH|ID")]
    pub(crate) project: Option<String>,

    /// Not older than this, as `90s`, `15m`, `1h` or `2d`
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<String>,

    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,

    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

fn code(text: &str) -> Result<Code, String> {
    let known = || Code::ALL.iter().map(|code| code.as_str());
    Code::from_text(text).ok_or_else(|| match did_you_mean(text, known()) {
        Some(meant) => format!("there is no such code; did you mean `{meant}`?"),
        None => {
            format!("there is no such code; those that there are: {}", known().collect::<Vec<_>>().join(", "))
        }
    })
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeName {
    /// a credential was given
    Success,
    /// nothing was given
    Refused,
}

/// Show one exchange: who asked, for what, and what decided
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  daypass audit show 01930000-0000-7000-8000-000000000000")]
pub(crate) struct AuditShowArguments {
    /// Id of the exchange; the refused job has it in its log
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}
