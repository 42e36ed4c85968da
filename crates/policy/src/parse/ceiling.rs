//! `_ceiling.toml`: what no role of a folder, or of those below, can exceed.

use super::block;
use crate::context::PolicyContext;
use crate::duration::show_duration;
use crate::finding::did_you_mean;
use crate::grant::{GrantPattern, Template};
use crate::pattern::{Shape, Wanted};
use crate::reader::{Located, Section};
use crate::role::{MAX_TTL_SECONDS, Role};

/// A bound on the roles of one folder. What it does not name it does not bound; an empty list allows nothing.
pub(crate) struct Ceiling {
    folder: String,
    issuers: Option<Vec<String>>,
    owner_ids: Option<Vec<String>>,
    audiences: Option<Vec<Wanted>>,
    scopes: Option<Vec<Wanted>>,
    arns: Option<Vec<Wanted>>,
    upstream_roles: Option<Vec<Wanted>>,
    registry: Option<Vec<Wanted>>,
    state: Option<Vec<Wanted>>,
    max_ttl_seconds: Option<i64>,
}

pub(super) fn read(top: &Section<'_>, folder: &str, context: &PolicyContext) -> Ceiling {
    let texts = |key| top.texts(key);
    let issuers = texts("issuers");
    for name in issuers.iter().flatten().filter(|name| context.issuer(&name.value).is_none()) {
        let names = context.issuers.iter().map(|issuer| issuer.name.as_str());
        let help = did_you_mean(&name.value, names).map(|name| format!("did you mean `{name}`?"));
        top.source().error(name.span.clone(), format!("no issuer is named `{}`", name.value), help);
    }
    let values = |texts: Vec<Located<String>>| texts.into_iter().map(|text| text.value).collect();
    let ceiling = Ceiling {
        folder: folder.to_owned(),
        issuers: issuers.map(values),
        owner_ids: texts("owner_ids").map(values),
        audiences: wanted(top, "audiences"),
        scopes: wanted(top, "scopes"),
        arns: wanted(top, "arns"),
        upstream_roles: wanted(top, "upstream_roles"),
        registry: wanted(top, "registry"),
        state: wanted(top, "state"),
        max_ttl_seconds: top.duration("max_ttl").map(|ttl| ttl.value),
    };
    top.finish();
    ceiling
}

fn wanted(top: &Section<'_>, key: &str) -> Option<Vec<Wanted>> {
    let entry = top.entry(key)?;
    // One that cannot be read allows nothing; its fault refuses the file anyway.
    let items = entry.items("a list of texts and globs").unwrap_or_default();
    Some(items.iter().filter_map(block::wanted).collect())
}

impl Ceiling {
    /// Whether it bounds the roles of a file.
    pub(crate) fn bounds(&self, folder: &str) -> bool {
        folder.starts_with(&self.folder)
    }

    /// In what a role exceeds it.
    pub(crate) fn excesses(&self, role: &Role, context: &PolicyContext) -> Vec<String> {
        let mut excesses = self.of_trust(role, context);
        excesses.extend(self.of_grants(role));
        let longest = role.grants.api.as_ref().map(|api| api.max_ttl_seconds);
        // A grant without a time of its own may last as long as the role.
        let longest = longest.max(role.max_ttl_seconds).unwrap_or(MAX_TTL_SECONDS);
        if let Some(max) = self.max_ttl_seconds.filter(|max| longest > *max) {
            excesses.push(format!("{}, where {} is the longest", show_duration(longest), show_duration(max)));
        }
        let folder = self.folder.trim_end_matches('/');
        let folder = if folder.is_empty() { ".".to_owned() } else { format!("{folder}/") };
        let over = |what| format!("the role `{}` is over the ceiling of `{folder}`: {what}", role.name);
        excesses.into_iter().map(over).collect()
    }

    fn of_trust(&self, role: &Role, context: &PolicyContext) -> Vec<String> {
        let mut excesses = Vec::new();
        for block in &role.trust {
            if self.issuers.as_ref().is_some_and(|issuers| !issuers.contains(&block.issuer)) {
                excesses.push(format!("issuer `{}`", block.issuer));
            }
            if let Some(allowed) = &self.owner_ids {
                let owner_ids =
                    context.issuer(&block.issuer).map_or(&[][..], |issuer| &issuer.profile.workload.owner_id);
                let is_allowed =
                    |texts: Vec<&str>| texts.iter().all(|text| allowed.iter().any(|one| one == text));
                if !block.bound_texts(owner_ids).any(is_allowed) {
                    excesses.push("a block that binds none of its owner ids".to_owned());
                }
            }
        }
        // An IAM document can let in whom no block names.
        let by_document = role.grants.aws.as_ref().is_some_and(|aws| aws.trust_policy.is_some());
        if by_document && role.trust.is_empty() && (self.issuers.is_some() || self.owner_ids.is_some()) {
            excesses.push("a `trust_policy` without a trust block".to_owned());
        }
        excesses
    }

    fn of_grants(&self, role: &Role) -> Vec<String> {
        let grants = &role.grants;
        let mut excesses = Vec::new();
        let mut over = |allowed: &Option<Vec<Wanted>>, what: &str, text: &str, shapes: &[Shape]| {
            let is_within =
                allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one.takes_all(text, shapes)));
            if !is_within {
                excesses.push(format!("{what} `{text}`"));
            }
        };
        let mut templates: Vec<(&Option<Vec<Wanted>>, &str, &Template)> = Vec::new();
        if let Some(api) = &grants.api {
            templates.push((&self.audiences, "audience", &api.audience));
            templates.extend(api.scopes.iter().map(|scope| (&self.scopes, "scope", scope)));
        }
        templates.extend(grants.aws.iter().map(|aws| (&self.arns, "ARN", &aws.arn)));
        for (allowed, what, template) in templates {
            over(allowed, what, template.as_str(), &template.shapes());
        }
        let literal = |text: &str| text.chars().map(Shape::Literal).collect::<Vec<_>>();
        if let Some(identity) = &grants.identity {
            over(&self.audiences, "audience", &identity.audience, &literal(&identity.audience));
        }
        if let Some(upstream) = grants.aws.as_ref().and_then(|aws| aws.upstream.as_ref()) {
            over(&self.upstream_roles, "upstream role", &upstream.role, &literal(&upstream.role));
        }
        let registry = grants.registry.iter().flat_map(|grant| grant.push.iter().chain(&grant.pull));
        let state = grants.state.iter().flat_map(|grant| grant.write.iter().chain(&grant.read));
        let patterns = registry.map(|pattern| (&self.registry, "registry pattern", pattern));
        for (allowed, what, pattern) in
            patterns.chain(state.map(|pattern| (&self.state, "state pattern", pattern)))
        {
            let pattern: &GrantPattern = pattern;
            over(allowed, what, pattern.template.as_str(), &pattern.shapes());
        }
        excesses
    }
}
