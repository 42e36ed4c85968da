//! What a role gives a job, in words, with every place filled.

use crate::duration::show_duration;
use crate::grant::{GrantPattern, PermissionLevel, Template};
use crate::role::Role;
use crate::workload::Workload;

/// Something that a job gets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The kind of credential, as in `grants`.
    pub kind: &'static str,
    /// What it is good for.
    pub what: String,
}

/// Everything that the role gives the job.
pub(super) fn by(role: &Role, workload: &Workload) -> Vec<Given> {
    let grants = &role.grants;
    let fill = |template: &Template| filled(template, workload);
    let mut given = Vec::new();
    let mut add = |kind, what: String| given.push(Given { kind, what });
    if let Some(api) = &grants.api {
        let scopes: Vec<String> = api.scopes.iter().map(fill).collect();
        let scopes = if scopes.is_empty() { "no scope".to_owned() } else { scopes.join(" ") };
        let ttl = show_duration(api.ttl_seconds);
        let most = if api.max_ttl_seconds == api.ttl_seconds {
            String::new()
        } else {
            format!(", {} at most", show_duration(api.max_ttl_seconds))
        };
        add("api", format!("{}: {scopes}, for {ttl}{most}", fill(&api.audience)));
    }
    if let Some(aws) = &grants.aws {
        add("aws", fill(&aws.arn));
    }
    let registry = grants.registry.iter();
    for (what, patterns) in registry.flat_map(|registry| [("push", &registry.push), ("pull", &registry.pull)])
    {
        each(what, patterns, workload, |what| add("registry", what));
    }
    for (what, patterns) in
        grants.state.iter().flat_map(|state| [("write", &state.write), ("read", &state.read)])
    {
        each(what, patterns, workload, |what| add("state", what));
    }
    if let Some(github) = &grants.github {
        let permissions: Vec<String> = github
            .permissions
            .iter()
            .map(|(permission, level)| format!("{permission}={}", level_name(*level)))
            .collect();
        let repositories = github.repository_ids.join(", ");
        add("github", format!("{} in {repositories}", permissions.join(", ")));
    }
    if let Some(identity) = &grants.identity {
        let subject =
            identity.subject.as_ref().map_or_else(|| "the subject of the role and the job".to_owned(), fill);
        add("identity", format!("{} as {subject}", identity.audience));
    }
    given
}

fn each(what: &str, patterns: &[GrantPattern], workload: &Workload, mut add: impl FnMut(String)) {
    for pattern in patterns {
        add(format!("{what} {}", filled(&pattern.template, workload)));
    }
}

fn filled(template: &Template, workload: &Workload) -> String {
    template.fill(workload).unwrap_or_else(|fault| format!("nothing ({fault})"))
}

const fn level_name(level: PermissionLevel) -> &'static str {
    match level {
        PermissionLevel::Read => "read",
        PermissionLevel::Write => "write",
        PermissionLevel::Admin => "admin",
    }
}
