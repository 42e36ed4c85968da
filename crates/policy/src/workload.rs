//! A workload: verified claims, seen through the profile of the CI system that made them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::iter::Peekable;

use daypass_jose::jwt::VerifiedClaims;
use daypass_jose::{Json, Object};
use serde::{Serialize, Serializer};

use crate::issuer::RegisteredIssuer;
use crate::provider::{Profile, PullRequestRef, TriggerClass, WorkloadClaims};

/// Claims that any token may carry (RFC 7519 §4.1).
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// A CI job that proved who it is.
#[derive(Debug)]
pub struct Workload {
    claims: Claims,
    issuer_name: String,
    is_shared: bool,
    profile: &'static Profile,
    repository: Repository,
    run: Run,
}

/// Claims that a token proved, or that somebody only supposes.
#[derive(Debug)]
enum Claims {
    Verified(VerifiedClaims),
    Supposed(Object),
}

impl Claims {
    fn all(&self) -> &Object {
        match self {
            Self::Verified(claims) => claims.claims(),
            Self::Supposed(claims) => claims,
        }
    }
}

/// The repository in which the job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its immutable id.
    pub external_id: String,
    /// Its path, which can change and be taken by somebody else.
    pub path: Option<String>,
    /// The immutable id of its owner, where the tokens carry one.
    pub owner_external_id: Option<String>,
    /// The name of its owner, which can change and be taken by somebody else.
    pub owner_name: Option<String>,
}

/// The run of which the job is part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parts of a run, in the words of the glossary")]
pub struct Run {
    pub id: Option<String>,
    pub attempt: Option<String>,
    pub job: Option<String>,
    pub workflow: Option<String>,
    pub event: Option<String>,
    pub git_ref: Option<String>,
    pub sha: Option<String>,
    pub environment: Option<String>,
    /// Parsed from the verified ref.
    pub pull_request: Option<u64>,
}

/// Why verified claims are not those of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadFault {
    /// A claim is missing that every job's token of this issuer carries.
    #[error("the claim `{0}` is missing, which every job's token of this issuer carries")]
    ClaimMissing(String),
    /// A claim has a wrong type, is empty, or holds U+0000.
    #[error("the claim `{0}` has a wrong type or value")]
    ClaimMalformed(String),
}

impl WorkloadFault {
    /// The stable code of this fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimMalformed(_) => "claim_malformed",
        }
    }
}

impl Workload {
    /// Sees verified claims through the issuer's profile: every required claim must be there with its type.
    pub fn from_claims(claims: VerifiedClaims, issuer: &RegisteredIssuer) -> Result<Self, WorkloadFault> {
        Self::of(Claims::Verified(claims), issuer)
    }

    // INVARIANT: such a workload never leaves this crate, or a decision about it would be proof that policy said yes.
    pub(crate) fn supposed(claims: Object, issuer: &RegisteredIssuer) -> Result<Self, WorkloadFault> {
        Self::of(Claims::Supposed(claims), issuer)
    }

    fn of(claims: Claims, issuer: &RegisteredIssuer) -> Result<Self, WorkloadFault> {
        let profile = issuer.profile;
        for (name, kind) in &profile.required {
            match claims.all().member(name) {
                None => return Err(WorkloadFault::ClaimMissing(name.clone())),
                Some(value) if kind.fits(value) => {}
                Some(_) => return Err(WorkloadFault::ClaimMalformed(name.clone())),
            }
        }
        let reader = Reader { claims: claims.all(), profile };
        let (repository, run) = (reader.repository(&profile.workload)?, reader.run(&profile.workload)?);
        Ok(Self {
            issuer_name: issuer.name.clone(),
            is_shared: issuer.is_shared,
            profile,
            repository,
            run,
            claims,
        })
    }

    /// The name of the issuer in the settings.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// Whether the issuer serves tenants who do not know each other.
    pub fn is_of_shared_issuer(&self) -> bool {
        self.is_shared
    }

    /// The kind of CI system.
    pub fn provider(&self) -> &str {
        &self.profile.name
    }

