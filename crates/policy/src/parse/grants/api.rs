//! `[roles.NAME.grants.api]`: a pass.

use super::Checked;
use crate::duration::show_duration;
use crate::grant::{ApiGrant, Template};
use crate::reader::{Located, Section};
use crate::role::{DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS};
use crate::scope::scope_fault;

pub(super) fn read(section: &Section<'_>, checked: &Checked<'_>) -> Option<ApiGrant> {
    let audience = section.required_text("audience");
    let scopes = section.texts("scopes").unwrap_or_default();
    let ttl = section.duration("ttl");
    section.finish();
    let audience = self::audience(&audience?, checked);
    let scopes: Vec<_> = scopes.iter().map(|scope| self::scope(scope, checked)).collect();
    let of_role = checked.role.max_ttl_seconds;
    let max = of_role.unwrap_or(MAX_TTL_SECONDS).min(MAX_TTL_SECONDS);
    check_ttl(section, ttl.as_ref(), max);
    let ttl = ttl.map(|ttl| ttl.value);
    let longest = ttl.or(of_role).unwrap_or(DEFAULT_TTL_SECONDS).min(max);
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

/// Whom a pass is for is fixed: a claim in it could make it an address of somebody else.
fn audience(text: &Located<String>, checked: &Checked<'_>) -> Option<Template> {
    let template = checked.fixed(text, "an audience")?;
    checked.refuse(text, checked.context.audience_fault(&text.value))?;
    Some(template)
}

fn scope(text: &Located<String>, checked: &Checked<'_>) -> Option<Template> {
    let template = checked.template(text)?;
    // A claim at the very beginning could be `admin` and what follows a colon.
    let begins_with_claim = template.claims().next().is_some() && text.value.starts_with('{');
    let fault = if begins_with_claim {
        Some("a scope begins with a fixed word, not with a claim".to_owned())
    } else {
        scope_fault(&text.value)
    };
    checked.refuse(text, fault)?;
    Some(template)
}
