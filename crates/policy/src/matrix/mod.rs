//! Who can get what: for a repository, each kind of job that matters against each role, decided as a server would.
//!
//! Every cell is what [`decide`](crate::decide) says about a whole set of claims. A role is left out where none of its blocks
//! is about the repository: each of them rests on an id that no job of it has.

mod given;
mod job;
mod repository;
mod rows;

use std::collections::BTreeSet;

use daypass_jose::Object;

pub use given::Given;
pub use job::JobChanges;
pub use repository::SupposedRepository;

use crate::context::PolicyContext;
use crate::decide::Ask;
use crate::issuer::RegisteredIssuer;
use crate::policy::Policy;
use crate::provider::Profile;
use crate::reason::ProjectStanding;
use crate::role::Role;
use crate::suppose::Supposition;
use crate::trace::Trace;
use crate::trust::{Condition, TrustBlock};

/// Who can get what, repository by repository.
#[derive(Debug)]
pub struct Matrix {
    /// One for each repository.
    pub of: Vec<MatrixOf>,
}

/// Who can get what in one repository.
#[derive(Debug)]
pub struct MatrixOf {
    /// The repository.
    pub repository: SupposedRepository,
    /// The roles that are about it, by name: the cells of each row are in this order.
    pub roles: Vec<String>,
    /// How many roles there are beside these, none of which any of its jobs can take.
    pub other_roles: usize,
    /// Its jobs.
    pub rows: Vec<Row>,
}

/// A kind of job.
#[derive(Debug)]
pub struct Row {
    /// What people call it.
    pub title: String,
    /// What is to be known of it.
    pub note: Option<String>,
    /// All of its claims but those of time and audience.
    pub claims: Object,
    /// What it gets.
    pub cells: Vec<Cell>,
}

/// Whether a job can take a role, and why.
#[derive(Debug)]
pub struct Cell {
    /// The role.
    pub role: String,
    /// How that is decided.
    pub trace: Trace,
    /// What the job gets, with every place filled; nothing where the answer is no.
    pub given: Vec<Given>,
}

impl Cell {
    /// Decides whether a job may take a role. The repository is onboarded and in good standing: that is asked of the store,
    /// which is not here.
    pub fn decide(job: &Supposition, role: &str, policy: &Policy) -> Self {
        let ask = Ask { role, standing: ProjectStanding::Active };
        let trace = job.decide(&ask, policy);
        let is_yes = trace.reason.is_none();
        let given = policy.role(role).filter(|_| is_yes).map(|role| given::by(role, job.workload()));
        Self { role: role.to_owned(), trace, given: given.unwrap_or_default() }
    }

    /// Whether the job can take the role.
    pub fn is_yes(&self) -> bool {
        self.trace.reason.is_none()
    }
}

impl Matrix {
    /// Decides about each job of each repository. `default_branch` is that of all of them.
    pub fn new(
        repositories: Vec<SupposedRepository>,
        default_branch: &str,
        policy: &Policy,
        context: &PolicyContext,
    ) -> Self {
        let of = repositories.into_iter().filter_map(|repository| {
            let issuer = context.issuer(repository.issuer())?;
            Some(MatrixOf::new(repository, default_branch, policy, issuer))
        });
        Self { of: of.collect() }
    }
}

impl MatrixOf {
    fn new(
        repository: SupposedRepository,
        default_branch: &str,
        policy: &Policy,
        issuer: &RegisteredIssuer,
    ) -> Self {
        let jobs = rows::of(&repository, default_branch, policy, issuer);
        let about = |role: &&Role| jobs.iter().any(|job| is_about(role, job.supposed.workload()));
        let roles: Vec<&Role> = policy.roles().filter(about).collect();
        let rows = jobs.into_iter().map(|job| Row {
            cells: roles.iter().map(|role| Cell::decide(&job.supposed, &role.name, policy)).collect(),
            title: job.title,
            note: job.note,
            claims: job.claims,
        });
        Self {
            rows: rows.collect(),
            other_roles: policy.roles().count().saturating_sub(roles.len()),
            roles: roles.into_iter().map(|role| role.name.clone()).collect(),
            repository,
        }
    }

    /// For each role, the names of the jobs that can take it.
    pub fn takers<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        let takes = move |row: &&Row| row.cells.iter().any(|cell| cell.role == role && cell.is_yes());
        self.rows.iter().filter(takes).map(|row| row.title.as_str())
    }
}

fn is_about(role: &Role, workload: &crate::workload::Workload) -> bool {
    role.trust.iter().any(|block| {
        block.issuer == workload.issuer_name()
            && ids(block, workload.profile()).all(|condition| {
                workload
                    .text(&condition.claim)
                    .is_some_and(|text| condition.pattern.wanted().iter().any(|wanted| wanted.takes(&text)))
            })
    })
}

/// The conditions of a block on ids of owners and repositories.
fn ids<'a>(block: &'a TrustBlock, profile: &'a Profile) -> impl Iterator<Item = &'a Condition> {
    block.conditions.iter().filter(|condition| id_claims(profile).contains(condition.claim.as_str()))
}

fn id_claims(profile: &Profile) -> BTreeSet<&str> {
    profile.owner_ids.iter().chain(&profile.project_ids).map(String::as_str).collect()
}