    /// What is known of the kind of CI system.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// One verified claim, of whatever type.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.all().member(name)
    }

    /// The text of a scalar claim that has the type that the profile gives it.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        text(self.profile, name, self.claim(name)?)
    }

    /// How far the event that started the job is trusted; `None` where the tokens of the provider name no event.
    pub fn trigger_class(&self) -> Option<TriggerClass> {
        let trigger = self.profile.trigger.as_ref()?;
        let Some(event) = self.text(&trigger.claim) else { return Some(TriggerClass::Untrusted) };
        let class = trigger.class(&event);
        let is_equal = trigger.review_equal.as_ref().is_none_or(|(one, other)| {
            let (one, other) = (self.text(one), self.text(other));
            one.is_some() && one == other
        });
        if class == TriggerClass::Review && !is_equal { Some(TriggerClass::Untrusted) } else { Some(class) }
    }

    /// Names of claims that the profile does not know, so that nobody has thought about what they mean. Of a provider of which
    /// nothing is known, none.
    pub fn unaccounted_claims(&self) -> impl Iterator<Item = &str> {
        // All three are in the order of their names: one walk along them is a fifth of looking up each name.
        let Profile { required, optional, .. } = self.profile;
        let (mut required, mut known) = (required.keys().peekable(), optional.keys().peekable());
        let names = self.claims.all().iter().map(|(name, _)| name);
        let unknown = names.filter(move |name| !is_next(&mut required, name) && !is_next(&mut known, name));
        unknown.filter(|name| {
            !optional.is_empty() && !REGISTERED.contains(name) && self.profile.claim_type(name).is_none()
        })
    }

    /// The claims as they may be recorded: those about persons only where a rule has tested them.
    pub fn recordable_claims<'a>(&'a self, tested: &'a BTreeSet<String>) -> RecordableClaims<'a> {
        RecordableClaims { claims: self.claims.all(), personal: &self.profile.personal, tested }
    }
}

/// Whether the name is among these, which are sorted, as are the names that are asked for.
fn is_next<'k>(sorted: &mut Peekable<impl Iterator<Item = &'k String>>, name: &str) -> bool {
    while sorted.next_if(|next| next.as_str() < name).is_some() {}
    sorted.peek().is_some_and(|next| *next == name)
}

/// Claims that are written as one JSON object, without those about persons that no rule has tested.
pub struct RecordableClaims<'a> {
    claims: &'a Object,
    personal: &'a [String],
    tested: &'a BTreeSet<String>,
}

impl Serialize for RecordableClaims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_recordable =
            |name: &str| !self.personal.iter().any(|personal| personal == name) || self.tested.contains(name);
        serializer.collect_map(self.claims.iter().filter(|(name, _)| is_recordable(name)))
    }
}

/// The text of a scalar of the type that the profile knows; of a claim that it does not know, any scalar's.
pub(crate) fn text<'v>(profile: &Profile, name: &str, value: &'v Json) -> Option<Cow<'v, str>> {
    match profile.claim_type(name) {
        Some(kind) if !kind.fits(value) => None,
        _ => value.scalar_text(),
    }
}

struct Reader<'a> {
    claims: &'a Object,
    profile: &'static Profile,
}

impl Reader<'_> {
    fn repository(&self, from: &WorkloadClaims) -> Result<Repository, WorkloadFault> {
        let missing = || WorkloadFault::ClaimMissing(from.repository_id.join(" or "));
        Ok(Repository {
            external_id: self.first(&from.repository_id)?.ok_or_else(missing)?,
            path: self.first(&from.repository)?,
            owner_external_id: self.first(&from.owner_id)?,
            owner_name: self.first(&from.owner)?,
        })
    }

    fn run(&self, from: &WorkloadClaims) -> Result<Run, WorkloadFault> {
        let git_ref = self.first_or_empty(&from.git_ref)?;
        let pull_request = from.pull_request.as_ref().zip(git_ref.as_deref());
        Ok(Run {
            id: self.first(&from.run_id)?,
            attempt: self.first(&from.run_attempt)?,
            job: self.first(&from.job)?,
            workflow: self.first_or_empty(&from.workflow)?,
            event: self.first(&from.event)?,
            pull_request: pull_request.and_then(|(form, git_ref)| number(form, git_ref)),
            git_ref,
            sha: self.first_or_empty(&from.sha)?,
            environment: self.first_or_empty(&from.environment)?,
        })
    }

    /// The first of these claims that is there and not null. It has a column of its own in every record.
    fn first(&self, names: &[String]) -> Result<Option<String>, WorkloadFault> {
        match self.first_value(names) {
            None => Ok(None),
            Some((name, value)) => match text(self.profile, name, value) {
                Some(text) if !text.is_empty() && !text.contains('\0') => Ok(Some(text.into_owned())),
                _ => Err(WorkloadFault::ClaimMalformed(name.to_owned())),
            },
        }
    }

    /// As [`Self::first`], for claims that may be empty; an empty one is none.
    fn first_or_empty(&self, names: &[String]) -> Result<Option<String>, WorkloadFault> {
        match self.first_value(names) {
            Some((_, Json::String(text))) if text.is_empty() => Ok(None),
            _ => self.first(names),
        }
    }

    fn first_value<'s>(&'s self, names: &'s [String]) -> Option<(&'s str, &'s Json)> {
        let present = |name: &'s String| Some((name.as_str(), self.claims.member(name)?));
        names.iter().filter_map(present).find(|(_, value)| **value != Json::Null)
    }
}

fn number(form: &PullRequestRef, git_ref: &str) -> Option<u64> {
    let rest = git_ref.strip_prefix(form.before.as_str())?;
    let digits = form.after.iter().find_map(|after| rest.strip_suffix(after.as_str()))?;
    let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}
