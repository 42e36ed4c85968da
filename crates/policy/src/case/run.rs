//! Asking the policy about a case, and saying where the answer is another one than was expected.

use daypass_jose::{Json, Object};

use super::{Case, Expected};
use crate::context::PolicyContext;
use crate::decide::Ask;
use crate::finding::{Finding, Level};
use crate::policy::Policy;
use crate::reason::DenialReason;
use crate::suppose::Supposition;
use crate::trace::{BlockTrace, Difference, Trace};
use crate::workload::WorkloadFault;

/// What the policy says of a case.
#[derive(Debug, Clone)]
pub struct CaseResult<'c> {
    /// The case.
    pub case: &'c Case,
    /// The answer.
    pub outcome: Outcome,
}

/// The answer to a job.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The claims are none of a job, so that no policy is asked.
    NoJob(WorkloadFault),
    /// How the policy decides, block by block.
    Decided(Trace),
}

impl Case {
    /// Asks the policy.
    pub fn run(&self, policy: &Policy, context: &PolicyContext) -> Option<CaseResult<'_>> {
        let ask = Ask { role: &self.role, standing: self.standing };
        let outcome = match Supposition::new(self.claims.clone(), context.issuer(&self.issuer)?) {
            Ok(job) => Outcome::Decided(job.decide(&ask, policy)),
            Err(fault) => Outcome::NoJob(fault),
        };
        Some(CaseResult { case: self, outcome })
    }
}

impl CaseResult<'_> {
    /// Whether it is what the case expects.
    pub fn is_as_expected(&self) -> bool {
        match (&self.case.expected, self.outcome.reason()) {
            (Expected::Allow, reason) => reason.is_none(),
            (Expected::Deny { .. }, None) => false,
            (Expected::Deny { reason: wanted, differs }, Some(reason)) => {
                wanted.as_deref().is_none_or(|wanted| wanted == reason)
                    && differs.as_ref().is_none_or(|claims| self.outcome.differs_in(claims))
            }
        }
    }

    /// What is to be said where it is not.
    pub fn finding(&self) -> Option<Finding> {
        (!self.is_as_expected()).then(|| {
            let spot = &self.case.expected_at;
            Finding {
                file: self.case.file.clone(),
                line: spot.line,
                column: spot.column,
                level: Level::Deny,
                lint: None,
                message: self.message(),
                help: self.why(),
                excerpt: spot.excerpt.clone(),
                counter_example: None,
                suspect: None,
            }
        })
    }

    fn message(&self) -> String {
        let got = match self.outcome.reason() {
            None => "the policy lets the job in".to_owned(),
            Some(reason) => format!("the policy denies it: `{reason}`"),
        };
        let wanted = match &self.case.expected {
            Expected::Deny { reason, differs } => {
                let reason = reason.as_ref().map(|reason| format!("`{reason}`"));
                let differs = differs.as_ref().map(|claims| format!("in `{}`", claims.join("`, `")));
                let parts: Vec<String> = reason.into_iter().chain(differs).collect();
                if parts.is_empty() { "`deny`".to_owned() } else { format!("`deny`, {}", parts.join(" ")) }
            }
            Expected::Allow => "`allow`".to_owned(),
        };
        format!("`{}`: expected is {wanted}, but {got}", self.case.name)
    }

    /// What led to the answer, in a sentence; `None` where there is nothing to be told.
    fn why(&self) -> Option<String> {
        match &self.outcome {
            Outcome::NoJob(fault) => Some(fault.to_string()),
            Outcome::Decided(trace) if trace.reason.is_none() => {
                let block = trace.blocks.iter().find(|block| !block.is_deny() && block.matches)?;
                Some(format!("it is let in by the block of {}:{}", block.place.file, block.place.line))
            }
            Outcome::Decided(trace) => {
                let differences = self.outcome.differences();
                let differs: Vec<String> =
                    differences.iter().map(|difference| told(difference, &self.case.claims)).collect();
                let denied = trace.reason == Some(DenialReason::DeniedByRule);
                let verb = if denied { "denied by" } else { "what differs from the nearest block:" };
                (!differs.is_empty()).then(|| format!("{verb} {}", differs.join("; ")))
            }
        }
    }
}

impl Outcome {
    /// Why the answer is no, by name; `None` where it is yes.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::NoJob(fault) => Some(fault.code()),
            Self::Decided(trace) => trace.reason.map(DenialReason::as_str),
        }
    }

    /// What differs from the block that comes closest, or what a block denies.
    pub fn differences(&self) -> Vec<Difference> {
        self.nearest().into_iter().next().unwrap_or_default()
    }

    /// Whether these claims, and no others, are why the answer is no.
    fn differs_in(&self, claims: &[String]) -> bool {
        let sorted = |mut claims: Vec<String>| {
            claims.sort();
            claims.dedup();
            claims
        };
        let wanted = sorted(claims.to_vec());
        let of = |differences: Vec<Difference>| {
            differences.into_iter().map(|difference| difference.claim).collect()
        };
        match self {
            Self::NoJob(WorkloadFault::ClaimMissing(claim) | WorkloadFault::ClaimMalformed(claim)) => {
                wanted == [claim.clone()]
            }
            Self::Decided(_) => self.nearest().into_iter().any(|one| sorted(of(one)) == wanted),
        }
    }

    /// Of each block that comes as close as any, what differs; of each block that denies, what it tests.
    fn nearest(&self) -> Vec<Vec<Difference>> {
        let Self::Decided(trace) = self else { return Vec::new() };
        match trace.reason {
            Some(DenialReason::DeniedByRule) => {
                let denying = trace.blocks.iter().filter(|block| block.is_deny() && block.matches);
                denying.map(|block| block.conditions.iter().map(Difference::of).collect()).collect()
            }
            Some(DenialReason::NoRuleMatches) => {
                let tested = |block: &&BlockTrace| !block.is_deny() && !block.failed().is_empty();
                let failed: Vec<_> = trace.blocks.iter().filter(tested).map(BlockTrace::failed).collect();
                let least = failed.iter().map(Vec::len).min().unwrap_or(0);
                let nearest = failed.into_iter().filter(|failed| failed.len() == least);
                nearest.map(|failed| failed.into_iter().map(Difference::of).collect()).collect()
            }
            None
            | Some(
                DenialReason::RoleUnknown
                | DenialReason::ProjectUnknown
                | DenialReason::ProjectPending
                | DenialReason::ProjectSuspended
                | DenialReason::ProjectDeleted
                | DenialReason::GrantUnfillable,
            ) => Vec::new(),
        }
    }
}

fn told(difference: &Difference, claims: &Object) -> String {
    let kind = match claims.member(&difference.claim) {
        // Of other types than text, the text alone can look like what is wanted.
        Some(value @ (Json::Integer(_) | Json::Bool(_))) => format!(", {}", value.kind()),
        _ => String::new(),
    };
    let got = difference.got.as_deref().map_or("absent".to_owned(), |got| format!("`{got}`{kind}"));
    format!("`{}`: wanted `{}`, got {got}", difference.claim, difference.wanted.join("` or `"))
}
