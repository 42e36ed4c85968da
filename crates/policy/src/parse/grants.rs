//! What a role gives.

use std::collections::BTreeSet;

use crate::context::PolicyContext;
use crate::duration::show_duration;
use crate::finding::Lint;
use crate::grant::{ApiGrant, Template};
use crate::reader::{Located, Section};
use crate::role::{DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS, Role};
use crate::scope::scope_fault;

/// Grants that the language knows and this build does not mint.
const LATER: [&str; 5] = ["aws", "registry", "state", "github", "identity"];

/// Reads the grants of a role whose blocks are read.
pub(super) fn api(
    role_section: &Section<'_>,
    role: &Role,
    max_ttl_seconds: Option<i64>,
    context: &PolicyContext,
) -> Option<ApiGrant> {
    let Some(section) = role_section.section("grants") else {
        let help = "add `[roles.NAME.grants.api]` with `audience` and `scopes`".to_owned();
        role_section.error(format!("`{}` grants nothing", role_section.name()), Some(help));
        return None;
    };
    for kind in LATER {
        if let Some(entry) = section.entry(kind) {
            let message = format!("this version of daypass mints no `{kind}` credentials");
            section.source().error(entry.span, message, None);
        }
    }
    let api = section.section("api").and_then(|section| grant(&section, role, max_ttl_seconds, context));
    section.finish();
    api
}

fn grant(
    section: &Section<'_>,
    role: &Role,
    max_ttl_seconds: Option<i64>,
    context: &PolicyContext,
) -> Option<ApiGrant> {
    let audience = section.required_text("audience");
    let scopes = section.texts("scopes").unwrap_or_default();
    let ttl = section.duration("ttl");
    section.finish();
    let checked = Checked { section, role, context };
    let audience = checked.audience(&audience?);
    let scopes: Vec<_> = scopes.iter().map(|scope| checked.scope(scope)).collect();
    let max = max_ttl_seconds.unwrap_or(MAX_TTL_SECONDS).min(MAX_TTL_SECONDS);
    check_ttl(section, ttl.as_ref(), max);
    let ttl = ttl.map(|ttl| ttl.value);
    let longest = ttl.or(max_ttl_seconds).unwrap_or(DEFAULT_TTL_SECONDS).min(max);
    Some(ApiGrant {
        audience: audience?,
        scopes: scopes.into_iter().collect::<Option<_>>()?,
        ttl_seconds: ttl.unwrap_or(DEFAULT_TTL_SECONDS).min(longest),
        max_ttl_seconds: longest,
    })
}

fn check_ttl(section: &Section<'_>, ttl: Option<&Located<i64>>, max: i64) {
    if let Some(ttl) = ttl.filter(|ttl| ttl.value > max) {
        let message = format!("`ttl` is longer than the role's longest time, {}", show_duration(max));
        section.source().error(ttl.span.clone(), message, None);
    }
}

struct Checked<'a> {
    section: &'a Section<'a>,
    role: &'a Role,
    context: &'a PolicyContext,
}

impl Checked<'_> {
    /// Whom a pass is for is fixed: a claim in it could make it an address of somebody else.
    fn audience(&self, text: &Located<String>) -> Option<Template> {
        let template = self.template(text)?;
        let fault = match template.claims().next() {
            Some(_) => Some("an audience holds no claims".to_owned()),
            None => self.context.audience_fault(&text.value),
        };
        self.refuse(text, fault)?;
        Some(template)
    }

    fn scope(&self, text: &Located<String>) -> Option<Template> {
        let template = self.template(text)?;
        // A claim at the very beginning could be `admin` and what follows a colon.
        let begins_with_claim = template.claims().next().is_some() && text.value.starts_with('{');
        let fault = if begins_with_claim {
            Some("a scope begins with a fixed word, not with a claim".to_owned())
        } else {
            scope_fault(&text.value)
        };
        self.refuse(text, fault)?;
        Some(template)
    }

    fn refuse(&self, text: &Located<String>, fault: Option<String>) -> Option<()> {
        if let Some(fault) = fault {
            self.section.source().error(text.span.clone(), fault, None);
            return None;
        }
        Some(())
    }

    /// A template whose claims every workload that the role trusts has, and that never name somebody else later.
    fn template(&self, text: &Located<String>) -> Option<Template> {
        let source = self.section.source();
        let template = match Template::parse(&text.value) {
            Ok(template) => template,
            Err(fault) => {
                source.error(text.span.clone(), fault.to_string(), None);
                return None;
            }
        };
        for claim in template.claims() {
            let names: BTreeSet<&str> = self.role.trust.iter().map(|block| block.issuer.as_str()).collect();
            for issuer in names.into_iter().filter_map(|name| self.context.issuer(name)) {
                if issuer.profile.claim_type(claim).is_none() {
                    let message = format!("tokens of `{}` have no claim `{claim}`", issuer.name);
                    source.error(text.span.clone(), message, None);
                } else if !issuer.profile.is_immutable(claim) {
                    let message = format!("`{{{claim}}}` can be renamed and taken by somebody else");
                    let help = format!("immutable are {}", issuer.profile.immutable.join(", "));
                    source.lint(text.span.clone(), Lint::MutablePlaceholder, message, Some(help));
                }
            }
        }
        Some(template)
    }
}
