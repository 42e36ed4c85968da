//! Reading a profile's file.

use std::collections::BTreeMap;

use daypass_jose::Algorithm;

use super::{ClaimType, Each, Kind, Profile, PullRequestRef, TokenReuse, Trigger, WorkloadClaims};
use crate::finding::Finding;
use crate::pattern::Glob;
use crate::reader::{self, Section};

/// Reads a profile; every fault of the file where there is one.
pub(super) fn parse(name: &str, text: &str) -> Result<Profile, Vec<Finding>> {
    let (profile, findings) = reader::read(name, text, profile);
    match profile.flatten() {
        Some(profile) if findings.is_empty() => Ok(profile),
        _ => Err(findings),
    }
}

fn profile(top: &Section<'_>) -> Option<Profile> {
    let claims = top.section("claims")?;
    let mut optional = types(&claims, "optional")?;
    optional.extend(types(&claims, "known")?);
    let sets = top.section("claim_sets")?;
    let profile = Profile {
        name: top.required_text("name")?.value,
        title: top.required_text("title")?.value,
        evidence: top.required_text("evidence")?.value,
        default_url: top.text("url").map(|url| url.value),
        shared_urls: texts(top, "shared_urls"),
        algorithms: texts(top, "algorithms").iter().filter_map(|name| Algorithm::from_name(name)).collect(),
        max_lifetime_seconds: top.duration("max_lifetime")?.value,
        max_age_seconds: top.duration("max_age")?.value,
        token_reuse: TokenReuse::from_name(&top.required_text("token_reuse")?.value)?,
        token_id_required: top.boolean("token_id_required")?.value,
        jwks_hosts: texts(top, "jwks_hosts"),
        key_id_survives_rotation: top.boolean("key_id_survives_rotation").is_some_and(|stays| stays.value),
        required: types(&claims, "required")?,
        optional,
        string_prefixes: texts(&sets, "string_prefixes"),
        immutable: texts(&sets, "immutable"),
        owner_ids: texts(&sets, "owner_ids"),
        project_ids: texts(&sets, "project_ids"),
        names: pairs(&top.section("names")?),
        chosen: texts(&sets, "chosen"),
        reusable_workflow: pair(&texts(&sets, "reusable_workflow")),
        personal: texts(&sets, "personal"),
        workload: workload(&top.section("workload")?),
        trigger: top.section("trigger").map(|section| trigger(&section)),
        example: table(top, "example"),
        usual: table(top, "usual"),
        kinds: top.sections("kinds").iter().filter_map(kind).collect(),
        foreign_audiences: top.sections("foreign_audiences").iter().filter_map(foreign_audience).collect(),
    };
    for section in [&claims, &sets, top] {
        section.finish();
    }
    Some(profile)
}

fn texts(section: &Section<'_>, key: &str) -> Vec<String> {
    section.texts(key).unwrap_or_default().into_iter().map(|text| text.value).collect()
}

fn types(claims: &Section<'_>, set: &str) -> Option<BTreeMap<String, ClaimType>> {
    let section = claims.section(set)?;
    let of = |entry: reader::Entry<'_>| {
        let kind = entry.text()?;
        let known = ClaimType::from_name(&kind.value);
        if known.is_none() {
            section.source().error(kind.span, "no type of a claim", None);
        }
        Some((entry.key.to_owned(), known?))
    };
    section.rest().into_iter().map(of).collect()
}

/// Texts by their keys, where the section is there.
fn table(of: &Section<'_>, name: &str) -> BTreeMap<String, String> {
    of.section(name).map(|section| pairs(&section)).unwrap_or_default()
}

fn pairs(section: &Section<'_>) -> BTreeMap<String, String> {
    let entries = section.rest();
    entries.iter().filter_map(|entry| Some((entry.key.to_owned(), entry.text()?.value))).collect()
}

/// A list of two.
fn pair(list: &[String]) -> Option<(String, String)> {
    match list {
        [one, other] => Some((one.clone(), other.clone())),
        _ => None,
    }
}

fn kind(section: &Section<'_>) -> Option<Kind> {
    let each = section.text("each").map(|claim| Each {
        claim: claim.value,
        before: section.text("before").map(|before| before.value).unwrap_or_default(),
    });
    let kind = Kind {
        title: section.required_text("title")?.value,
        note: section.text("note").map(|note| note.value),
        each,
        only_if_tested: section.text("only_if_tested").map(|claim| claim.value),
        claims: table(section, "claims"),
    };
    section.finish();
    Some(kind)
}

fn workload(section: &Section<'_>) -> WorkloadClaims {
    let claims = WorkloadClaims {
        repository_id: texts(section, "repository_id"),
        repository: texts(section, "repository"),
        owner_id: texts(section, "owner_id"),
        owner: texts(section, "owner"),
        run_id: texts(section, "run_id"),
        run_attempt: texts(section, "run_attempt"),
        job: texts(section, "job"),
        workflow: texts(section, "workflow"),
        event: texts(section, "event"),
        git_ref: texts(section, "ref"),
        sha: texts(section, "sha"),
        environment: texts(section, "environment"),
        pull_request: section.section("pull_request").and_then(|form| {
            let before = form.required_text("before")?.value;
            Some(PullRequestRef { before, after: texts(&form, "after") })
        }),
    };
    section.finish();
    claims
}

fn trigger(section: &Section<'_>) -> Trigger {
    let trigger = Trigger {
        claim: section.required_text("claim").map(|claim| claim.value).unwrap_or_default(),
        trusted: texts(section, "trusted"),
        review: texts(section, "review"),
        review_equal: pair(&texts(section, "review_equal")),
        untrusted: texts(section, "untrusted"),
    };
    section.finish();
    trigger
}

fn foreign_audience(section: &Section<'_>) -> Option<(Glob, String)> {
    let (audience, of) = (section.required_text("audience")?, section.required_text("of")?.value);
    section.finish();
    match Glob::parse(&audience.value) {
        Ok(glob) => Some((glob, of)),
        Err(fault) => {
            section.source().error(audience.span, fault.to_string(), None);
            None
        }
    }
}
