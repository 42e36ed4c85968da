//! `[policy.allow]` and `--allow`: lints that an operator allows, each with a reason.

use std::collections::BTreeMap;

use daypass_policy::reader::Section;
use daypass_policy::{Lint, did_you_mean};

use super::overlay::{Place, Reading};

pub(super) fn read(reading: &Reading<'_>, policy: Option<&Section<'_>>) -> BTreeMap<Lint, String> {
    let mut allowed = BTreeMap::new();
    if let Some(policy) = policy {
        if let Some(allow) = policy.section("allow") {
            for entry in allow.rest() {
                let place = Place::File(entry.span.clone());
                if let Some(reason) = entry.text() {
                    allowed.extend(one(reading, &place, entry.key, &reason.value));
                }
            }
        }
        policy.finish();
    }
    for flag in reading.overlay.allowed() {
        let place = Place::Elsewhere("--allow".to_owned());
        match flag.split_once('=') {
            Some((lint, reason)) => allowed.extend(one(reading, &place, lint, reason)),
            None => reading.fault(
                &place,
                format!("`{flag}` gives no reason"),
                Some("write `LINT=REASON`".to_owned()),
            ),
        }
    }
    allowed
}

fn one(reading: &Reading<'_>, place: &Place, name: &str, reason: &str) -> Option<(Lint, String)> {
    let Some(lint) = Lint::from_name(name) else {
        let names = Lint::ALL.map(Lint::name);
        let help = match did_you_mean(name, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the lints are `{}`", names.join("`, `")),
        };
        reading.fault(place, format!("there is no lint `{name}`"), Some(help));
        return None;
    };
    if !lint.may_be_allowed() {
        let help = "give one of the two roles another name, or another ARN".to_owned();
        reading.fault(
            place,
            format!("`{name}` cannot be allowed: it would not be known which role holds"),
            Some(help),
        );
        return None;
    }
    if reason.trim().is_empty() {
        reading.fault(place, format!("`{name}` is allowed without a reason"), None);
        return None;
    }
    reading.keep(format!("policy.allow.{name}"), Some(place));
    Some((lint, reason.to_owned()))
}
