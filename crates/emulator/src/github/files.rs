//! The files that a GitHub runner makes for a step: what it writes to them is what the runner reads afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use daypass_jose::Random;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fault::EmulatorFault;
use crate::github::GithubJob;
use crate::identity::random_uuid;

/// Variable and file prefix of each file command.
const COMMANDS: [(&str, &str); 5] = [
    ("GITHUB_ENV", "set_env_"),
    ("GITHUB_OUTPUT", "set_output_"),
    ("GITHUB_STATE", "save_state_"),
    ("GITHUB_STEP_SUMMARY", "step_summary_"),
    ("GITHUB_PATH", "add_path_"),
];

/// A runner's temporary folder; gone when dropped.
pub(crate) struct RunnerFiles {
    folder: TempDir,
    /// Variables that name a file, and the file.
    pub(super) named: Vec<(&'static str, PathBuf)>,
}

impl RunnerFiles {
    /// Makes an empty file for each command and the event's payload.
    pub(crate) fn create(job: &GithubJob, rng: &dyn Random) -> Result<Self, EmulatorFault> {
        let folder = tempfile::Builder::new()
            .prefix("daypass-runner-")
            .tempdir()
            .map_err(|source| EmulatorFault::File { path: "a temporary folder".into(), source })?;
        let mut named = vec![("RUNNER_TEMP", folder.path().to_owned())];
        let commands = make_folder(folder.path(), "_runner_file_commands")?;
        for (variable, prefix) in COMMANDS {
            named.push((variable, write(commands.join(format!("{prefix}{}", random_uuid(rng))), "")?));
        }
        let events = make_folder(folder.path(), "_github_workflow")?;
        named.push(("GITHUB_EVENT_PATH", write(events.join("event.json"), &payload(job).to_string())?));
        Ok(Self { folder, named })
    }

    /// `RUNNER_TEMP`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn make_folder(parent: &Path, name: &str) -> Result<PathBuf, EmulatorFault> {
    let path = parent.join(name);
    match fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(EmulatorFault::File { path, source }),
    }
}

fn write(path: PathBuf, content: &str) -> Result<PathBuf, EmulatorFault> {
    match fs::write(&path, content) {
        Ok(()) => Ok(path),
        Err(source) => Err(EmulatorFault::File { path, source }),
    }
}

/// The members of a webhook's payload that actions look at first.
fn payload(job: &GithubJob) -> Value {
    let refs = job.refs();
    let mut payload = json!({
        "ref": refs.full,
        "after": job.sha,
        "repository": {
            "id": job.repository.id,
            "name": job.repository.name,
            "full_name": job.repository.to_string(),
            "owner": { "login": job.repository.owner, "id": job.repository.owner_id },
            "default_branch": job.default_branch,
            "visibility": job.visibility,
        },
        "sender": { "login": job.actor, "id": job.actor_id },
    });
    if !refs.head.is_empty() {
        let (base, fork) = (&job.repository, job.pull_request.fork.as_ref());
        let head = fork.unwrap_or(base);
        let request = json!({
            "number": job.pull_request.number,
            "head": {
                "ref": refs.head,
                "sha": job.sha,
                "repo": { "id": head.id, "full_name": head.to_string(), "fork": fork.is_some() },
            },
            "base": { "ref": refs.base, "repo": { "id": base.id, "full_name": base.to_string() } },
        });
        if let Some(members) = payload.as_object_mut() {
            members.insert("number".to_owned(), job.pull_request.number.into());
            members.insert("pull_request".to_owned(), request);
        }
    }
    payload
}
