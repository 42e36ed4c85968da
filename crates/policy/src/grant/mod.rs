//! Grants: what a role gives.

mod template;

use std::collections::BTreeMap;

use template::PLACE;
pub use template::{Template, TemplateFault};

use crate::pattern::{Glob, Shape};
use crate::scope::scope_fault;
use crate::workload::Workload;

/// Everything that a role gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// A pass.
    pub api: Option<ApiGrant>,
    /// AWS credentials.
    pub aws: Option<AwsGrant>,
    /// A login to a container registry.
    pub registry: Option<RegistryGrant>,
    /// Terraform state.
    pub state: Option<StateGrant>,
    /// A GitHub App's installation token.
    pub github: Option<GithubGrant>,
    /// An identity token for another cloud.
    pub identity: Option<IdentityGrant>,
}

/// A pass for an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiGrant {
    /// Whom it is for.
    pub audience: Template,
    /// What it may do.
    pub scopes: Vec<Template>,
    /// For how long it is valid unless a caller asks for another time, in seconds.
    pub ttl_seconds: i64,
    /// The longest for which a caller may ask, in seconds.
    pub max_ttl_seconds: i64,
}

/// A pass that one workload may have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `ApiGrant`, with every place filled")]
pub struct GrantedApi {
    pub audience: String,
    pub scopes: Vec<String>,
    pub ttl_seconds: i64,
    pub max_ttl_seconds: i64,
}

/// AWS credentials that this server issues, or fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsGrant {
    /// The role's name to AWS tools.
    pub arn: Template,
    /// The IAM policy document that says what a session may do, as a path below the policy folder.
    pub policy: Option<String>,
    /// An IAM trust policy that must allow too, as a path below the policy folder.
    pub trust_policy: Option<String>,
    /// The real role that is taken through federation.
    pub upstream: Option<UpstreamRole>,
}

/// A role of real AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamRole {
    /// Its ARN.
    pub role: String,
    /// The region of the STS that is asked.
    pub region: String,
}

/// What may be pushed and pulled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryGrant {
    /// Repositories that may be pushed.
    pub push: Vec<GrantPattern>,
    /// Repositories that may be pulled.
    pub pull: Vec<GrantPattern>,
}

/// Which Terraform states may be read and written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateGrant {
    /// States that may be read and written.
    pub write: Vec<GrantPattern>,
    /// States that may be read.
    pub read: Vec<GrantPattern>,
}

/// An installation token of a GitHub App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubGrant {
    /// The repositories that it opens.
    pub repository_ids: Vec<String>,
    /// By permission, what it may do.
    pub permissions: BTreeMap<String, PermissionLevel>,
}

/// How much of a permission of a GitHub App is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words are GitHub's")]
pub enum PermissionLevel {
    Read,
    Write,
    Admin,
}

/// An identity token for another cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityGrant {
    /// Whom it is for.
    pub audience: String,
    /// As whom it speaks; `role:<name>:<owner id>:<project id>` where none is said.
    pub subject: Option<Template>,
}

/// A glob in which `{claim}` stands for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantPattern {
    /// As it is written.
    pub template: Template,
    /// As a glob, in which each place is one fixed character.
    pub(crate) glob: Glob,
}

impl GrantPattern {
    /// Everything that it can reach, whoever takes it.
    pub(crate) fn shapes(&self) -> Vec<Shape> {
        let with_places = |shape: &Shape| match shape {
            Shape::Literal(PLACE) => Shape::Star,
            Shape::Literal(_) | Shape::Star | Shape::DoubleStar => *shape,
        };
        self.glob.shapes().iter().map(with_places).collect()
    }
}

impl PermissionLevel {
    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

impl Grants {
    /// Every text in which claims have a place.
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = Vec::new();
        if let Some(api) = &self.api {
            all.push(&api.audience);
            all.extend(&api.scopes);
        }
        all.extend(self.aws.as_ref().map(|aws| &aws.arn));
        let registry = self.registry.iter().flat_map(|grant| grant.push.iter().chain(&grant.pull));
        let state = self.state.iter().flat_map(|grant| grant.write.iter().chain(&grant.read));
        all.extend(registry.chain(state).map(|pattern| &pattern.template));
        all.extend(self.identity.iter().filter_map(|grant| grant.subject.as_ref()));
        all
    }
}

/// A scope is judged again with its places filled: what it says then is what is granted.
fn filled_scope(scope: &Template, workload: &Workload) -> Result<String, TemplateFault> {
    let filled = scope.fill(workload)?;
    match scope_fault(&filled) {
        Some(_) => Err(TemplateFault::Scope(scope.as_str().to_owned())),
        None => Ok(filled),
    }
}

impl ApiGrant {
    /// The pass for one workload.
    pub fn fill(&self, workload: &Workload) -> Result<GrantedApi, TemplateFault> {
        Ok(GrantedApi {
            audience: self.audience.fill(workload)?,
            scopes: self
                .scopes
                .iter()
                .map(|scope| filled_scope(scope, workload))
                .collect::<Result<_, _>>()?,
            ttl_seconds: self.ttl_seconds,
            max_ttl_seconds: self.max_ttl_seconds,
        })
    }
}
