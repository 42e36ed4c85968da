//! What a role gives: every grant of the language, checked, though this build mints some of them alone.

mod api;
mod aws;
mod checked;
mod github;
mod identity;
mod patterns;

use crate::context::PolicyContext;
use crate::grant::Grants;
use crate::reader::Section;
use crate::role::Role;

use checked::Checked;

/// Grants that the language knows and this build does not mint: a role that asks for one is refused.
const NOT_MINTED: [&str; 5] = ["aws", "registry", "state", "github", "identity"];

/// Reads the grants of a role whose blocks are read.
pub(super) fn read(role_section: &Section<'_>, role: &Role, context: &PolicyContext) -> Grants {
    let Some(section) = role_section.section("grants") else {
        let help = "add `[roles.NAME.grants.api]` with `audience` and `scopes`".to_owned();
        role_section.error(format!("`{}` grants nothing", role_section.name()), Some(help));
        return Grants::default();
    };
    let checked = Checked { source: section.source(), role, context };
    let grants = Grants {
        api: section.section("api").and_then(|section| api::read(&section, &checked)),
        aws: section.section("aws").and_then(|section| aws::read(&section, &checked)),
        registry: section.section("registry").and_then(|section| patterns::registry(&section, &checked)),
        state: section.section("state").and_then(|section| patterns::state(&section, &checked)),
        github: section.section("github").and_then(|section| github::read(&section)),
        identity: section.section("identity").and_then(|section| identity::read(&section, &checked)),
    };
    for entry in NOT_MINTED.iter().filter_map(|kind| section.entry(kind)) {
        let message = format!("this version of daypass mints no `{}` credentials", entry.key);
        let help = "take the grant out: `api` is the one that is minted".to_owned();
        section.source().error(entry.span, message, Some(help));
    }
    section.finish();
    grants
}
