//! Revocation: what can be revoked of passes, for how long that is remembered, and which pass it hits.

use std::fmt;

use daypass_jose::ids::{AccountId, CredentialId, ExchangeId, ProjectId};
use daypass_jose::jwt::VerifiedClaims;
use daypass_jose::time::LEEWAY_SECONDS;
use daypass_jose::{Json, Timestamp};
use daypass_policy::MAX_TTL_SECONDS;
use daypass_store::{MAX_SUBJECTS, Revocation, Store, StoreFault};

/// How long beyond the end of the last pass that it hits a revocation is remembered, in seconds. It must outlive every moment
/// at which a server could still take such a pass, by its own clock, or the pass is good again.
const MARGIN_SECONDS: i64 = 300;

/// What is revoked. Each but the first two hits passes by the moment at which they were issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One credential, by its `jti`.
    Credential(CredentialId),
    /// What one exchange gave.
    Exchange(ExchangeId),
    /// What one job of an issuer was given; its siblings of the same run are not hit.
    Job {
        /// Name of the issuer in the settings.
        issuer: String,
        /// `run.job` of the pass.
        job: String,
    },
    /// What the jobs of one run were given.
    Run {
        /// Name of the issuer in the settings.
        issuer: String,
        /// `run.id` of the pass.
        run: String,
    },
    /// What the jobs of an onboarded project were given.
    Project(ProjectId),
    /// What the jobs of all projects of an account were given.
    Account(AccountId),
    /// What was given under a role.
    Role(String),
    /// What was given for tokens of an issuer, by its name in the settings.
    Issuer(String),
    /// Everything.
    All,
}

