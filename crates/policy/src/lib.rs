//! Provider profiles, workloads, trust policy and the decision. Pure: no I/O, no clock, no randomness.

mod case;
mod context;
mod decide;
mod diagnostic;
mod draft;
mod duration;
mod example;
mod finding;
mod grant;
mod issuer;
mod load;
mod matrix;
mod parse;
mod pattern;
mod policy;
mod provider;
pub mod reader;
mod reason;
mod role;
mod scope;
mod suppose;
mod trace;
mod trust;
mod when;
mod workload;

pub use case::{Case, CaseResult, Coverage, Expected, Outcome};
pub use context::{PolicyContext, ProjectsFault, ProjectsPolicy};
pub use decide::{Allowance, Ask, Decision, Denial, decide};
pub use diagnostic::{Rendering, render};
pub use duration::{DurationFault, parse_duration, show_duration};
pub use finding::{CounterExample, Excerpt, Finding, Level, Lint, did_you_mean};
pub use grant::{
    ApiGrant, AwsGrant, GithubGrant, GrantPattern, GrantedApi, Grants, IdentityGrant, PermissionLevel,
    RegistryGrant, StateGrant, Template, TemplateFault, UpstreamRole,
};
pub use issuer::RegisteredIssuer;
pub use matrix::{Cell, Given, JobChanges, Matrix, MatrixOf, Row, SupposedRepository};
pub use parse::{CASES_SUFFIX, CEILING_FILE, PolicyFile};
pub use pattern::{Comparison, Glob, GlobFault, MAX_GLOB_CHARS, MAX_ROLE_GLOB_CHARS, Pattern, Wanted};
pub use policy::Policy;
pub use provider::{
    ClaimType, Each, Kind, Profile, PullRequestRef, TokenReuse, Trigger, TriggerClass, WorkloadClaims,
    foreign_audience,
};
pub use reason::{DenialReason, ProjectStanding};
pub use role::{ADMIN_ROLE, DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS, PROJECT_ROLE, Role};
pub use suppose::Supposition;
pub use trace::{BlockTrace, Difference, Effect, Trace};
pub use trust::{Condition, DenyBlock, Place, Tested, TrustBlock};
pub use when::{MAX_WHEN_CHARS, MAX_WHEN_DEPTH, MAX_WHEN_STEPS, When, WhenFault};
pub use workload::{RecordableClaims, Repository, Run, Workload, WorkloadFault};
