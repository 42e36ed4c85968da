//! Provider profiles: what a kind of CI system puts into its tokens, as data. There is one code path for all of them.

mod file;
mod kind;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use daypass_jose::{Algorithm, Json};

use crate::pattern::Glob;

pub use kind::{Each, Kind};

/// Whether one token can be exchanged more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenReuse {
    /// Once: the job can mint tokens at will.
    Once,
    /// Until it expires, each use recorded: the job is given one.
    UntilExpiry,
}

/// The JSON type of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimType {
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// Either of the two.
    StringOrInteger,
    /// A list of strings.
    List,
    /// An object: no rule can test it.
    Object,
}

/// How far the event that started a job is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerClass {
    /// Started by somebody who may write to the repository, or by the CI system.
    Trusted,
    /// Runs what somebody proposes: only a rule that names it lets it in.
    Review,
    /// May run on the words of a stranger: only a rule that says so lets it in.
    Untrusted,
}

/// The events of a provider.
#[derive(Debug)]
pub struct Trigger {
    /// The claim that names the event.
    pub claim: String,
    /// Values of the class [`TriggerClass::Trusted`].
    pub trusted: Vec<String>,
    /// Values of the class [`TriggerClass::Review`].
    pub review: Vec<String>,
    /// Two claims that must be there and equal for the class [`TriggerClass::Review`], or it is untrusted.
    pub review_equal: Option<(String, String)>,
    /// Values that are known and untrusted, as are all that are not listed.
    pub untrusted: Vec<String>,
}

/// Which claims say what about a workload; of several, the first that is there.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each field is the part of a workload of its name")]
pub struct WorkloadClaims {
    pub repository_id: Vec<String>,
    pub repository: Vec<String>,
    pub owner_id: Vec<String>,
    pub owner: Vec<String>,
    pub run_id: Vec<String>,
    pub run_attempt: Vec<String>,
    pub job: Vec<String>,
    pub workflow: Vec<String>,
    pub event: Vec<String>,
    pub git_ref: Vec<String>,
    pub sha: Vec<String>,
    pub environment: Vec<String>,
    pub pull_request: Option<PullRequestRef>,
}

/// How a ref names a pull or merge request.
#[derive(Debug)]
pub struct PullRequestRef {
    /// What stands before the number.
    pub before: String,
    /// What may stand behind it.
    pub after: Vec<String>,
}

/// A kind of CI system.
#[derive(Debug)]
pub struct Profile {
    /// The name that settings use.
    pub name: String,
    /// The name that people use.
    pub title: String,
    /// `live` where somebody here has seen its tokens, else `documented`.
    pub evidence: String,
    /// The issuer's URL, where the provider has one.
    pub default_url: Option<String>,
    /// Issuers that serve many tenants who do not know each other.
    pub shared_urls: Vec<String>,
    /// Algorithms by which its tokens are signed.
    pub algorithms: Vec<Algorithm>,
    /// The longest that a token may be valid, in seconds.
    pub max_lifetime_seconds: i64,
    /// The longest that a token is taken after it was issued, in seconds.
    pub max_age_seconds: i64,
    /// Whether a token can be exchanged more than once.
    pub token_reuse: TokenReuse,
    /// Whether every token carries `jti`.
    pub token_id_required: bool,
    /// Hosts other than the issuer's on which its key set may be.
    pub jwks_hosts: Vec<String>,
    /// Whether a key id may stay when the key behind it changes.
    pub key_id_survives_rotation: bool,
    /// Claims that every token carries: one without is refused.
    pub required: BTreeMap<String, ClaimType>,
    /// Claims that a token may carry.
    pub optional: BTreeMap<String, ClaimType>,
    /// Beginnings of names of further string claims.
    pub string_prefixes: Vec<String>,
    /// Claims whose value never names somebody else later.
    pub immutable: Vec<String>,
    /// Immutable ids of the owner, on which a rule of a shared issuer must rest.
    pub owner_ids: Vec<String>,
    /// Immutable ids of the repository.
    pub project_ids: Vec<String>,
    /// Names that can be given up and taken by somebody else, each with the id that stays.
    pub names: BTreeMap<String, String>,
    /// Claims whose value is chosen by whoever may push a branch or open a pull request.
    pub chosen: Vec<String>,
    /// The claim that names the workflow that is called, and the one that names its commit.
    pub reusable_workflow: Option<(String, String)>,
    /// Claims about persons, recorded only where a rule tests them.
    pub personal: Vec<String>,
    /// What the claims say about the workload.
    pub workload: WorkloadClaims,
    /// The events, where the tokens name one.
    pub trigger: Option<Trigger>,
    /// The claims of a job as there are many, each as text; `{claim}` in it stands for another one.
    pub example: BTreeMap<String, String>,
    /// What a token carries besides, where a whole one is made up; what begins with `_` is a part of claims, and none.
    pub usual: BTreeMap<String, String>,
    /// The kinds of job that matter to who can get what.
    pub kinds: Vec<Kind>,
    /// Audiences that belong to somebody else, and to whom.
    pub foreign_audiences: Vec<(Glob, String)>,
}

