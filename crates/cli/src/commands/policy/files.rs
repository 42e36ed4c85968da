//! The policy that a command is about: the settings, the files, and the parser of the server.

use std::path::PathBuf;

use daypass_app::policy_source;
use daypass_policy::{Finding, Policy, PolicyContext, Rendering, Role, did_you_mean, render};

use crate::args::{PolicyFilesArguments, ServerArguments, SettingsArguments};
use crate::commands::{Context, serve};
use crate::fault::CommandFault;
use crate::output;

/// What files came to.
pub(super) struct Read {
    pub(super) files: usize,
    pub(super) context: PolicyContext,
    /// The policy with its warnings, or everything that stands against it.
    pub(super) result: Result<(Policy, Vec<Finding>), Vec<Finding>>,
}

/// A policy that a server would take.
pub(super) struct Loaded {
    pub(super) policy: Policy,
    pub(super) context: PolicyContext,
}

/// Reads the named files, or those of the settings.
pub(super) fn read(
    paths: &[PathBuf],
    settings: &SettingsArguments,
    allow: &[String],
    context: &Context,
) -> Result<Read, CommandFault> {
    let server = ServerArguments {
        settings: SettingsArguments { config: settings.config.clone() },
        listen: None,
        public_url: None,
        store_url: None,
        policy_dir: None,
        allow: allow.to_vec(),
    };
    let settings = serve::settings(&server, context)?;
    let top = settings.policy_dir.clone();
    let paths: Vec<PathBuf> = if paths.is_empty() { top.iter().cloned().collect() } else { paths.to_vec() };
    if paths.is_empty() {
        let message = "the settings name no `policy_dir`\n  help: name a folder or files: `daypass policy check FOLDER`";
        return Err(CommandFault::Usage(message.to_owned()));
    }
    let files = policy_source::read_named(&paths, top.as_deref())
        .map_err(|fault| CommandFault::Usage(fault.to_string()))?;
    let result = Policy::load(&files, &settings.policy);
    let files = files.iter().filter(|file| !file.is_cases()).count();
    Ok(Read { files, context: settings.policy, result })
}

/// Reads a policy about which there is something to ask: a refused one lets nobody in, since no server takes it.
pub(super) fn load(arguments: &PolicyFilesArguments, context: &Context) -> Result<Loaded, CommandFault> {
    let read = read(&arguments.paths, &arguments.settings, &arguments.allow, context)?;
    match read.result {
        Ok((policy, _)) => Ok(Loaded { policy, context: read.context }),
        Err(findings) => {
            output::note(render(&findings, Rendering::Coloured));
            let message = "no server takes this policy\n  help: mend what stands above; `daypass policy check` shows it too";
            Err(CommandFault::Usage(message.to_owned()))
        }
    }
}

impl Loaded {
    /// The role of this name.
    pub(super) fn role(&self, name: &str) -> Result<&Role, CommandFault> {
        self.policy.role(name).ok_or_else(|| {
            let meant = did_you_mean(name, self.policy.roles().map(|role| role.name.as_str()));
            let help = meant.map(|meant| format!("\n  help: did you mean `{meant}`?")).unwrap_or_default();
            CommandFault::Usage(format!("there is no role `{name}`{help}"))
        })
    }

    /// What is to be said of roles about which no lint can say all.
    pub(super) fn not_fully_linted(&self) -> Option<String> {
        not_fully_linted(&self.policy)
    }
}

/// What is to be said of roles about which no lint can say all.
pub(super) fn not_fully_linted(policy: &Policy) -> Option<String> {
    let unsure: Vec<&str> = policy.not_fully_linted().collect();
    (!unsure.is_empty()).then(|| {
        let note = output::styled(output::CARE, "not fully linted:");
        format!("{note} {} (`when` says what no lint can follow)", unsure.join(", "))
    })
}
