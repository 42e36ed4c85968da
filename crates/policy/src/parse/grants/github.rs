//! `[roles.NAME.grants.github]`: an installation token of a GitHub App.

use std::collections::BTreeMap;

use crate::finding::did_you_mean;
use crate::grant::{GithubGrant, PermissionLevel};
use crate::reader::Section;

/// Permissions of a repository, as GitHub's interface names them.
const PERMISSIONS: [&str; 27] = [
    "actions",
    "administration",
    "attestations",
    "checks",
    "codespaces",
    "contents",
    "custom_properties",
    "dependabot_secrets",
    "deployments",
    "discussions",
    "environments",
    "issues",
    "merge_queues",
    "metadata",
    "packages",
    "pages",
    "pull_requests",
    "repository_hooks",
    "repository_projects",
    "secret_scanning_alerts",
    "secrets",
    "security_events",
    "single_file",
    "statuses",
    "variables",
    "vulnerability_alerts",
    "workflows",
];

pub(super) fn read(section: &Section<'_>) -> Option<GithubGrant> {
    let ids = section.texts("repository_ids");
    let permissions = section.section("permissions");
    section.finish();
    for key in ["repository_ids", "permissions"].into_iter().filter(|key| section.entry(key).is_none()) {
        section.error(format!("`{}` lacks `{key}`", section.name()), None);
    }
    let (ids, permissions) = (ids?, permissions?);
    for id in &ids {
        let is_id = !id.value.is_empty() && id.value.bytes().all(|byte| byte.is_ascii_digit());
        if !is_id {
            let message =
                format!("`{}` is no id of a repository: a name can be taken by somebody else", id.value);
            section.source().error(id.span.clone(), message, None);
        }
    }
    if ids.is_empty() {
        section.error(format!("`{}` names no repository", section.name()), None);
    }
    let permissions = levels(&permissions);
    Some(GithubGrant { repository_ids: ids.into_iter().map(|id| id.value).collect(), permissions })
}

fn levels(section: &Section<'_>) -> BTreeMap<String, PermissionLevel> {
    let mut levels = BTreeMap::new();
    for entry in section.rest() {
        if !PERMISSIONS.contains(&entry.key) {
            let help = did_you_mean(entry.key, PERMISSIONS).map(|known| format!("did you mean `{known}`?"));
            let message = format!("GitHub Apps have no permission `{}` of a repository", entry.key);
            entry.source().error(entry.span.clone(), message, help);
        }
        let Some(text) = entry.text() else { continue };
        match PermissionLevel::from_name(&text.value) {
            Some(level) => {
                levels.insert(entry.key.to_owned(), level);
            }
            None => entry.source().error(text.span, "it is `\"read\"`, `\"write\"` or `\"admin\"`", None),
        }
    }
    levels
}
