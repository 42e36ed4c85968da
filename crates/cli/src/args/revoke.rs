//! The command line of `daypass revoke`.

use clap::{ArgGroup, Args};
use daypass_jose::Timestamp;
use daypass_jose::ids::{AccountId, CredentialId, ExchangeId};

use super::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  daypass revoke --role deploy
  daypass revoke --run github:4283094502
  daypass revoke --project octo-org/octo-repo --before 2026-11-24T09:30:00Z
  daypass revoke --exchange 01930000-0000-7000-8000-000000000000 --json";

/// Take passes back before they expire
///
/// Servers of the database of the settings refuse them from the moment that this command ends; `daypass audit` shows the
/// ids. All but a credential and an exchange are hit by when they were issued: passes of the second of the revocation are,
/// later ones are not. It keeps nobody from getting a new pass: that is for the policy, or `daypass project suspend`. APIs that
/// do not ask the server take a pass until it expires.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("subject").required(true))]
pub(crate) struct RevokeArguments {
    /// One pass, by its id (`jti`)
    #[arg(long, value_name = "ID", group = "subject", value_parser = credential, conflicts_with = "before")]
    pub(crate) credential: Option<CredentialId>,

    /// What one exchange gave
    #[arg(long, value_name = "ID", group = "subject", value_parser = exchange, conflicts_with = "before")]
    pub(crate) exchange: Option<ExchangeId>,

    /// What the jobs of one run of an issuer got
    #[arg(long, value_name = "ISSUER:ID", group = "subject", value_parser = named)]
    pub(crate) run: Option<Named>,

    /// What one job of an issuer got, and not its siblings
    #[arg(long, value_name = "ISSUER:ID", group = "subject", value_parser = named)]
    pub(crate) job: Option<Named>,

    /// What the jobs of an onboarded project got
    #[arg(long, value_name = "PATH|ID", group = "subject")]
    pub(crate) project: Option<String>,

    /// What the jobs of all projects of an account got
    #[arg(long, value_name = "ID", group = "subject", value_parser = account)]
    pub(crate) account: Option<AccountId>,

    /// What was given under a role; `project` is what onboarded projects get without one
    #[arg(long, value_name = "NAME", group = "subject", value_parser = filled)]
    pub(crate) role: Option<String>,

    /// What was given for tokens of an issuer, by its name in the settings
    #[arg(long, value_name = "NAME", group = "subject", value_parser = filled)]
    pub(crate) issuer: Option<String>,

    /// Everything
    #[arg(long, group = "subject")]
    pub(crate) all: bool,

    /// What was issued until this moment, as 2026-11-24T09:30:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) before: Option<Timestamp>,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// An id of a provider, and the name of the issuer whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Name of the issuer in the settings.
    pub(crate) issuer: String,
    /// The id.
    pub(crate) id: String,
}

const NO_ID: &str = "it is no id; `daypass audit show EXCHANGE` shows those that there are";

fn credential(text: &str) -> Result<CredentialId, &'static str> {
    CredentialId::parse(text).ok_or(NO_ID)
}

fn exchange(text: &str) -> Result<ExchangeId, &'static str> {
    ExchangeId::parse(text).ok_or(NO_ID)
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    AccountId::parse(text).ok_or("it is no id; `daypass project show` shows that of a project's account")
}

/// The variable of a script that was not set must not revoke anything.
fn filled(text: &str) -> Result<String, &'static str> {
    let is_name = !text.is_empty() && !text.contains(char::is_control);
    is_name.then(|| text.to_owned()).ok_or("it is no name")
}

fn named(text: &str) -> Result<Named, String> {
    let parts = text.split_once(':').filter(|(issuer, id)| filled(issuer).is_ok() && filled(id).is_ok());
    let (issuer, id) = parts.ok_or("write the name of the issuer before it, as `github:4283094502`")?;
    Ok(Named { issuer: issuer.to_owned(), id: id.to_owned() })
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("it is no moment of RFC 3339: write it as 2026-11-24T09:30:00Z")
}
