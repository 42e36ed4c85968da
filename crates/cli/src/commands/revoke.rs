//! `daypass revoke`: passes are taken back before they expire.

use daypass_app::revocation::{self, Subject};
use daypass_jose::Timestamp;
use daypass_policy::did_you_mean;
use daypass_store::Revocation;
use serde_json::json;

use super::Context;
use super::records::{Absent, Records};
use crate::args::RevokeArguments;
use crate::fault::{CommandFault, OK};
use crate::{output, words};

/// How far the clocks of this machine and of the servers may differ, in seconds: more is a slip, and would take passes back
/// that are given long after.
const MAX_AHEAD_SECONDS: i64 = 300;

pub(super) async fn run(arguments: &RevokeArguments, context: &Context) -> Result<u8, CommandFault> {
    let records = Records::open(arguments.settings.config.as_deref(), context, Absent::Refuse).await?;
    let outcome = revoke(arguments, &records, context.clock.now()).await;
    records.store.close().await;
    outcome.map(|()| OK)
}

async fn revoke(arguments: &RevokeArguments, records: &Records, now: Timestamp) -> Result<(), CommandFault> {
    let before = before(arguments, now)?;
    let hit = Hit::of(arguments, records).await?;
    let revocation = revocation::revoke(&records.store, &hit.subject, before, now).await?;
    if let Some(note) = &hit.note {
        output::note(note);
    }
    if arguments.json {
        return output::line(json!({
            "revoked": revocation.subject,
            "issued_before": (!hit.subject.is_issued_once()).then(|| revocation.before.to_string()),
            "revoked_at": revocation.at.to_string(),
            "remembered_until": revocation.remember_until.to_string(),
        }));
    }
    output::line(format_args!(
        "revoked: {}\nservers refuse it from now on, and remember that until {}, when the last of it has expired\n\
         APIs that do not ask a server take it until it expires",
        told(&hit, &revocation, now),
        revocation.remember_until
    ))
}

fn told(hit: &Hit, revocation: &Revocation, now: Timestamp) -> String {
    if hit.subject.is_issued_once() {
        return hit.words.clone();
    }
    let before = revocation.before;
    format!("{}, if issued until {before} ({})", hit.words, words::relative(before, now))
}

fn before(arguments: &RevokeArguments, now: Timestamp) -> Result<Timestamp, CommandFault> {
    let Some(before) = arguments.before else { return Ok(now) };
    if before > now.plus_seconds(MAX_AHEAD_SECONDS) {
        return Err(CommandFault::Usage(format!(
            "--before: {before} is to come; what is issued from now on is for the policy, or `daypass project suspend`"
        )));
    }
    if !revocation::may_be_valid(before, now) {
        return Err(CommandFault::Usage(format!(
            "--before: what was issued until {before} has expired; nothing was done"
        )));
    }
    Ok(before)
}

/// What is hit, in words too, and what the operator should know of it.
struct Hit {
    subject: Subject,
    words: String,
    note: Option<String>,
}

impl Hit {
    async fn of(arguments: &RevokeArguments, records: &Records) -> Result<Self, CommandFault> {
        let hit = |subject, words: String| Ok(Self { subject, words, note: None });
        if let Some(id) = arguments.credential {
            return hit(Subject::Credential(id), format!("the pass {id}"));
        }
        if let Some(id) = arguments.exchange {
            let is_known = records.store.ledger().show(id).await?.is_some();
            let note = (!is_known).then(|| format!("note: the ledger has no exchange {id}"));
            let words = format!("what the exchange {id} gave");
            return Ok(Self { subject: Subject::Exchange(id), words, note });
        }
        if let Some(named) = &arguments.run {
            let (issuer, run) = (named.issuer.clone(), named.id.clone());
            let words = format!("every pass of the run `{run}` of `{issuer}`");
            return Ok(Self {
                note: unknown(&issuer, records),
                subject: Subject::Run { issuer, run },
                words,
            });
        }
        if let Some(named) = &arguments.job {
            let (issuer, job) = (named.issuer.clone(), named.id.clone());
            let words = format!("every pass of the job `{job}` of `{issuer}`");
            return Ok(Self {
                note: unknown(&issuer, records),
                subject: Subject::Job { issuer, job },
                words,
            });
        }
        if let Some(name) = &arguments.project {
            let project = records.project(name).await?;
            let words = format!("every pass of the project {} ({})", project.path, project.id);
            return hit(Subject::Project(project.id), words);
        }
        if let Some(id) = arguments.account {
            let account = records.store.accounts().by_id(id).await?;
            let account =
                account.ok_or_else(|| CommandFault::Usage(format!("there is no account `{id}`")))?;
            return hit(Subject::Account(id), format!("every pass of the account {} ({id})", account.name));
        }
        if let Some(role) = &arguments.role {
            return hit(Subject::Role(role.clone()), format!("every pass of the role `{role}`"));
        }
        if let Some(issuer) = &arguments.issuer {
            let words = format!("every pass for tokens of `{issuer}`");
            let note = unknown(issuer, records);
            return Ok(Self { subject: Subject::Issuer(issuer.clone()), words, note });
        }
        hit(Subject::All, "every pass".to_owned())
    }
}

/// Passes of an issuer that was taken out of the settings may still be valid, so that it is no fault.
fn unknown(issuer: &str, records: &Records) -> Option<String> {
    let names = || records.settings.issuers.iter().map(|one| one.registered.name.as_str());
    if names().any(|name| name == issuer) {
        return None;
    }
    let meant = did_you_mean(issuer, names()).map(|meant| format!("; did you mean `{meant}`?"));
    Some(format!("note: the settings register no issuer `{issuer}`{}", meant.unwrap_or_default()))
}