impl fmt::Display for Subject {
    /// As it stands in the store. No name of an issuer has a colon, so that no two subjects have one text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(id) => write!(f, "credential:{id}"),
            Self::Exchange(id) => write!(f, "exchange:{id}"),
            Self::Job { issuer, job } => write!(f, "job:{issuer}:{job}"),
            Self::Run { issuer, run } => write!(f, "run:{issuer}:{run}"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Issuer(name) => write!(f, "issuer:{name}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl Subject {
    /// Whether it names what was issued once: then there is nothing that could be issued later, and no clock is asked.
    pub fn is_issued_once(&self) -> bool {
        matches!(self, Self::Credential(_) | Self::Exchange(_))
    }
}

/// Revokes what was issued of a subject until a moment, for as long as any of it can be valid.
///
/// # Errors
/// The store failed.
pub async fn revoke(
    store: &Store,
    subject: &Subject,
    before: Timestamp,
    now: Timestamp,
) -> Result<Revocation, StoreFault> {
    let last_issued = if subject.is_issued_once() { before.max(now) } else { before };
    let last_expires = last_issued.plus_seconds(MAX_TTL_SECONDS);
    record(store, subject, before, (last_expires, now)).await
}

/// The moment to come until which passes of a subject are revoked already as they are issued, if there is one.
///
/// # Errors
/// The store failed.
pub async fn hits_until(
    store: &Store,
    subject: &Subject,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreFault> {
    let subject = subject.to_string();
    let mut asked = [None; MAX_SUBJECTS];
    if let Some(first) = asked.first_mut() {
        *first = Some(subject.as_str());
    }
    let found = store.revocations().of(&asked).await?;
    Ok(found.into_iter().map(|revocation| revocation.before).find(|before| *before > now))
}

/// Whether a pass that was issued at this moment may still be valid now: otherwise there is nothing to revoke.
pub fn may_be_valid(issued_at: Timestamp, now: Timestamp) -> bool {
    issued_at.plus_seconds(MAX_TTL_SECONDS.saturating_add(LEEWAY_SECONDS)) > now
}

async fn record(
    store: &Store,
    subject: &Subject,
    before: Timestamp,
    (last_expires, now): (Timestamp, Timestamp),
) -> Result<Revocation, StoreFault> {
    let remember_until = last_expires.plus_seconds(LEEWAY_SECONDS.saturating_add(MARGIN_SECONDS));
    store
        .revocations()
        .revoke(&Revocation { subject: subject.to_string(), before, at: now, remember_until })
        .await
}

/// All subjects that a revocation of one pass can name.
pub(crate) struct Subjects {
    credential: CredentialId,
    exchange: ExchangeId,
    texts: [Option<String>; MAX_SUBJECTS],
}

impl Subjects {
    /// Those of a pass; `None` where it does not say what every pass says.
    pub(crate) fn of(claims: &VerifiedClaims) -> Option<Self> {
        let text = |name| claims.claim(name).and_then(Json::as_str);
        let member = |object, name| match claims.claim(object) {
            Some(Json::Object(object)) => object.member(name).and_then(Json::as_str),
            _ => None,
        };
        let (issuer, _) = text("client_id")?.split_once(':')?;
        let named = |name: &str| (issuer.to_owned(), name.to_owned());
        let credential = claims.token_id().and_then(CredentialId::parse)?;
        let exchange = text("exchange").and_then(ExchangeId::parse)?;
        let subjects = [
            Some(Subject::Credential(credential)),
            Some(Subject::Exchange(exchange)),
            member("run", "job").map(named).map(|(issuer, job)| Subject::Job { issuer, job }),
            member("run", "id").map(named).map(|(issuer, run)| Subject::Run { issuer, run }),
            member("project", "id").and_then(ProjectId::parse).map(Subject::Project),
            member("account", "id").and_then(AccountId::parse).map(Subject::Account),
            Some(Subject::Role(text("role")?.to_owned())),
            Some(Subject::Issuer(issuer.to_owned())),
            Some(Subject::All),
        ];
        let texts = subjects.map(|subject| subject.map(|subject| subject.to_string()));
        Some(Self { credential, exchange, texts })
    }

    /// The pass itself.
    pub(crate) fn credential(&self) -> CredentialId {
        self.credential
    }

    /// The exchange that it came from.
    pub(crate) fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// The revocation that hits a pass of these subjects that was issued at this moment, if there is one: one look at the store.
    pub(crate) async fn revoked(
        &self,
        store: &Store,
        issued_at: Timestamp,
    ) -> Result<Option<Revocation>, StoreFault> {
        let asked = self.texts.each_ref().map(Option::as_deref);
        let found = store.revocations().of(&asked).await?;
        Ok(found.into_iter().find(|revocation| self.hits(revocation, issued_at)))
    }

    /// `iat` is the second in which the pass was issued. One that began before the revocation is hit whole: what was issued
    /// in it before the revocation cannot be told from what was issued after, and the no wins.
    fn hits(&self, revocation: &Revocation, issued_at: Timestamp) -> bool {
        let [credential, exchange, ..] = &self.texts;
        let is_issued_once = [credential, exchange].contains(&&Some(revocation.subject.clone()));
        is_issued_once || revocation.before >= issued_at
    }

    /// Revokes the pass itself, which expires then.
    pub(crate) async fn revoke_itself(
        &self,
        store: &Store,
        (expires_at, now): (Timestamp, Timestamp),
    ) -> Result<Revocation, StoreFault> {
        record(store, &Subject::Credential(self.credential), now, (expires_at, now)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_subjects_have_one_text() {
        let id = "01930000-0000-7000-8000-000000000001";
        let job = |issuer: &str, job: &str| Subject::Job { issuer: issuer.to_owned(), job: job.to_owned() };
        let subjects = [
            Subject::Credential(CredentialId::parse(id).unwrap()),
            Subject::Exchange(ExchangeId::parse(id).unwrap()),
            job("a", "b:c"),
            job("a", "b"),
            Subject::Run { issuer: "a".to_owned(), run: "b".to_owned() },
            Subject::Project(ProjectId::parse(id).unwrap()),
            Subject::Account(AccountId::parse(id).unwrap()),
            Subject::Role("a".to_owned()),
            Subject::Issuer("a".to_owned()),
            Subject::All,
        ];
        let mut texts: Vec<String> = subjects.iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), subjects.len(), "{texts:?}");
    }

    #[test]
    fn what_was_issued_longer_ago_than_a_pass_can_live_is_valid_no_more() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        let ago = |seconds: i64| now.plus_seconds(-seconds);
        let longest = MAX_TTL_SECONDS + LEEWAY_SECONDS;
        assert!(may_be_valid(now, now) && may_be_valid(ago(longest - 1), now));
        assert!(!may_be_valid(ago(longest), now));
    }
}
