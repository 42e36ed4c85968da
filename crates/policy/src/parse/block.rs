//! One block of rules, of trust or of deny.

use super::{Surroundings, place, when};
use crate::context::PolicyContext;
use crate::finding::{Lint, did_you_mean};
use crate::issuer::RegisteredIssuer;
use crate::pattern::{Glob, Pattern, Wanted};
use crate::provider::ClaimType;
use crate::reader::{self, Entry, Located, Section};
use crate::trust::{Condition, DenyBlock, TrustBlock};
use crate::when::When;

/// Reads a trust block, and says whether all of it could be read.
pub(super) fn trust(section: &Section<'_>, surroundings: Surroundings<'_>) -> Option<(TrustBlock, bool)> {
    let issuer = issuer(section, surroundings)?;
    let untrusted_triggers = section.boolean("untrusted_triggers").is_some_and(|is| is.value);
    let read = conditions(section, issuer);
    let block = TrustBlock {
        issuer: issuer.name.clone(),
        conditions: read.conditions,
        when: read.when,
        untrusted_triggers,
        place: place(section),
    };
    Some((block, read.is_complete))
}

/// Reads a deny block.
pub(super) fn deny(section: &Section<'_>, surroundings: Surroundings<'_>) -> Option<DenyBlock> {
    let issuer = issuer(section, surroundings)?;
    let absent = section.text("absent");
    let Read { conditions, when, .. } = conditions(section, issuer);
    let unsure = conditions.iter().find(|condition| !issuer.profile.guarantees(&condition.claim));
    if let (None, Some(condition)) = (&absent, unsure) {
        let message = format!("not every token carries `{}`: say what absence does", condition.claim);
        section.error(message, Some("add `absent = \"deny\"`, or `absent = \"allow\"`".to_owned()));
    }
    let absent_matches = match absent.as_ref().map(|absent| absent.value.as_str()) {
        None | Some("deny") => true,
        Some("allow") => false,
        Some(_) => {
            let span = absent.map_or_else(|| section.span(), |absent| absent.span);
            section.source().error(span, "`absent` is `\"deny\"` or `\"allow\"`", None);
            true
        }
    };
    Some(DenyBlock { issuer: issuer.name.clone(), conditions, when, absent_matches, place: place(section) })
}

fn issuer<'c>(section: &Section<'_>, surroundings: Surroundings<'c>) -> Option<&'c RegisteredIssuer> {
    named_issuer(section, section.required_text("issuer")?, surroundings.context)
}

/// The issuer that is named there.
pub(crate) fn named_issuer<'c>(
    section: &Section<'_>,
    Located { value, span }: Located<String>,
    context: &'c PolicyContext,
) -> Option<&'c RegisteredIssuer> {
    let found = context.issuer(&value);
    if found.is_none() {
        let names = context.issuers.iter().map(|issuer| issuer.name.as_str());
        let help = match did_you_mean(&value, names.clone()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("registered in the settings: {}", names.collect::<Vec<_>>().join(", ")),
        };
        section.source().error(span, format!("no issuer is named `{value}`"), Some(help));
    }
    found
}

/// What a block asks of a workload.
#[derive(Default)]
struct Read {
    conditions: Vec<Condition>,
    when: Option<When>,
    /// Whether all that stands there could be read.
    is_complete: bool,
}

fn conditions(section: &Section<'_>, issuer: &RegisteredIssuer) -> Read {
    let mut read = Read { is_complete: true, ..Read::default() };
    let when = section.entry("when");
    if let Some(entry) = &when {
        read.when = when::read(entry, issuer);
        read.is_complete = read.when.is_some();
    }
    for entry in section.rest() {
        let conditions = match entry.key {
            "claims" => extra_conditions(section, &entry, issuer),
            _ => known_condition(&entry, issuer).map(|condition| vec![condition]),
        };
        read.is_complete &= conditions.is_some();
        read.conditions.extend(conditions.unwrap_or_default());
    }
    read
}

fn known_condition(entry: &Entry<'_>, issuer: &RegisteredIssuer) -> Option<Condition> {
    let Some(kind) = issuer.profile.claim_type(entry.key) else {
        let help = match did_you_mean(entry.key, issuer.profile.claims()) {
            Some(claim) => format!("did you mean `{claim}`?"),
            None => format!("for a claim that daypass does not know: `claims.\"{}\" = …`", entry.key),
        };
        let message = format!("tokens of `{}` have no claim `{}`", issuer.name, entry.key);
        entry.source().error(entry.span.clone(), message, Some(help));
        return None;
    };
    let pattern = pattern(entry)?;
    check_type(entry, kind, &pattern)?;
    check_events(entry, issuer, &pattern);
    Some(Condition { claim: entry.key.to_owned(), pattern })
}

