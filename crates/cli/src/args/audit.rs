//! The command line of `daypass audit`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use daypass_app::Code;
use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_policy::{did_you_mean, parse_duration};

use super::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass audit list --outcome refused --since 1h
  daypass audit tail --project octo-org/octo-repo
  daypass audit show 01930000-0000-7000-8000-000000000000
  daypass audit export --since 2026-11-01 --until 2026-12-01 --out november.jsonl";

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    List(AuditListArguments),
    Tail(AuditTailArguments),
    Show(AuditShowArguments),
    Export(AuditExportArguments),
}

/// Which exchanges. Each is compared as it is written, whole: `%` and `*` are letters.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which exchanges (all that is named must fit)")]
pub(crate) struct AuditFilterArguments {
    /// That ended so
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeName>,

    /// Refused with this code, as `not_allowed`
    #[arg(long, value_parser = code)]
    pub(crate) code: Option<Code>,

    /// For this role
    #[arg(long)]
    pub(crate) role: Option<String>,

    /// Of this project; where several have the path, its id
    #[arg(long, value_name = "PATH|ID")]
    pub(crate) project: Option<String>,

    /// Of this run of the CI system
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run: Option<String>,

    /// From this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) source: Option<IpAddr>,

    /// Not before this: a time back, as `90s`, `15m`, `2h` or `3d`, or a moment, as `2026-11-24T09:30:00Z` or `2026-11-24`
    /// (its midnight in UTC)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<Moment>,

    /// Before this, written as for --since
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) until: Option<Moment>,
}

/// List exchanges, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass audit list --outcome refused --since 1h\n  daypass audit list --role deploy --limit 10 --json\n  daypass audit list --source 192.0.2.1 --since 2026-11-24T09:00:00Z --until 2026-11-24T10:00:00Z"
)]
pub(crate) struct AuditListArguments {
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,

    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    #[command(flatten)]
    pub(crate) filter: AuditFilterArguments,
}

/// Show the newest exchanges, and each further one as it is recorded
///
/// Goes on until Ctrl-C, which ends it with 0, or until --until has passed. While the store cannot be read, it says so on
/// stderr and tries again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass audit tail\n  daypass audit tail --outcome refused --lines 0\n  daypass audit tail --role deploy --json | jq -r .repository"
)]
pub(crate) struct AuditTailArguments {
    /// Begin with so many that are there already
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) lines: u32,

    /// Print as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    #[command(flatten)]
    pub(crate) filter: AuditFilterArguments,
}

/// Show one exchange: who asked, for what, and what decided
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass audit show 01930000-0000-7000-8000-000000000000\n  daypass audit show 01930000-0000-7000-8000-000000000000 --json | jq .trace.blocks"
)]
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

/// Write exchanges as JSON, one a line, oldest first, with their credentials
///
/// The members are those of `audit show --json`; docs/audit.md describes them, and `version` is counted up when one goes. It
/// ends with 0 when all is written. What it says at the end on stderr, `--after ID`, goes on from there later: nothing is
/// left out then, and the exchanges of the last half minute may come twice.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  daypass audit export --since 1d > day.jsonl\n  daypass audit export --since 2026-11-01 --until 2026-12-01 --out november.jsonl\n  daypass audit export --after 01930000-0000-7000-8000-000000000000 | gzip > rest.jsonl.gz"
)]
pub(crate) struct AuditExportArguments {
    /// Write to this file, which is there when it is whole, or not at all
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Go on behind this exchange
    #[arg(long, value_name = "ID", value_parser = exchange_id)]
    pub(crate) after: Option<ExchangeId>,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    #[command(flatten)]
    pub(crate) filter: AuditFilterArguments,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeName {
    /// a credential was given
    Success,
    /// nothing was given
    Refused,
    /// nothing was asked for but what an exchange would come to
    #[value(name = "dry_run")]
    DryRun,
}

/// A moment as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many seconds ago.
    Ago(i64),
    /// That one.
    At(Timestamp),
}

impl Moment {
    /// Which one it is.
    pub(crate) fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => now.plus_seconds(seconds.saturating_neg()),
            Self::At(moment) => moment,
        }
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(seconds) = parse_duration(text) {
        return Ok(Moment::Ago(seconds));
    }
    let midnight = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    Timestamp::parse(text).or_else(midnight).map(Moment::At).ok_or_else(|| {
        "it is neither a time back, as `90s`, `15m`, `2h` or `3d`, nor a moment, as `2026-11-24T09:30:00Z` or `2026-11-24`"
            .to_owned()
    })
}

fn exchange_id(text: &str) -> Result<ExchangeId, String> {
    ExchangeId::parse(text).ok_or_else(|| "it is not the id of an exchange".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_back_or_a_date_with_or_without_its_time() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        for (text, seen) in [
            ("2h", "2026-11-24T07:30:00Z"),
            ("3d", "2026-11-21T09:30:00Z"),
            ("2026-11-24T10:30:00+01:00", "2026-11-24T09:30:00Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
        ] {
            assert_eq!(moment(text).unwrap().seen_from(now).to_string(), seen, "{text}");
        }
        for text in ["", "soon", "-2h", "0s", "2026-02-30", "2026-11", "09:30:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
        let long_ago = moment("9999999999999d").unwrap().seen_from(now);
        assert!(long_ago < Timestamp::from_millis(0));
    }
}
