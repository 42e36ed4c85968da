//! Which events a block lets in, and what the role gives them.

use super::{STRANGER, Suspected};
use crate::finding::{Changed, Lint};
use crate::grant::{Grants, PermissionLevel};
use crate::provider::TriggerClass;

/// Words at the end of a scope that say that something is changed by it.
const CHANGING: [&str; 9] =
    ["write", "admin", "publish", "push", "delete", "deploy", "create", "update", "manage"];

impl Suspected<'_> {
    pub(super) fn untrusted_trigger(&self) {
        let Some(trigger) = &self.issuer.profile.trigger else { return };
        if !self.block.untrusted_triggers {
            return;
        }
        let message = "events that run on the words of a stranger may take this role".to_owned();
        let help = "take it out, or bind what such a run may be: the workflow by its path and commit, the environment with \
                    reviewers"
            .to_owned();
        let span = self.span_of("untrusted_triggers");
        self.lint(&span, Lint::UntrustedTrigger, message, help);
        let admitted = self.texts(&trigger.claim);
        let events = trigger.untrusted.iter().chain(&trigger.review);
        let mut admissible = events.filter(|event| admitted.is_empty() || admitted.contains(&event.as_str()));
        if let Some(event) = admissible.next() {
            let mut changes = vec![(trigger.claim.clone(), Changed::Surely(event.clone()))];
            changes.extend(
                trigger
                    .review_equal
                    .iter()
                    .map(|(one, _)| (one.clone(), Changed::Surely(STRANGER.to_owned()))),
            );
            let who = "a job that a stranger starts, by a pull request of a fork or a comment";
            self.suspect(&span, Lint::UntrustedTrigger, who, changes);
        }
    }

    pub(super) fn review_can_write(&self) {
        let Some(trigger) = &self.issuer.profile.trigger else { return };
        let Some(what) = changed_by(&self.role.grants) else { return };
        let named = self.texts(&trigger.claim);
        let Some(event) = named.iter().find(|event| trigger.class(event) == TriggerClass::Review) else {
            return;
        };
        let message = format!("`{event}` runs what nobody has reviewed yet, and this role gives {what}");
        let help = "give pull requests a role of their own that can read alone".to_owned();
        let span = self.span_of(&trigger.claim);
        self.lint(&span, Lint::ReviewCanWrite, message, help);
        let who = "a job of a proposed change, which may do anything that its author wrote into it";
        let mut changes = vec![(trigger.claim.clone(), Changed::Surely((*event).to_owned()))];
        let from = &self.issuer.profile.workload;
        if let (Some(claim), Some(form)) = (from.git_ref.first(), &from.pull_request) {
            let after = form.after.first().map_or("", String::as_str);
            changes.push((claim.clone(), Changed::To(format!("{}7{after}", form.before))));
        }
        self.suspect(&span, Lint::ReviewCanWrite, who, changes);
    }
}

/// What of the grants changes something, or shows secrets.
pub(super) fn changed_by(grants: &Grants) -> Option<String> {
    let scopes = grants.api.iter().flat_map(|api| &api.scopes).map(crate::grant::Template::as_str);
    let mut changing = scopes.filter(|scope| {
        let last = scope.rsplit([':', '.', '/']).next().unwrap_or(scope);
        CHANGING.contains(&last)
    });
    if let Some(scope) = changing.next() {
        return Some(format!("the scope `{scope}`"));
    }
    let github = grants.github.iter().flat_map(|grant| grant.permissions.values());
    let of_kinds = [
        (grants.aws.is_some(), "AWS credentials"),
        (grants.registry.as_ref().is_some_and(|grant| !grant.push.is_empty()), "a push to the registry"),
        (grants.state.is_some(), "Terraform state, which holds secrets"),
        (github.clone().any(|level| *level > PermissionLevel::Read), "write access on GitHub"),
    ];
    of_kinds.into_iter().find(|(gives, _)| *gives).map(|(_, what)| what.to_owned())
}
