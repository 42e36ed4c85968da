//! Every issuer: its keys as the server would get them, its clock, its certificate, and how well its tokens are known.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use daypass_app::config::IssuerConfig;
use daypass_fetch::Fetcher;
use daypass_jose::Timestamp;
use daypass_keys::{IssuerLook, look};
use daypass_policy::{RegisteredIssuer, foreign_audience};
use daypass_web::Validity;
use tokio::task::JoinSet;

use super::super::Context;
use super::certificate;
use super::check::Check;
use super::clocks::{self, ahead_millis};
use super::finding::{Finding, Level};
use crate::settings::Settings;
use crate::words;

/// The age from which a file of keys may lack those of today, in seconds: 90 days.
const OLD_FILE_SECONDS: i64 = 90 * 86_400;
/// Keys that are not used and are named one by one.
const MAX_NAMED_KEYS: usize = 8;

/// The issuers of the settings, about to be asked.
pub(super) struct Asked {
    issuers: Vec<IssuerConfig>,
    key_files: BTreeMap<String, PathBuf>,
}

/// One issuer and what a look at it came to.
struct Looked {
    registered: RegisteredIssuer,
    look: IssuerLook,
    took: Duration,
}

impl Asked {
    /// Takes the issuers out of the settings.
    pub(super) fn of(settings: &mut Settings) -> Self {
        let key_files = settings.key_files();
        Self { issuers: std::mem::take(&mut settings.issuers), key_files }
    }

    pub(super) fn len(&self) -> usize {
        self.issuers.len()
    }

    /// Asks all of them at once, each within the deadline of the server.
    pub(super) async fn check(self, fetcher: &Fetcher, context: &Context) -> Vec<Finding> {
        if self.issuers.is_empty() {
            let text = "no issuer is registered in the settings, so that every token is refused";
            return vec![Finding::warning(Check::IssuerKeys, text)];
        }
        let now = context.clock.now();
        let looked = looked(self.issuers, fetcher, context).await;
        let ahead: Vec<i64> = looked.iter().filter_map(Looked::ahead_millis).collect();
        let is_ours = clocks::is_ours(&ahead);
        let mut findings = vec![clocks::of_machine(&ahead, now)];
        for one in &looked {
            findings.push(one.of_keys());
            findings.extend(one.of_skipped_keys());
            findings.extend(one.of_clock(is_ours));
            findings.extend(one.of_certificate(now));
            findings.push(one.of_evidence());
            findings.extend(one.of_audiences());
            findings.extend(self.key_files.get(&one.registered.name).and_then(|path| one.of_file(path, now)));
        }
        findings
    }
}

async fn looked(issuers: Vec<IssuerConfig>, fetcher: &Fetcher, context: &Context) -> Vec<Looked> {
    let mut looks = JoinSet::new();
    for (at, IssuerConfig { registered, keys }) in issuers.into_iter().enumerate() {
        let (fetcher, clock) = (fetcher.clone(), std::sync::Arc::clone(&context.clock));
        looks.spawn(async move {
            let started = clock.monotonic();
            let look = look(keys, &fetcher, clock.as_ref()).await;
            (at, Looked { registered, look, took: clock.monotonic().saturating_sub(started) })
        });
    }
    let mut all = BTreeMap::new();
    while let Some(done) = looks.join_next().await {
        all.extend(done.ok());
    }
    all.into_values().collect()
}

impl Looked {
    fn finding(&self, check: Check, level: Level, text: &str) -> Finding {
        let name = &self.registered.name;
        Finding::new(check, level, format!("{name}: {text}")).at(&self.registered.url)
    }

    fn of_keys(&self) -> Finding {
        match &self.look.keys {
            Ok(keys) => {
                let text = format!("usable keys: {}, in {} ms", keys.len(), self.took.as_millis());
                self.finding(Check::IssuerKeys, Level::Ok, &text)
            }
            Err(fault) => self.finding(Check::IssuerKeys, Level::Fault, &fault.to_string()),
        }
    }

