//! What a role gives, beside whom it lets in.

use super::Suspected;
use super::events::changed_by;
use crate::finding::{Changed, Lint};
use crate::grant::{Grants, Template};
use crate::reader::{Entry, Section};
use crate::role::{MAX_TTL_SECONDS, Role};

/// A repository of the same owner that nobody thought of.
const ANOTHER_PROJECT: &str = "900000002";

/// The time that something may be valid unless a caller asks for more, in seconds: jobs that need longer ask.
const NEEDED_TTL_SECONDS: i64 = 3600;

/// The time for which a caller may ask, in seconds: the longest that a job of GitHub's own runners lasts.
const NEEDED_MAX_TTL_SECONDS: i64 = 6 * 3600;

impl Suspected<'_> {
    /// A pass says for which project it is, so that of a list of projects each was meant; a new project of the owner was not.
    pub(super) fn several_projects(&self) {
        let profile = self.issuer.profile;
        if profile.workload.repository_id.iter().any(|claim| claim == "sub") {
            return;
        }
        let Some(another) = self.another_project() else { return };
        let mut templates = self.role.grants.templates().into_iter().flat_map(Template::claims);
        let names_project = templates.any(|claim| profile.is_immutable(claim));
        let given = given_to_all(&self.role.grants, another == ANOTHER_PROJECT);
        let Some(what) = given.filter(|_| !names_project) else { return };
        let message = format!("several repositories may take this role, and all get the same: {what}");
        let ids = profile.project_ids.join("` or `");
        let help = format!("bind `{ids}` to the one that is meant, or put it into the grant as `{{{ids}}}`");
        let changes = profile.project_ids.iter();
        let changes = changes.map(|claim| (claim.clone(), Changed::Surely(another.to_owned()))).collect();
        let who = "a job of another repository of the owner, which gets what the first one has";
        self.flag(&self.section.span(), Lint::SeveralProjects, (message, help), (who, changes));
    }

    /// A repository that may take the role beside the first one. Of one that is bound by its name, another lint speaks.
    fn another_project(&self) -> Option<&str> {
        let profile = self.issuer.profile;
        if self.block.conditions.is_empty() && self.block.when.is_none() {
            return None;
        }
        let projects: Vec<&str> = self.block.bound_texts(&profile.project_ids).flatten().collect();
        let is_named =
            self.binds(&profile.workload.repository) || self.block.claims().any(|claim| claim == "sub");
        let of_issuer = self.role.trust.iter().filter(|block| block.issuer == self.block.issuer);
        let first = of_issuer.flat_map(|block| block.bound_texts(&profile.project_ids)).flatten().next();
        match projects.as_slice() {
            [] => (!is_named).then_some(ANOTHER_PROJECT),
            [one] => Some(*one).filter(|one| first.is_some_and(|first| first != *one)),
            [_, another, ..] => Some(another),
        }
    }
}

/// What of the grants all projects of a role share, though one of them could mean it for itself.
fn given_to_all(grants: &Grants, is_any: bool) -> Option<String> {
    let beside_api = Grants { api: None, ..grants.clone() };
    let of_api = Grants { api: grants.api.clone(), ..Grants::default() };
    let identity = grants.identity.as_ref().and_then(|grant| grant.subject.as_ref());
    let identity = identity.map(|subject| format!("the identity `{}`", subject.as_str()));
    changed_by(&beside_api).or(identity).or_else(|| changed_by(&of_api).filter(|_| is_any))
}

/// Reports a role whose credentials somebody who has stolen them can use long after the job.
pub(in crate::parse) fn ttl(section: &Section<'_>, entry: &Entry<'_>, role: &Role) {
    let report = |seconds: i64, needed: i64, what: &str| {
        // More than a day is a fault, with a place of its own.
        if seconds > needed && seconds <= MAX_TTL_SECONDS {
            let message =
                format!("{what} outlives the job that took it: {}", crate::duration::show_duration(seconds));
            let help = format!(
                "at most {}: a job that lasts longer exchanges again",
                crate::duration::show_duration(needed)
            );
            section.source().lint(entry.span.clone(), Lint::TtlAboveNeed, message, Some(help));
        }
    };
    if let Some(api) = &role.grants.api {
        report(api.ttl_seconds, NEEDED_TTL_SECONDS, "a pass of which nobody asked how long it lives");
    }
    let longest = role.max_ttl_seconds.or(role.grants.api.as_ref().map(|api| api.max_ttl_seconds));
    report(
        longest.unwrap_or(0),
        NEEDED_MAX_TTL_SECONDS,
        "what a caller may have who asks for all of `max_ttl`",
    );
}
