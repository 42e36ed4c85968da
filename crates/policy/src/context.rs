//! What the policy compiler is told about the installation: issuers, onboarded projects, what an operator allows.

use std::collections::BTreeMap;

use daypass_jose::IssuerUrl;

use crate::finding::{Lint, did_you_mean};
use crate::grant::{ApiGrant, Grants, Template};
use crate::issuer::RegisteredIssuer;
use crate::pattern::{Pattern, Wanted};
use crate::role::{DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS, PROJECT_ROLE, Role};
use crate::scope::scope_fault;
use crate::trust::{Condition, Place, TrustBlock};

/// The installation for which a policy is compiled.
#[derive(Debug, Clone)]
pub struct PolicyContext {
    /// The address of the server.
    pub public_url: IssuerUrl,
    /// Registered issuers.
    pub issuers: Vec<RegisteredIssuer>,
    /// What an onboarded repository may have.
    pub projects: ProjectsPolicy,
    /// Lints that the operator allows, and why.
    pub allowed: BTreeMap<Lint, String>,
}

/// What an onboarded repository may have without any role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectsPolicy {
    /// Scopes of its pass.
    pub scopes: Vec<String>,
    /// Whom its pass is for.
    pub audience: String,
    /// Events on which it may have one; the trusted and the review ones of each provider where none are named.
    pub events: Option<Vec<String>>,
    /// For how long its pass is valid, in seconds.
    pub ttl_seconds: i64,
}

/// What is wrong with a key of `[projects]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectsFault {
    /// The key.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ProjectsPolicy {
    /// A quarter of an hour, the scope `config:read`, the usual events.
    pub fn default_for(audience: &str) -> Self {
        Self {
            scopes: vec!["config:read".to_owned()],
            audience: audience.to_owned(),
            events: None,
            ttl_seconds: DEFAULT_TTL_SECONDS,
        }
    }

    /// What is wrong with it.
    pub fn faults(&self, context: &PolicyContext) -> Vec<ProjectsFault> {
        let fault = |key, message: String| ProjectsFault { key, message, help: None };
        let mut faults: Vec<ProjectsFault> =
            self.scopes.iter().filter_map(|scope| Some(fault("scopes", scope_fault(scope)?))).collect();
        let texts = self.scopes.iter().map(|scope| ("scopes", scope)).chain([("audience", &self.audience)]);
        let templates = texts.filter(|(_, text)| text.contains(['{', '}']));
        faults.extend(
            templates.map(|(key, text)| fault(key, format!("`{text}`: claims have a place in roles only"))),
        );
        if self.audience != context.public_url.as_str()
            && let Some(message) = context.audience_fault(&self.audience)
        {
            faults.push(fault("audience", message));
        }
        if self.ttl_seconds > MAX_TTL_SECONDS {
            faults.push(fault("ttl", "longer than a day".to_owned()));
        }
        let events = self.events.iter().flatten();
        faults.extend(events.filter_map(|event| context.event_fault(event)));
        faults
    }

    /// The role of onboarded repositories.
    pub(crate) fn role(&self, context: &PolicyContext) -> Option<Role> {
        let api = ApiGrant {
            audience: Template::parse(&self.audience).ok()?,
            scopes: self.scopes.iter().map(|scope| Template::parse(scope)).collect::<Result<_, _>>().ok()?,
            ttl_seconds: self.ttl_seconds,
            max_ttl_seconds: self.ttl_seconds,
        };
        Some(Role {
            name: PROJECT_ROLE.to_owned(),
            description: Some("onboarded repositories".to_owned()),
            trust: context.issuers.iter().filter_map(|issuer| self.block(issuer)).collect(),
            deny: Vec::new(),
            onboarded_only: true,
            max_ttl_seconds: Some(self.ttl_seconds),
            grants: Grants { api: Some(api), ..Grants::default() },
        })
    }

    /// What jobs of one issuer must be; `None` where no event of its provider is allowed.
    fn block(&self, issuer: &RegisteredIssuer) -> Option<TrustBlock> {
        let condition = issuer.profile.trigger.as_ref().map(|trigger| {
            let is_allowed = |event: &&str| {
                self.events.as_ref().is_none_or(|events| events.iter().any(|one| one == event))
            };
            let events = trigger.admissible().filter(is_allowed);
            let wanted: Vec<Wanted> = events.map(|event| Wanted::Exact(event.to_owned())).collect();
            Condition { claim: trigger.claim.clone(), pattern: Pattern::AnyOf(wanted) }
        });
        let allows_none = condition.as_ref().is_some_and(|condition| condition.pattern.wanted().is_empty());
        let place = Place { file: "[projects]".to_owned(), line: 1 };
        (!allows_none).then(|| TrustBlock {
            issuer: issuer.name.clone(),
            conditions: condition.into_iter().collect(),
            when: None,
            untrusted_triggers: false,
            place,
        })
    }
}

