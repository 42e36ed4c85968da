//! The policy files, read and compiled as at a start.

use daypass_app::policy_source::{LivePolicy, PolicyFault};
use daypass_policy::{Finding as PolicyFinding, Level as PolicyLevel};

use super::check::Check;
use super::finding::{Finding, Level};
use crate::settings::Settings;

/// The version of the policy, where it loads, and what was found.
pub(super) fn check(settings: &mut Settings) -> (Option<String>, Vec<Finding>) {
    let folder = settings.policy_dir.clone();
    let shown = folder.as_ref().map_or_else(String::new, |folder| format!("{}/", folder.display()));
    let of_one = |finding: &PolicyFinding| {
        let level = match finding.level {
            PolicyLevel::Deny => Level::Fault,
            PolicyLevel::Warn => Level::Warning,
        };
        let lint = finding.lint.map_or_else(String::new, |lint| format!(" [{}]", lint.name()));
        let place = format!("{shown}{}:{}:{}", finding.file, finding.line, finding.column);
        let text = format!("{}{lint}", finding.message);
        Finding::new(Check::PolicyFindings, level, text).at(&place).help(finding.help.as_deref())
    };
    match LivePolicy::load(folder.clone(), settings.policy.clone()) {
        Ok((live, warnings)) => {
            let policy = live.snapshot();
            let (version, count) = (policy.version().to_owned(), policy.roles().count());
            let roles = if count == 1 { "1 role".to_owned() } else { format!("{count} roles") };
            let loads = if let Some(folder) = &folder {
                let text = format!("version {version} with {roles}, that of `[projects]` counted");
                Finding::ok(Check::PolicyLoads, text).at(&folder.display())
            } else {
                let text =
                    "there are no policy files: onboarded repositories alone get what `[projects]` says";
                Finding::note(Check::PolicyLoads, text)
            };
            let mut findings = vec![loads];
            findings.extend(warnings.iter().map(of_one));
            (Some(version), findings)
        }
        Err(PolicyFault::Refused(all)) => (None, all.iter().map(of_one).collect()),
        Err(fault @ PolicyFault::Unreadable { .. }) => {
            (None, vec![Finding::fault(Check::PolicyLoads, fault.to_string()).at(&shown)])
        }
    }
}