static PROFILES: LazyLock<Vec<Profile>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| file::parse(name, text).ok()).collect());

const FILES: [(&str, &str); 3] = [
    ("github.toml", include_str!("github.toml")),
    ("gitlab.toml", include_str!("gitlab.toml")),
    ("generic.toml", include_str!("generic.toml")),
];

/// To whom an audience belongs that is not this server's, if it is a known one.
pub fn foreign_audience(audience: &str) -> Option<&'static str> {
    let all = Profile::all().iter().flat_map(|profile| &profile.foreign_audiences);
    let mut owners = all.filter(|(foreign, _)| foreign.covers(audience));
    owners.next().map(|(_, of)| of.as_str())
}

impl TokenReuse {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::UntilExpiry => "until-expiry",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Once, Self::UntilExpiry].into_iter().find(|reuse| reuse.name() == name)
    }
}

impl ClaimType {
    /// Whether a value is of this type.
    pub fn fits(self, value: &Json) -> bool {
        match (self, value) {
            (Self::String | Self::StringOrInteger, Json::String(_))
            | (Self::Integer | Self::StringOrInteger, Json::Integer(_))
            | (Self::Object, Json::Object(_) | Json::Array(_)) => true,
            (Self::List, Json::Array(items)) => items.iter().all(|item| matches!(item, Json::String(_))),
            (Self::String | Self::Integer | Self::StringOrInteger | Self::List | Self::Object, _) => false,
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "string" => Some(Self::String),
            "integer" => Some(Self::Integer),
            "string or integer" => Some(Self::StringOrInteger),
            "list" => Some(Self::List),
            "object" => Some(Self::Object),
            _ => None,
        }
    }
}

impl Trigger {
    /// The class of an event, but for [`Trigger::review_equal`].
    pub fn class(&self, event: &str) -> TriggerClass {
        let is_in = |list: &[String]| list.iter().any(|known| known == event);
        if is_in(&self.trusted) {
            TriggerClass::Trusted
        } else if is_in(&self.review) {
            TriggerClass::Review
        } else {
            TriggerClass::Untrusted
        }
    }

    /// The trusted and the review events.
    pub fn admissible(&self) -> impl Iterator<Item = &str> {
        self.trusted.iter().chain(&self.review).map(String::as_str)
    }
}

