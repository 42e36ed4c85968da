//! The claims of a case: those of a usual job of the provider with what the case says of its own, or all of them from the case.

use std::collections::BTreeMap;

use daypass_jose::{Json, Object};
use toml::de::DeValue;

use crate::context::PolicyContext;
use crate::draft::Draft;
use crate::finding::did_you_mean;
use crate::issuer::RegisteredIssuer;
use crate::parse;
use crate::provider::{Profile, TriggerClass};
use crate::reader::{Entry, Located, Section};

/// The short name of the claim that names the event, whatever the provider calls it.
const EVENT: &str = "event";

/// Number of a merge or pull request where a case names none.
const PULL_REQUEST: &str = "7";

/// The keys by which a case changes claims, whatever a token of the issuer could have.
const CHANGES: [&str; 3] = ["claims", "null", "without"];

/// The issuer of a case and the claims of its job.
pub(super) fn read<'c>(
    section: &Section<'_>,
    context: &'c PolicyContext,
) -> Option<(&'c RegisteredIssuer, Object)> {
    let named = section.text("issuer");
    // All are asked for before anything is given up, or what follows a fault would be unknown keys.
    for key in CHANGES {
        section.entry(key);
    }
    let shorthands: Vec<(&Profile, Entry<'_>)> =
        Profile::all().iter().filter_map(|profile| Some((profile, section.entry(&profile.name)?))).collect();
    if let Some((_, entry)) = shorthands.get(1) {
        section.source().error(entry.span.clone(), "a case is of one CI system", None);
        return None;
    }
    let short = shorthands.first();
    let issuer = issuer(section, named, short, context)?;
    let mut claims = match short {
        Some((_, entry)) => shorthand(&section.of_entry(entry)?, issuer)?,
        None => Object::default(),
    };
    change(section, &mut claims)?;
    Some((issuer, claims))
}

fn issuer<'c>(
    section: &Section<'_>,
    named: Option<Located<String>>,
    short: Option<&(&Profile, Entry<'_>)>,
    context: &'c PolicyContext,
) -> Option<&'c RegisteredIssuer> {
    let Some(named) = named else { return of_provider(section, short, context) };
    let issuer = parse::named_issuer(section, named, context)?;
    if let Some((profile, entry)) = short
        && profile.name != issuer.profile.name
    {
        let RegisteredIssuer { name, profile, .. } = issuer;
        let message =
            format!("`{name}` is an issuer of the provider `{}`, not `{}`", profile.name, entry.key);
        section.source().error(entry.span.clone(), message, None);
        return None;
    }
    Some(issuer)
}

/// The only issuer of the provider, or the one that has its name.
fn of_provider<'c>(
    section: &Section<'_>,
    short: Option<&(&Profile, Entry<'_>)>,
    context: &'c PolicyContext,
) -> Option<&'c RegisteredIssuer> {
    let Some((profile, entry)) = short else {
        let help = "write `github = { … }`, or `issuer = \"…\"` with all `claims`".to_owned();
        section.error("the case does not say whose token the job has", Some(help));
        return None;
    };
    let mut all = context.issuers.iter().filter(|issuer| issuer.profile.name == profile.name);
    let found = match (all.next(), all.next()) {
        (Some(only), None) => Some(only),
        _ => context.issuer(&profile.name).filter(|issuer| issuer.profile.name == profile.name),
    };
    if found.is_none() {
        let message =
            format!("the settings do not say which issuer of the provider `{}` is meant", profile.name);
        section.source().error(entry.span.clone(), message, Some("add `issuer = \"…\"`".to_owned()));
    }
    found
}

/// The claims of a usual job, with these of its own.
fn shorthand(section: &Section<'_>, issuer: &RegisteredIssuer) -> Option<Object> {
    let profile = issuer.profile;
    let mut own = BTreeMap::new();
    let mut is_whole = true;
    for entry in section.rest() {
        let claim = claim_of(&entry, profile);
        match claim.and_then(|claim| Some((claim, entry.text()?.value))) {
            Some((claim, text)) => {
                own.insert(claim.to_owned(), text);
            }
            None => is_whole = false,
        }
    }
    is_whole.then(|| {
        follow(&mut own, profile);
        let mut draft = Draft::of(profile);
        for (claim, text) in &own {
            draft.text(claim, text);
        }
        draft.claims()
    })
}

fn claim_of<'e>(entry: &Entry<'e>, profile: &'e Profile) -> Option<&'e str> {
    if profile.claim_type(entry.key).is_some() {
        return Some(entry.key);
    }
    if let (EVENT, Some(trigger)) = (entry.key, &profile.trigger) {
        return Some(&trigger.claim);
    }
    let help = match did_you_mean(entry.key, profile.claims().chain([EVENT])) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("for a claim that daypass does not know: `claims = {{ \"{}\" = … }}`", entry.key),
    };
    let message = format!("tokens of {} have no claim `{}`", profile.title, entry.key);
    entry.source().error(entry.span.clone(), message, Some(help));
    None
}

/// What follows from what a case says, unless it says something else: the owner's name from the path, the ref of a review from
/// its event.
fn follow(own: &mut BTreeMap<String, String>, profile: &Profile) {
    let from = &profile.workload;
    let path = from.repository.first().and_then(|claim| own.get(claim));
    let owner = path.and_then(|path| Some(path.rsplit_once('/')?.0.to_owned()));
    if let (Some(owner), Some(claim)) = (owner, from.owner.first()) {
        own.entry(claim.clone()).or_insert(owner);
    }
    let (Some(trigger), Some(form)) = (&profile.trigger, &from.pull_request) else { return };
    let is_review = own.get(&trigger.claim).is_some_and(|event| trigger.class(event) == TriggerClass::Review);
    if let (true, Some(claim), Some(after)) = (is_review, from.git_ref.first(), form.after.first()) {
        own.entry(claim.clone()).or_insert_with(|| format!("{}{PULL_REQUEST}{after}", form.before));
    }
}

/// `claims`, `null` and `without`: whatever a token may say, well formed or not.
fn change(section: &Section<'_>, claims: &mut Object) -> Option<()> {
    let [own, null, without] = CHANGES;
    if let Some(entry) = section.entry(own) {
        for entry in section.of_entry(&entry)?.rest() {
            match json(entry.value()) {
                Some(value) => claims.insert(entry.key, value),
                None => return entry.refuse("something that a token can hold"),
            }
        }
    }
    for Located { value, .. } in section.texts(null).unwrap_or_default() {
        claims.insert(value, Json::Null);
    }
    for Located { value, span } in section.texts(without).unwrap_or_default() {
        if claims.remove(&value).is_none() {
            section.source().error(span, format!("the job has no claim `{value}` to be without"), None);
            return None;
        }
    }
    Some(())
}

/// A value of TOML as one of JSON; a date has none.
fn json(value: &DeValue<'_>) -> Option<Json> {
    Some(match value {
        DeValue::String(text) => Json::String(text.as_ref().to_owned()),
        DeValue::Integer(number) => {
            Json::Integer(i128::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Float(number) => Json::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(is) => Json::Bool(*is),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => {
            Json::Array(items.iter().map(|item| json(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let mut object = Object::default();
            for (name, value) in table {
                object.insert(name.get_ref().as_ref(), json(value.get_ref())?);
            }
            Json::Object(object)
        }
    })
}
