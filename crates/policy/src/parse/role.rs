//! One role: its name, its blocks, its grants.

use super::{DefinedRole, Spot, Surroundings, block, grants, lint};
use crate::finding::Lint;
use crate::grant::Grants;
use crate::pattern::{MAX_ROLE_GLOB_CHARS, glob_chars};
use crate::reader::{Entry, Located, Section};
use crate::role::{ADMIN_ROLE, MAX_TTL_SECONDS, PROJECT_ROLE, Role};
use crate::trust::{DenyBlock, Place, TrustBlock};

/// Characters of the longest name.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn read(
    roles: &Section<'_>,
    entry: &Entry<'_>,
    surroundings: Surroundings<'_>,
) -> Option<DefinedRole> {
    check_name(entry);
    let section = roles.of_entry(entry)?;
    let description = section.text("description").map(|text| text.value);
    let max_ttl = section.duration("max_ttl");
    check_max_ttl(&section, max_ttl.as_ref());
    let trust_sections = section.sections("trust");
    if trust_sections.is_empty() && !has_trust_policy(&section) {
        let help = "add a `[[roles.NAME.trust]]` block, or delete the role".to_owned();
        section.error(format!("`{}` has no trust block: nobody could take it", section.name()), Some(help));
    }
    let read: Vec<_> = trust_sections
        .iter()
        .filter_map(|section| Some((section, block::trust(section, surroundings)?)))
        .collect();
    let trust: Vec<TrustBlock> = read.iter().map(|(_, (block, _))| block.clone()).collect();
    let deny_sections = section.sections("deny");
    let deny: Vec<DenyBlock> =
        deny_sections.iter().filter_map(|section| block::deny(section, surroundings)).collect();
    check_cost(entry, &trust, &deny);
    let mut role = Role {
        name: entry.key.to_owned(),
        description,
        trust,
        deny,
        onboarded_only: false,
        max_ttl_seconds: max_ttl.map(|ttl| ttl.value),
        grants: Grants::default(),
    };
    role.grants = grants::read(&section, &role, surroundings.context);
    section.finish();
    // A condition that could not be read may be the very one that a lint misses.
    let complete = read.iter().enumerate().filter(|(_, (_, (_, is_complete)))| *is_complete);
    for (at, (section, _)) in complete {
        lint::trust(section, &role, at, surroundings.context);
    }
    lint::ttl(&section, entry, &role);
    let spots = read.iter().map(|(section, _)| Spot::of(section)).collect();
    for ceiling in surroundings.ceilings {
        for excess in ceiling.excesses(&role, surroundings.context) {
            section.source().lint(entry.span.clone(), Lint::OverCeiling, excess, None);
        }
    }
    let (line, column) = section.source().position(entry.span.start);
    let place = Place { file: section.source().file().to_owned(), line };
    let excerpt = section.source().excerpt(&entry.span);
    Some(DefinedRole { role, place, column, excerpt, spots })
}

/// Whether an IAM document says who may take the role: then it needs no block.
fn has_trust_policy(section: &Section<'_>) -> bool {
    let aws = section.section("grants").and_then(|grants| grants.section("aws"));
    aws.is_some_and(|aws| aws.entry("trust_policy").is_some())
}

fn check_name(entry: &Entry<'_>) {
    let is_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_name = entry.key.len() <= MAX_NAME_CHARS
        && entry.key.bytes().all(is_letter)
        && entry.key.starts_with(|first: char| first.is_ascii_lowercase());
    if !is_name {
        let help = "1 to 64 of `a` to `z`, `0` to `9`, `-` and `_`, a letter first".to_owned();
        entry.source().error(
            entry.span.clone(),
            format!("`{}` is no name for a role", entry.key),
            Some(help),
        );
    }
    if [PROJECT_ROLE, ADMIN_ROLE].contains(&entry.key) {
        let message = format!("the role `{}` is made from the settings, not from a policy file", entry.key);
        entry.source().error(entry.span.clone(), message, None);
    }
}

/// Whoever asks for a role is tested against all of its globs, each of which takes time.
fn check_cost(entry: &Entry<'_>, trust: &[TrustBlock], deny: &[DenyBlock]) {
    let of_trust = trust.iter().flat_map(|block| &block.conditions);
    let conditions = of_trust.chain(deny.iter().flat_map(|block| &block.conditions));
    let chars = glob_chars(conditions.map(|condition| &condition.pattern));
    if chars > MAX_ROLE_GLOB_CHARS {
        let message = format!(
            "the globs of `{}` have {chars} characters: a role has at most {MAX_ROLE_GLOB_CHARS}",
            entry.key
        );
        let help =
            "write values out in a list, which costs next to nothing, or make several roles".to_owned();
        entry.source().error(entry.span.clone(), message, Some(help));
    }
}

fn check_max_ttl(section: &Section<'_>, max_ttl: Option<&Located<i64>>) {
    if let Some(ttl) = max_ttl
        && ttl.value > MAX_TTL_SECONDS
    {
        section.source().error(ttl.span.clone(), "`max_ttl` is longer than a day", None);
    }
}