/// A misspelt event matches no job: in deny that lets in.
fn check_events(entry: &Entry<'_>, issuer: &RegisteredIssuer, pattern: &Pattern) {
    let profile = issuer.profile;
    if profile.trigger.as_ref().is_none_or(|trigger| trigger.claim != entry.key) {
        return;
    }
    let texts = pattern.wanted().iter().filter_map(Wanted::as_exact);
    for event in texts.filter(|event| !profile.knows_trigger(event)) {
        let help = match did_you_mean(event, profile.triggers()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => {
                "an event that is new can be allowed: `[policy.allow]` `unknown_event = \"…\"`".to_owned()
            }
        };
        let message = format!("{} is not known to have an event `{event}`", profile.title);
        entry.source().lint(entry.value_span(), Lint::UnknownEvent, message, Some(help));
    }
}

fn check_type(entry: &Entry<'_>, kind: ClaimType, pattern: &Pattern) -> Option<()> {
    let fault = match (kind, pattern) {
        (ClaimType::Object, _) => "is an object in the tokens; no rule can test it",
        (ClaimType::List, Pattern::AnyOf(_)) => "is a list in the tokens; write `{ contains = \"…\" }`",
        (ClaimType::String | ClaimType::Integer | ClaimType::StringOrInteger, Pattern::Contains(_)) => {
            "is one value in the tokens, not a list"
        }
        (ClaimType::List, Pattern::Contains(_))
        | (ClaimType::String | ClaimType::Integer | ClaimType::StringOrInteger, Pattern::AnyOf(_)) => {
            return Some(());
        }
    };
    entry.source().error(entry.span.clone(), format!("`{}` {fault}", entry.key), None);
    None
}

/// `claims."x.y" = …`: claims that the profile does not know.
fn extra_conditions(
    section: &Section<'_>,
    entry: &Entry<'_>,
    issuer: &RegisteredIssuer,
) -> Option<Vec<Condition>> {
    let extra = section.of_entry(entry)?;
    let read = |entry: Entry<'_>| {
        if issuer.profile.claim_type(entry.key).is_some() {
            let message = format!("`{}` is a known claim: write it without `claims`", entry.key);
            entry.source().error(entry.span.clone(), message, None);
            return None;
        }
        Some(Condition { claim: entry.key.to_owned(), pattern: pattern(&entry)? })
    };
    let read: Vec<Option<Condition>> = extra.rest().into_iter().map(read).collect();
    read.into_iter().collect()
}

/// A text, a list of any of several, `{ glob = "…" }` or `{ contains = … }`.
fn pattern(entry: &Entry<'_>) -> Option<Pattern> {
    if entry.value().is_array() {
        let items = entry.items("a list")?;
        if items.is_empty() {
            let message = format!("`{}` is an empty list: nothing fits", entry.key);
            entry.source().error(entry.value_span(), message, None);
            return None;
        }
        let wanted: Vec<_> = items.iter().map(wanted).collect();
        return wanted.into_iter().collect::<Option<_>>().map(Pattern::AnyOf);
    }
    match entry.only_pair() {
        Some(pair) if pair.key == "contains" => wanted(&pair).map(Pattern::Contains),
        _ => wanted(entry).map(|wanted| Pattern::AnyOf(vec![wanted])),
    }
}

/// A text or `{ glob = "…" }`.
pub(super) fn wanted(entry: &Entry<'_>) -> Option<Wanted> {
    if !entry.value().is_table() {
        return entry.text().map(|text| exact(entry, text));
    }
    match entry.only_pair() {
        Some(pair) if pair.key == "glob" => glob(entry, &pair.text()?.value, pair.value_span()),
        _ => {
            let help = "`\"text\"`, `[\"one\", \"other\"]`, `{ glob = \"refs/heads/*\" }` or `{ contains = \"text\" }`";
            let message = format!("`{}` has no form of a condition", entry.key);
            entry.source().error(entry.value_span(), message, Some(help.to_owned()));
            None
        }
    }
}

/// A text that looks like a pattern would never match: in deny that lets in, in trust it only puzzles.
fn exact(entry: &Entry<'_>, text: Located<String>) -> Wanted {
    if text.value.contains('*') {
        let message = format!("`{}`: in a text, `*` is a letter", entry.key);
        let help = format!("write `{{ glob = {:?} }}`", text.value);
        entry.source().lint(text.span, Lint::StarInText, message, Some(help));
    }
    Wanted::Exact(text.value)
}

fn glob(entry: &Entry<'_>, text: &str, span: reader::Span) -> Option<Wanted> {
    match Glob::parse(text) {
        Ok(glob) => {
            if glob.is_vacuous() {
                let message = format!("`{}` may be anything", entry.key);
                let help = "leave the condition out, or say what the value begins or ends with".to_owned();
                entry.source().lint(span, Lint::VacuousPattern, message, Some(help));
            }
            Some(Wanted::Glob(glob))
        }
        Err(fault) => {
            entry.source().error(span, format!("`{}`: {fault}", entry.key), None);
            None
        }
    }
}
