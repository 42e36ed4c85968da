//! The files: made in memory, read by the server's own loaders, and written only where nothing is.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use daypass_policy::{Finding, Policy, PolicyFile};

use super::plan::Plan;
use super::{role, templates, workflow};
use crate::args::InitArguments;
use crate::fault::CommandFault;
use crate::settings::{DEFAULT_FILE, Overlay, Settings};

const POLICY_FOLDER: &str = "policies";

/// What is written, and where.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) settings: File,
    pub(super) role: File,
    pub(super) workflow: File,
    policy_name: String,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Files {
    /// The files of a plan, which load without a single finding.
    pub(super) fn make(plan: &Plan, arguments: &InitArguments) -> Result<Self, CommandFault> {
        // `./daypass.toml` is called `daypass.toml`.
        let folder = arguments.dir.strip_prefix(".").unwrap_or(&arguments.dir);
        let workflows = arguments.workflow_dir.clone().unwrap_or_else(|| folder.join("workflows"));
        let policy_name = format!("{}.toml", plan.role);
        let file = |path, text| File { path, text };
        let files = Self {
            settings: file(folder.join(DEFAULT_FILE), templates::settings(plan)),
            role: file(folder.join(POLICY_FOLDER).join(&policy_name), role::text(plan)),
            workflow: file(workflows.join(workflow::file_name(plan.ci)), workflow::text(plan)),
            policy_name,
        };
        files.check()?;
        Ok(files)
    }

    /// Of the role, in the folder of the settings.
    pub(super) fn role_name(&self) -> String {
        format!("{POLICY_FOLDER}/{}", self.policy_name)
    }

    /// In the order in which they are written.
    pub(super) fn all(&self) -> [&File; 3] {
        [&self.role, &self.workflow, &self.settings]
    }

    /// Reads them as the server would: what it would not take is not written.
    fn check(&self) -> Result<(), CommandFault> {
        // The folder of the policy must be there for the settings to be read.
        let stage =
            tempfile::tempdir().map_err(|fault| not_written(Path::new("a temporary folder"), &fault))?;
        let stage = stage.path();
        fs::create_dir(stage.join(POLICY_FOLDER)).map_err(|fault| not_written(stage, &fault))?;
        let refused = |faults: String| {
            let faults = faults.replace(&format!("{}/", stage.display()), "");
            CommandFault::Usage(format!("the server would not take this, so nothing was written:\n{faults}"))
        };
        let settings =
            Settings::from_text(&stage.join(DEFAULT_FILE), &self.settings.text, &Overlay::default())
                .map_err(|faults| refused(faults.to_string()))?;
        let file = PolicyFile { path: self.policy_name.clone(), text: self.role.text.clone() };
        let findings = match Policy::load(&[file], &settings.policy) {
            Ok((_, findings)) | Err(findings) => findings,
        };
        if findings.is_empty() {
            return Ok(());
        }
        Err(refused(findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")))
    }

    /// Writes all of them, or none where one is there already or cannot be written.
    pub(super) fn write(&self) -> Result<(), CommandFault> {
        for file in self.all() {
            // A link is there even if it leads nowhere.
            if file.path.symlink_metadata().is_ok() {
                return Err(CommandFault::Usage(format!(
                    "`{}` exists, and is never overwritten; nothing was written",
                    file.path.display()
                )));
            }
        }
        let mut made = Vec::new();
        self.all().into_iter().try_for_each(|file| file.write(&mut made)).inspect_err(|_| take_away(&made))
    }
}

/// What this run has made, and nobody else.
enum Made {
    Folder(PathBuf),
    File(PathBuf),
}

/// The next run finds nothing that stops it. A folder in which somebody has put something meanwhile stays.
fn take_away(made: &[Made]) {
    for one in made.iter().rev() {
        let gone = match one {
            Made::Folder(path) => fs::remove_dir(path),
            Made::File(path) => fs::remove_file(path),
        };
        // What went wrong first is told; the next run names what is left.
        drop(gone);
    }
}

/// Makes a folder with those above it.
fn make_folder(folder: &Path, made: &mut Vec<Made>) -> Result<(), CommandFault> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.is_dir()).collect();
    // Above a relative path is the folder that one is in.
    for folder in missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir(folder).map_err(|fault| not_written(folder, &fault))?;
        made.push(Made::Folder(folder.to_owned()));
    }
    Ok(())
}

impl File {
    fn write(&self, made: &mut Vec<Made>) -> Result<(), CommandFault> {
        if let Some(folder) = self.path.parent() {
            make_folder(folder, made)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&self.path);
        let mut file = file.map_err(|fault| not_written(&self.path, &fault))?;
        made.push(Made::File(self.path.clone()));
        file.write_all(self.text.as_bytes()).map_err(|fault| not_written(&self.path, &fault))
    }
}

fn not_written(path: &Path, fault: &io::Error) -> CommandFault {
    CommandFault::Usage(format!("`{}` cannot be written: {fault}", path.display()))
}