impl PolicyContext {
    /// The issuer of this name.
    pub fn issuer(&self, name: &str) -> Option<&RegisteredIssuer> {
        self.issuers.iter().find(|issuer| issuer.name == name)
    }

    /// Why no grant may be for this audience: it is none, or one of this server's own.
    pub fn own_audience_fault(&self, audience: &str) -> Option<String> {
        if audience.is_empty() || audience.chars().any(|character| character.is_control() || character == ' ')
        {
            return Some("no audience is empty or holds blanks or control characters".to_owned());
        }
        is_at_or_under(audience, self.public_url.as_str()).then(|| {
            format!("`{audience}` is an address of this server itself, whose faces take only their own")
        })
    }

    /// Why no pass may be for this audience; `None` where one may.
    pub fn audience_fault(&self, audience: &str) -> Option<String> {
        if let Some(fault) = self.own_audience_fault(audience) {
            return Some(fault);
        }
        let of_issuer = self.issuers.iter().find(|issuer| {
            is_at_or_under(audience, issuer.url.as_str())
                || issuer.audiences.iter().any(|known| known == audience)
        });
        of_issuer
            .map(|issuer| format!("`{audience}` stands for identity tokens of the issuer `{}`", issuer.name))
    }

    fn event_fault(&self, event: &str) -> Option<ProjectsFault> {
        let triggers = || self.issuers.iter().filter_map(|issuer| issuer.profile.trigger.as_ref());
        if triggers().any(|trigger| trigger.admissible().any(|known| known == event)) {
            return None;
        }
        let is_known = self.issuers.iter().any(|issuer| issuer.profile.knows_trigger(event));
        let (message, help) = if is_known {
            let help =
                "an untrusted event needs a role whose block says `untrusted_triggers = true`".to_owned();
            (format!("`{event}` may run on the words of a stranger"), Some(help))
        } else {
            let known = self.issuers.iter().flat_map(|issuer| issuer.profile.triggers());
            let meant = did_you_mean(event, known).map(|known| format!("did you mean `{known}`?"));
            (format!("`{event}` is no event of a registered issuer"), meant)
        };
        Some(ProjectsFault { key: "events", message, help })
    }
}

/// Whether a URL is the given one or below it, whatever follows: a path, a query, a fragment.
pub(crate) fn is_at_or_under(url: &str, top: &str) -> bool {
    let rest = url
        .get(..top.len())
        .filter(|start| start.eq_ignore_ascii_case(top))
        .and_then(|_| url.get(top.len()..));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_at_or_under_another_or_only_looks_so() {
        let top = "https://pass.example.com";
        for url in ["", "/", "/v1.0/state", "?x", "#x"] {
            assert!(is_at_or_under(&format!("{top}{url}"), top), "{url}");
        }
        assert!(is_at_or_under("https://PASS.example.com/x", top));
        for url in
            ["https://pass.example.com.evil", "https://pass.example.co", "https://pass.example.community", ""]
        {
            assert!(!is_at_or_under(url, top), "{url}");
        }
    }
}
