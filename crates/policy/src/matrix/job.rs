//! One job that a person describes.

use daypass_jose::{Json, Object};

use super::SupposedRepository;
use super::rows::{nearest, usual};
use crate::issuer::RegisteredIssuer;

/// How a job differs from the usual one of its repository.
#[derive(Debug, Clone, Default)]
pub struct JobChanges {
    /// What started it.
    pub event: Option<String>,
    /// Whether it is of a tag.
    pub is_tag: bool,
    /// Claims, of whatever type: by their names.
    pub claims: Vec<(String, Json)>,
    /// Parts of claims, which the profile has places for.
    pub parts: Vec<(&'static str, String)>,
}

impl SupposedRepository {
    /// All claims of a job but those of time and audience.
    pub fn job(&self, changes: &JobChanges, default_branch: &str, issuer: &RegisteredIssuer) -> Object {
        let mut draft = usual(self, default_branch, issuer);
        if let Some(kind) = nearest(issuer.profile, changes.event.as_deref(), changes.is_tag) {
            draft.templates(&kind.claims);
        }
        let trigger = issuer.profile.trigger.as_ref();
        if let (Some(trigger), Some(event)) = (trigger, &changes.event) {
            draft.text(&trigger.claim, event);
        }
        for (part, text) in &changes.parts {
            draft.text(part, text);
        }
        for (claim, value) in &changes.claims {
            draft.json(claim, value.clone());
        }
        draft.claims()
    }
}
