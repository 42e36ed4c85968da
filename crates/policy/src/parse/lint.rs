//! Lints of one trust block, each with the job that it is about.

use crate::context::PolicyContext;
use crate::finding::{Changed, Lint, Suspect};
use crate::grant::{Grants, PermissionLevel};
use crate::issuer::RegisteredIssuer;
use crate::provider::TriggerClass;
use crate::reader::{Section, Span};
use crate::role::Role;
use crate::trust::TrustBlock;

/// Words at the end of a scope that say that something is changed by it.
const CHANGING: [&str; 9] =
    ["write", "admin", "publish", "push", "delete", "deploy", "create", "update", "manage"];

/// The repository and the owner of somebody who was never meant.
const STRANGER: &str = "900000001";

/// Reports what a block lets in that its author may not mean.
pub(super) fn trust(section: &Section<'_>, role: &Role, at: usize, context: &PolicyContext) {
    let Some(block) = role.trust.get(at) else { return };
    let Some(issuer) = context.issuer(&block.issuer) else { return };
    let block = Suspected { section, role, at, block, issuer };
    block.empty_trust();
    block.no_immutable_owner();
    block.vacuous_patterns();
    block.untrusted_trigger();
    block.review_can_write();
    block.environment_without_branch();
}

struct Suspected<'a> {
    section: &'a Section<'a>,
    role: &'a Role,
    at: usize,
    block: &'a TrustBlock,
    issuer: &'a RegisteredIssuer,
}

impl Suspected<'_> {
    fn empty_trust(&self) {
        if !self.block.conditions.is_empty() || self.block.when.is_some() {
            return;
        }
        let message = format!("every job whose token `{}` signs may take this role", self.issuer.name);
        let span = self.section.span();
        self.lint(&span, Lint::EmptyTrust, message, "say which repository, ref or environment".to_owned());
        self.suspect(&span, Lint::EmptyTrust, "a job of any repository", self.of_a_stranger(true));
    }

    fn no_immutable_owner(&self) {
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

    fn vacuous_patterns(&self) {
        for condition in &self.block.conditions {
            if !condition.pattern.wanted().iter().any(crate::pattern::Wanted::is_vacuous) {
                continue;
            }
            let who = "a job of the kind that the condition looks as if it kept out";
            let changes = vec![(condition.claim.clone(), Changed::Surely("not-meant".to_owned()))];
            for span in self.section.texts_of(&condition.claim) {
                self.suspect(&span, Lint::VacuousPattern, who, changes.clone());
            }
        }
    }

    fn untrusted_trigger(&self) {
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

    fn review_can_write(&self) {
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

    fn environment_without_branch(&self) {
        let from = &self.issuer.profile.workload;
        let Some(environment) =
            self.block.conditions.iter().find(|condition| from.environment.contains(&condition.claim))
        else {
            return;
        };
        let of_branch =
            ["ref_protected", "ref_type", "ref", "ref_path", "sha", "job_workflow_ref", "job_workflow_sha"];
        let binds = |claim: &str| {
            let is_known = from.git_ref.iter().chain(&from.workflow).any(|known| known == claim);
            is_known || of_branch.contains(&claim)
        };
        if self.block.claims().any(binds) {
            return;
        }
        let message = format!(
            "any branch may take this role that the provider lets into the `{}`: whether it has rules is not seen here",
            environment.claim
        );
        let help = "name the branch too, as `ref = \"refs/heads/main\"`".to_owned();
        let span = self.span_of(&environment.claim);
        self.lint(&span, Lint::EnvironmentWithoutBranch, message, help);
        let branch = if from.git_ref.iter().any(|claim| claim == "ref_path") {
            "not-reviewed"
        } else {
            "refs/heads/not-reviewed"
        };
        let mut changes = vec![("ref".to_owned(), Changed::To(branch.to_owned()))];
        if self.issuer.profile.claim_type("ref_protected").is_some() {
            changes.push(("ref_protected".to_owned(), Changed::To("false".to_owned())));
        }
        let who = "a job of a branch that somebody has just pushed, in the environment";
        self.suspect(&span, Lint::EnvironmentWithoutBranch, who, changes);
    }

    fn lint(&self, span: &Span, lint: Lint, message: String, help: String) {
        self.section.source().lint(span.clone(), lint, message, Some(help));
    }

    fn suspect(&self, span: &Span, lint: Lint, who: &'static str, changes: Vec<(String, Changed)>) {
        let suspect = Suspect { role: self.role.name.clone(), block: self.at, who, changes };
        self.section.source().suspect(span, lint, suspect);
    }

    /// Ids that are those of nobody who was meant, and names too if that is asked for, where the block leaves it open.
    fn of_a_stranger(&self, with_names: bool) -> Vec<(String, Changed)> {
        let profile = self.issuer.profile;
        let from = &profile.workload;
        let ids = profile.owner_ids.iter().chain(&profile.project_ids).chain(&from.owner_id);
        let owners = from.owner.iter().map(|claim| (claim, "somebody-else"));
        let names = owners.chain(from.repository.iter().map(|claim| (claim, "somebody-else/something")));
        let names =
            names.filter(|_| with_names).map(|(claim, name)| (claim.clone(), Changed::To(name.to_owned())));
        let known = ids.filter(|claim| profile.example.contains_key(*claim));
        known.map(|claim| (claim.clone(), Changed::To(STRANGER.to_owned()))).chain(names).collect()
    }

    /// The texts that the block takes for a claim.
    fn texts(&self, claim: &str) -> Vec<&str> {
        let conditions = self.block.conditions.iter().filter(|condition| condition.claim == claim);
        conditions
            .flat_map(|condition| condition.pattern.wanted())
            .filter_map(|wanted| wanted.as_exact())
            .collect()
    }

    fn span_of(&self, key: &str) -> Span {
        self.section.entry(key).map_or_else(|| self.section.span(), |entry| entry.value_span())
    }
}

/// What of the grants changes something, or shows secrets.
fn changed_by(grants: &Grants) -> Option<String> {
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
