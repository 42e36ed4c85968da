//! Of which branch a block takes jobs: lints of blocks that only look as if they said so.

use super::Suspected;
use crate::finding::{Changed, Lint};
use crate::pattern::Wanted;
use crate::provider::TriggerClass;
use crate::trust::Condition;

/// Claims that say of which branch a job is, or of which commit, beside those that the profile names.
const OF_BRANCH: [&str; 7] =
    ["ref_protected", "ref_type", "ref", "ref_path", "sha", "job_workflow_ref", "job_workflow_sha"];

/// A commit by its SHA-1, as workflows are pinned to it.
const COMMIT_DIGITS: usize = 40;

impl Suspected<'_> {
    pub(super) fn environment_without_branch(&self) {
        let from = &self.issuer.profile.workload;
        let mut conditions = self.block.conditions.iter();
        let environment = conditions.find(|condition| from.environment.contains(&condition.claim));
        let Some(environment) = environment.filter(|_| !self.binds_branch()) else { return };
        let message = format!(
            "any branch may take this role that the provider lets into the `{}`: whether it has rules is not seen here",
            environment.claim
        );
        let help = "name the branch too, as `ref = \"refs/heads/main\"`".to_owned();
        let who = "a job of a branch that somebody has just pushed, in the environment";
        let span = self.span_of(&environment.claim);
        self.flag(
            &span,
            Lint::EnvironmentWithoutBranch,
            (message, help),
            (who, self.of_another_branch("not-reviewed")),
        );
    }

    /// A claim that says what whoever starts the job wants it to say guards nothing.
    pub(super) fn chosen_by_attacker(&self) {
        let profile = self.issuer.profile;
        let mut conditions = self.block.conditions.iter();
        let names_environment =
            conditions.any(|condition| is_in(&profile.workload.environment, &condition.claim));
        let mut conditions = self.block.conditions.iter();
        let chosen = conditions.find(|condition| profile.chosen.contains(&condition.claim));
        let is_guarded = names_environment || self.binds_branch() || self.is_for_proposals();
        let Some(chosen) = chosen.filter(|_| !is_guarded) else { return };
        let claim = &chosen.claim;
        let message = format!("whoever may push any branch can start a job whose `{claim}` is this");
        let help =
            format!("name the branch, as `ref = \"refs/heads/main\"`: `{claim}` beside it narrows further");
        let who = "a job of a branch that somebody has just pushed, started so that the claim fits";
        let changes = self.of_another_branch("not-reviewed");
        self.flag(&self.span_of(claim), Lint::ChosenByAttacker, (message, help), (who, changes));
    }

    /// Whether only events that run what somebody proposes are named: then no branch was meant, and what they may have is the
    /// matter of another lint.
    fn is_for_proposals(&self) -> bool {
        let Some(trigger) = &self.issuer.profile.trigger else { return false };
        let events = self.texts(&trigger.claim);
        !events.is_empty() && events.iter().all(|event| trigger.class(event) == TriggerClass::Review)
    }

    /// Only a commit stays what it is. A workflow of the repository itself is of the commit that runs.
    pub(super) fn workflow_not_pinned(&self) {
        let Some((claim, sha)) = &self.issuer.profile.reusable_workflow else { return };
        let mut conditions = self.block.conditions.iter();
        let Some(workflow) = conditions.find(|condition| condition.claim == *claim) else { return };
        let own = self.issuer.profile.workload.repository.iter().flat_map(|claim| self.texts(claim));
        let own: Vec<String> = own.map(|path| format!("{path}/")).collect();
        let stays = |wanted: &Wanted| {
            let text = wanted.to_string();
            is_of_commit(&text) || own.iter().any(|path| text.starts_with(path))
        };
        if self.binds(std::slice::from_ref(sha)) || workflow.pattern.wanted().iter().all(stays) {
            return;
        }
        let message =
            "this workflow is what its branch or tag says today: either can be moved to other steps"
                .to_owned();
        let help = format!("call it by its commit, `…@<40 digits>`, or bind `{sha}`");
        let who = "a job of the same name of a workflow, after whoever may push to its repository has changed its steps";
        let changes = vec![(sha.clone(), Changed::Surely("0".repeat(COMMIT_DIGITS)))];
        self.flag(&self.span_of(claim), Lint::WorkflowNotPinned, (message, help), (who, changes));
    }

    /// Where a ref is named by its last part alone, a tag can have the same one.
    pub(super) fn tag_or_branch(&self) {
        let from = &self.issuer.profile.workload;
        let is_short = from.git_ref.iter().any(|claim| claim == "ref_path");
        let mut conditions = self.block.conditions.iter();
        let Some(git_ref) = conditions.find(|condition| condition.claim == "ref").filter(|_| is_short) else {
            return;
        };
        let of_kind = ["ref_type", "ref_path", "ref_protected", "sha"];
        if self.block.conditions.iter().any(|condition| of_kind.contains(&condition.claim.as_str())) {
            return;
        }
        let message = "a tag of that name is taken too".to_owned();
        let help = "add `ref_type = \"branch\"`, or name `ref_path = \"refs/heads/…\"`".to_owned();
        let who = "a job of a tag that was given the name of the branch, at any commit";
        let mut changes = self.of_another_branch("main");
        changes.push(("ref_type".to_owned(), Changed::Surely("tag".to_owned())));
        changes.push(("ref_path".to_owned(), Changed::Surely("refs/tags/{ref}".to_owned())));
        self.flag(&self.span_of(&git_ref.claim), Lint::TagOrBranch, (message, help), (who, changes));
    }

    /// Whether a condition says of which branch a job must be. What an expression says of it is asked of the job that is shown.
    fn binds_branch(&self) -> bool {
        let profile = self.issuer.profile;
        let is_of_branch = |claim: &str| {
            let known = profile.workload.git_ref.iter().chain(&profile.workload.workflow);
            (known.into_iter().any(|known| known == claim) || OF_BRANCH.contains(&claim))
                && !is_in(&profile.chosen, claim)
        };
        let is_bound = |condition: &Condition| {
            is_of_branch(&condition.claim) && !condition.pattern.wanted().iter().any(is_open_at_the_ref)
        };
        self.block.conditions.iter().any(is_bound)
    }

    /// Claims of a job of this branch or tag, where the block leaves it open.
    pub(super) fn of_another_branch(&self, name: &str) -> Vec<(String, Changed)> {
        let profile = self.issuer.profile;
        let is_short = profile.workload.git_ref.iter().any(|claim| claim == "ref_path");
        let git_ref = if is_short { name.to_owned() } else { format!("refs/heads/{name}") };
        let mut changes = vec![("ref".to_owned(), Changed::To(git_ref))];
        if profile.claim_type("ref_protected").is_some() {
            changes.push(("ref_protected".to_owned(), Changed::To("false".to_owned())));
        }
        changes
    }
}

fn is_in(list: &[String], claim: &str) -> bool {
    list.iter().any(|known| known == claim)
}

/// `…/deploy.yml@**`: the file, of whichever branch.
fn is_open_at_the_ref(wanted: &Wanted) -> bool {
    wanted.as_exact().is_none()
        && ["@**", "@refs/**", "@refs/heads/**"].iter().any(|end| wanted.to_string().ends_with(end))
}

fn is_of_commit(workflow: &str) -> bool {
    let reference = workflow.rsplit_once('@').map_or("", |(_, reference)| reference);
    reference.len() == COMMIT_DIGITS && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}