    fn of_skipped_keys(&self) -> Option<Finding> {
        let skipped = self.look.keys.as_ref().ok()?.skipped();
        let told = |key: &daypass_jose::jwk::SkippedKey| {
            format!("{} ({})", key.key_id.as_deref().unwrap_or("one without a key id"), key.reason)
        };
        let named: Vec<String> = skipped.iter().take(MAX_NAMED_KEYS).map(told).collect();
        let text = format!("keys that are not used: {}: {}", skipped.len(), named.join(", "));
        (!skipped.is_empty()).then(|| self.finding(Check::IssuerSkippedKeys, Level::Warning, &text))
    }

    /// The answer that says the worst.
    fn ahead_millis(&self) -> Option<i64> {
        let ahead = self.look.answers.iter().filter_map(|answer| {
            let date = clocks::moment(answer.date.as_ref()?, answer.age.as_ref())?;
            Some(ahead_millis(date, answer.asked_at, answer.answered_at))
        });
        ahead.max_by_key(|millis| millis.saturating_abs())
    }

    fn of_clock(&self, is_ours: bool) -> Option<Finding> {
        let ahead = self.ahead_millis()?;
        let whose = format!("{}: its", self.registered.name);
        if is_ours {
            let text = "it differs from this machine's clock as all the others do";
            return Some(self.finding(Check::IssuerClock, Level::Note, text));
        }
        Some(clocks::difference(Check::IssuerClock, &whose, ahead).at(&self.registered.url))
    }

    /// The certificate that ends first.
    fn of_certificate(&self, now: Timestamp) -> Option<Finding> {
        let shown = self.look.answers.iter().filter_map(|answer| answer.certificate.as_deref());
        let first = shown.filter_map(Validity::of).min_by_key(|validity| validity.not_after)?;
        let whose = format!("{}: its certificate", self.registered.name);
        Some(certificate::end(Check::IssuerCertificate, &whose, first, now).at(&self.registered.url))
    }

    fn of_evidence(&self) -> Finding {
        let profile = self.registered.profile;
        if profile.evidence == "live" {
            let text = format!("what is known of {} rests on tokens that were seen", profile.title);
            return self.finding(Check::IssuerEvidence, Level::Ok, &text);
        }
        let text = format!("what is known of {} rests on its documentation alone", profile.title);
        self.finding(Check::IssuerEvidence, Level::Note, &text)
    }

    /// Audiences of others that the settings allow with a reason; without one they are faults of the settings.
    fn of_audiences(&self) -> Vec<Finding> {
        let of_one = |audience: &String| {
            let owner = foreign_audience(audience)?;
            let text =
                format!("the audience `{audience}` belongs to {owner}, and is allowed in the settings");
            Some(self.finding(Check::IssuerAudience, Level::Warning, &text))
        };
        self.registered.audiences.iter().filter_map(of_one).collect()
    }

    fn of_file(&self, path: &Path, now: Timestamp) -> Option<Finding> {
        let changed = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let changed = Timestamp::from_seconds(i64::try_from(changed.as_secs()).ok()?)?;
        let age = now.seconds().saturating_sub(changed.seconds());
        let level = if age > OLD_FILE_SECONDS { Level::Warning } else { Level::Ok };
        let text = format!("the file of its keys was written {}", words::relative(changed, now));
        Some(self.finding(Check::IssuerKeyFile, level, &text).at(&path.display()))
    }
}

/// An issuer for which tokens can be forged: who it is, one of its key ids and that key's algorithm.
pub(super) struct Forgeable {
    pub(super) registered: RegisteredIssuer,
    pub(super) key_id: String,
    pub(super) algorithm: daypass_jose::Algorithm,
}

/// The first issuer of the settings whose keys are to be had and have ids.
pub(super) async fn forgeable(
    issuers: Vec<IssuerConfig>,
    fetcher: &Fetcher,
    context: &Context,
) -> Option<Forgeable> {
    looked(issuers, fetcher, context).await.into_iter().find_map(|one| {
        let keys = one.look.keys.ok()?;
        let (key_id, algorithm) =
            keys.keys().find_map(|key| Some((key.key_id()?.to_owned(), key.algorithm())))?;
        Some(Forgeable { registered: one.registered, key_id, algorithm })
    })
}