impl Profile {
    /// All profiles of this build.
    pub fn all() -> &'static [Self] {
        &PROFILES
    }

    /// The profile of this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }

    /// Whether the issuer of this URL serves tenants who do not know each other, whatever profile it is given.
    pub fn is_shared_url(url: &str) -> bool {
        Self::all().iter().flat_map(|profile| &profile.shared_urls).any(|shared| shared == url)
    }

    /// The profile whose own issuer this is: under another one its tokens would be judged by the wrong rules.
    pub fn owner_of_url(url: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.shared_urls.iter().any(|shared| shared == url))
    }

    /// Whether the provider has this event.
    pub fn knows_trigger(&self, event: &str) -> bool {
        self.triggers().any(|known| known == event)
    }

    /// The events that are known of the provider.
    pub fn triggers(&self) -> impl Iterator<Item = &str> {
        self.trigger
            .iter()
            .flat_map(|trigger| trigger.admissible().chain(trigger.untrusted.iter().map(String::as_str)))
    }

    /// The type of a claim, where the profile knows it.
    pub fn claim_type(&self, claim: &str) -> Option<ClaimType> {
        let known = self.required.get(claim).or_else(|| self.optional.get(claim)).copied();
        known.or_else(|| {
            let is_prefixed = self.string_prefixes.iter().any(|prefix| claim.starts_with(prefix.as_str()));
            is_prefixed.then_some(ClaimType::String)
        })
    }

    /// The claims that the profile knows.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.required.keys().chain(self.optional.keys()).map(String::as_str)
    }

    /// Whether every token carries the claim.
    pub fn guarantees(&self, claim: &str) -> bool {
        self.required.contains_key(claim)
    }

    /// Whether the claim's value never names somebody else later.
    pub fn is_immutable(&self, claim: &str) -> bool {
        self.immutable.iter().any(|known| known == claim)
    }

    /// Whether the claim is about a person.
    pub fn is_personal(&self, claim: &str) -> bool {
        self.personal.iter().any(|known| known == claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_of_this_build_can_be_read() {
        for (name, text) in FILES {
            file::parse(name, text).unwrap_or_else(|findings| panic!("{findings:?}"));
        }
        assert_eq!(Profile::all().len(), FILES.len());
    }

    #[test]
    fn what_a_profile_says_of_its_claims_is_about_claims_that_it_knows() {
        for profile in Profile::all() {
            let sets = [&profile.immutable, &profile.owner_ids, &profile.project_ids];
            for claim in sets.into_iter().flatten() {
                assert!(profile.claim_type(claim).is_some(), "{}: {claim}", profile.name);
                assert!(profile.is_immutable(claim), "{}: {claim}", profile.name);
            }
            let names = profile.names.iter().flat_map(|(name, id)| [name, id]).chain(&profile.chosen);
            assert!(names.into_iter().all(|claim| profile.claim_type(claim).is_some()), "{}", profile.name);
            assert!(profile.names.values().all(|id| profile.is_immutable(id)), "{}", profile.name);
            let trigger = profile.trigger.iter().map(|trigger| &trigger.claim);
            assert!(trigger.into_iter().all(|claim| profile.guarantees(claim)), "{}", profile.name);
            assert!(profile.workload.repository_id.iter().all(|claim| profile.guarantees(claim)));
        }
    }

    #[test]
    fn an_event_that_is_not_listed_is_untrusted() {
        let trigger = Profile::by_name("github").unwrap().trigger.as_ref().unwrap();
        assert_eq!(trigger.class("push"), TriggerClass::Trusted);
        assert_eq!(trigger.class("pull_request"), TriggerClass::Review);
        for event in ["pull_request_target", "brand_new", "Push", "push ", ""] {
            assert_eq!(trigger.class(event), TriggerClass::Untrusted, "{event}");
        }
    }

    #[test]
    fn audiences_of_others_are_known() {
        assert_eq!(foreign_audience("sts.amazonaws.com"), Some("AWS"));
        assert_eq!(foreign_audience("https://github.com/octo-org"), Some("GitHub"));
        assert_eq!(foreign_audience("npm:somewhere"), Some("npm"));
        assert_eq!(foreign_audience("https://github.community"), None);
        assert_eq!(foreign_audience("pass.example.com"), None);
    }
}
