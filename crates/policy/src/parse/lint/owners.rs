//! Whose jobs a block lets in: strangers, and those who have taken over a name.

use super::Suspected;
use crate::finding::Lint;
use crate::pattern::Wanted;

impl Suspected<'_> {
    pub(super) fn empty_trust(&self) {
        if !self.block.conditions.is_empty() || self.block.when.is_some() {
            return;
        }
        let message = format!("every job whose token `{}` signs may take this role", self.issuer.name);
        let span = self.section.span();
        self.lint(&span, Lint::EmptyTrust, message, "say which repository, ref or environment".to_owned());
        self.suspect(&span, Lint::EmptyTrust, "a job of any repository", self.of_a_stranger(true));
    }

    pub(super) fn no_immutable_owner(&self) {
        let owner_ids = &self.issuer.profile.owner_ids;
        if !self.issuer.is_shared || self.block.bound_texts(owner_ids).next().is_some() {
            return;
        }
        let message = format!(
            "`{}` serves strangers too, and this block rests on no immutable id of the owner: whoever takes over the \
             name takes over the role",
            self.issuer.name
        );
        let help = format!("add `{}` with the owner's number as text", owner_ids.join("` or `"));
        let span = self.section.span();
        self.lint(&span, Lint::NoImmutableOwner, message, help);
        let who = "a job of somebody who has taken over the name, or the repository: the ids of the owner are others";
        self.suspect(&span, Lint::NoImmutableOwner, who, self.of_a_stranger(false));
    }

    /// A name stays true of whoever registers it next. A glob over names is at home where the owner is bound by an id.
    pub(super) fn name_without_id(&self) {
        let profile = self.issuer.profile;
        for condition in &self.block.conditions {
            let Some(id) = profile.names.get(&condition.claim) else { continue };
            let is_glob = condition.pattern.wanted().iter().all(|wanted| wanted.as_exact().is_none());
            let binds_owner = self.binds(&profile.owner_ids);
            let is_of_owner = profile.workload.owner.contains(&condition.claim);
            let is_repository = profile.workload.repository.contains(&condition.claim);
            let is_bound = self.binds(std::slice::from_ref(id))
                || ((is_repository || is_of_owner) && self.binds(&profile.project_ids))
                || ((is_of_owner || (is_repository && is_glob)) && binds_owner)
                || (profile.owner_ids.contains(id) && binds_owner);
            if is_bound {
                continue;
            }
            let claim = &condition.claim;
            let taken =
                condition.pattern.wanted().iter().map(Wanted::to_string).collect::<Vec<_>>().join("`, `");
            let message = format!("`{taken}` is a name: it can be given up and taken by somebody else");
            let help = format!("add `{id}`, which stays: `{claim}` beside it is for readers alone");
            let mut changes = self.of_a_stranger(false);
            changes.push((id.clone(), super::Changed::To(super::STRANGER.to_owned())));
            let who =
                "a job of somebody who has registered the name after it was given up: the id is another";
            self.flag(&self.span_of(claim), Lint::NameWithoutId, (message, help), (who, changes));
        }
    }
}
