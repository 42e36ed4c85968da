//! Policy files on disk and the compiled policy that is in force. A bad new version is refused, the old one stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use daypass_policy::{CEILING_FILE, Finding, Policy, PolicyContext, PolicyFile};

/// Policy files below the folder; more is refused.
pub const MAX_FILES: usize = 1_000;
/// Bytes of one policy file; more is refused.
pub const MAX_FILE_SIZE_BYTES: u64 = 1024 * 1024;
/// Levels of folders below the policy folder; deeper is refused.
pub const MAX_FOLDER_DEPTH: usize = 16;

/// The policy in force and where it comes from.
pub struct LivePolicy {
    folder: Option<PathBuf>,
    context: PolicyContext,
    current: ArcSwap<Policy>,
    /// What was last read, good or bad, so that a bad version is reported once.
    last_read: Mutex<Vec<PolicyFile>>,
    /// What the last look saw where it was not what was last read: taken when the next look sees the same.
    pending: Mutex<Option<Vec<PolicyFile>>>,
    is_newer_refused: AtomicBool,
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFault {
    /// The files cannot be read.
    #[error("policy files in `{folder}` cannot be read: {reason}")]
    Unreadable {
        /// The folder.
        folder: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The files are refused.
    #[error("{}", listed(.0))]
    Refused(Vec<Finding>),
}

/// What a look at the folder came to.
#[derive(Debug)]
pub enum Reload {
    /// The files are those that were read before.
    Unchanged,
    /// The files have changed, and may be changing still: a file that is half written, or a ceiling that is away for a
    /// moment, allows more than the whole. They are read when two looks in a row see the same.
    Unsettled,
    /// A new version is in force.
    Replaced {
        /// Its warnings.
        warnings: Vec<Finding>,
        /// Whether the version before had blocks that deny, or ceilings, and this one has none.
        has_lost_guards: bool,
    },
}

impl LivePolicy {
    /// Reads and compiles the files of `folder`, and gives the warnings with the policy.
    pub fn load(
        folder: Option<PathBuf>,
        context: PolicyContext,
    ) -> Result<(Self, Vec<Finding>), PolicyFault> {
        let files = read(folder.as_deref())?;
        let (policy, warnings) = Policy::load(&files, &context).map_err(PolicyFault::Refused)?;
        let current = ArcSwap::from_pointee(policy);
        Ok((
            Self {
                folder,
                context,
                current,
                last_read: Mutex::new(files),
                pending: Mutex::new(None),
                is_newer_refused: AtomicBool::new(false),
            },
            warnings,
        ))
    }

    /// The policy in force. One request uses one snapshot.
    pub fn snapshot(&self) -> Arc<Policy> {
        self.current.load_full()
    }

    /// Whether the files hold a version that was refused, so that another one is in force than they say.
    pub fn is_newer_refused(&self) -> bool {
        self.is_newer_refused.load(Ordering::Relaxed)
    }

    /// Looks at the files again; the policy in force changes only for a version without faults.
    pub fn reload(&self) -> Result<Reload, PolicyFault> {
        let files = read(self.folder.as_deref())?;
        {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            let mut last_read = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
            if *last_read == files {
                *pending = None;
                return Ok(Reload::Unchanged);
            }
            if pending.as_ref() != Some(&files) {
                *pending = Some(files);
                return Ok(Reload::Unsettled);
            }
            *pending = None;
            last_read.clone_from(&files);
        }
        let loaded = Policy::load(&files, &self.context);
        self.is_newer_refused.store(loaded.is_err(), Ordering::Relaxed);
        let (policy, warnings) = loaded.map_err(PolicyFault::Refused)?;
        let has_lost_guards = self.snapshot().has_guards() && !policy.has_guards();
        self.current.store(Arc::new(policy));
        Ok(Reload::Replaced { warnings, has_lost_guards })
    }
}

/// Every `*.toml` at or below `folder`, by path; none without a folder.
pub fn read(folder: Option<&Path>) -> Result<Vec<PolicyFile>, PolicyFault> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    collect(folder, folder, 0, &mut files).map_err(|error| PolicyFault::Unreadable {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    })?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Files and folders that a person names, with the ceilings above them: of what is below `top` all up to it, else those of
/// its own folder. What is below `top` is called as `top` is, whatever way it was named.
pub fn read_named(paths: &[PathBuf], top: Option<&Path>) -> Result<Vec<PolicyFile>, PolicyFault> {
    let mut files = BTreeMap::new();
    for path in paths {
        let read = read_one(path, top, &mut files);
        read.map_err(|error| PolicyFault::Unreadable {
            folder: path.display().to_string(),
            reason: error.to_string(),
        })?;
    }
    Ok(files.into_iter().map(|(path, text)| PolicyFile { path, text }).collect())
}

fn read_one(path: &Path, top: Option<&Path>, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    let of_top = top.and_then(|top| Some(top.join(below(path, top)?)));
    let path = of_top.as_deref().unwrap_or(path);
    let folder = if path.is_dir() {
        let mut below = Vec::new();
        collect(Path::new(""), path, 0, &mut below)?;
        files.extend(below.into_iter().map(|file| (file.path, file.text)));
        path
    } else {
        files.insert(path.display().to_string(), read_file(path)?);
        path.parent().unwrap_or(Path::new(""))
    };
    let above = folder.ancestors().take_while(|above| match (&of_top, top) {
        (Some(_), Some(top)) => above.starts_with(top),
        _ => *above == folder,
    });
    for ceiling in above.map(|above| above.join(CEILING_FILE)).filter(|ceiling| ceiling.is_file()) {
        files.insert(ceiling.display().to_string(), read_file(&ceiling)?);
    }
    Ok(())
}

/// The path of what is in or below a folder, from there.
fn below(path: &Path, top: &Path) -> Option<PathBuf> {
    let top = top.canonicalize().ok()?;
    if path.is_dir() {
        return Some(path.canonicalize().ok()?.strip_prefix(top).ok()?.to_owned());
    }
    // A file may itself be a link to elsewhere: what counts is where it is found.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(parent.canonicalize().ok()?.strip_prefix(top).ok()?.join(path.file_name()?))
}

fn collect(top: &Path, folder: &Path, depth: usize, files: &mut Vec<PolicyFile>) -> io::Result<()> {
    if depth > MAX_FOLDER_DEPTH {
        return Err(io::Error::other(format!("folders deeper than {MAX_FOLDER_DEPTH} levels")));
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect(top, &path, depth.saturating_add(1), files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            if files.len() >= MAX_FILES {
                return Err(io::Error::other(format!("more than {MAX_FILES} files")));
            }
            let shown = path.strip_prefix(top).unwrap_or(&path).display().to_string();
            files.push(PolicyFile { path: shown, text: read_file(&path)? });
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = fs::File::open(path)?.take(MAX_FILE_SIZE_BYTES.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE_SIZE_BYTES {
        return Err(io::Error::other(format!(
            "`{}` is larger than {MAX_FILE_SIZE_BYTES} bytes",
            path.display()
        )));
    }
    Ok(text)
}

fn listed(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
