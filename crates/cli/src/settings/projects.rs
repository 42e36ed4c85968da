//! `[projects]`: what an onboarded repository may have without any role file.

use daypass_jose::IssuerUrl;
use daypass_policy::{PolicyContext, ProjectsPolicy};

use super::overlay::{Place, Scope};

/// What the section says, and where its keys stand, so that the policy's own rules can be reported there.
pub(super) struct Projects {
    policy: ProjectsPolicy,
    places: Vec<(&'static str, Place)>,
}

/// `None` only where `public_url`, from which the audience follows, is at fault.
pub(super) fn read(projects: &Scope<'_>, public_url: Option<&IssuerUrl>) -> Option<Projects> {
    let audience = projects.text("audience");
    let scopes = projects.texts("scopes");
    let events = projects.texts("events");
    let ttl = projects.duration("ttl");
    projects.finish();
    let mut places = vec![("scopes", projects.place_of("scopes")), ("events", projects.place_of("events"))];
    places.extend(audience.as_ref().map(|given| ("audience", given.place.clone())));
    places.extend(ttl.as_ref().map(|given| ("ttl", given.place.clone())));
    let audience = audience.map(|audience| audience.value).or_else(|| public_url.map(ToString::to_string))?;
    let default = ProjectsPolicy::default_for(&audience);
    let values = |given: Vec<super::overlay::Given<String>>| given.into_iter().map(|one| one.value).collect();
    let policy = ProjectsPolicy {
        scopes: scopes.map_or(default.scopes, values),
        audience,
        events: events.map(values).or(default.events),
        ttl_seconds: ttl.map_or(default.ttl_seconds, |ttl| ttl.value),
    };
    Some(Projects { policy, places })
}

impl Projects {
    pub(super) fn policy(&self) -> &ProjectsPolicy {
        &self.policy
    }

    /// Reports what the policy has against it.
    pub(super) fn check(&self, projects: &Scope<'_>, context: &PolicyContext) {
        for fault in self.policy.faults(context) {
            let known = self.places.iter().find(|(key, _)| *key == fault.key);
            let place = known.map_or_else(|| projects.place_of(fault.key), |(_, place)| place.clone());
            projects.reading.fault(&place, format!("`{}`: {}", fault.key, fault.message), fault.help);
        }
    }
}
