//! The store, looked at beside a server that may have it open: nothing is made, migrated or locked.

use std::path::Path;

use daypass_store::{Inspection, MAX_LOG_BYTES, SigningKeyRow, StreamCursor, StreamLag};
use rustix::fs::{Access, access};

use super::check::Check;
use super::finding::Finding;
use crate::settings::StoreUrl;

/// File systems whose locks daypass cannot rely on, by the number that `statfs(2)` gives them.
const NETWORK_FILE_SYSTEMS: [(u64, &str); 4] =
    [(0x6969, "NFS"), (0x517b, "SMB"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB 2")];

/// What was read of the store.
#[derive(Default)]
pub(super) struct Seen {
    /// The signing keys; `None` where they could not be looked at.
    pub(super) keys: Option<Vec<SigningKeyRow>>,
    /// The audit stream, where there has been one.
    pub(super) stream: Option<(StreamCursor, StreamLag)>,
}

/// What is in it, and what was found.
pub(super) async fn check(store: &StoreUrl) -> (Seen, Vec<Finding>) {
    let mut findings = of_modes(store);
    if let Some(path) = store.path()
        && !path.exists()
    {
        let (keys, finding) = absent(store);
        findings.push(finding);
        findings.extend(writable(path));
        return (Seen { keys, stream: None }, findings);
    }
    let inspection = match store.inspect().await {
        Ok(inspection) => inspection,
        Err(fault) => {
            findings.push(Finding::fault(Check::StoreOpens, fault.to_string()).at(store));
            findings.extend(store.path().and_then(writable));
            return (Seen::default(), findings);
        }
    };
    findings.push(opened(store, &inspection));
    findings.push(version(&inspection).at(store));
    if let Some(path) = store.path() {
        findings.extend(writable(path));
        findings.extend(durable(path, &inspection));
        findings.extend(log(path));
    } else {
        findings.push(Finding::ok(Check::StoreDurable, "the server runs with fsync = on").at(store));
    }
    (Seen { keys: inspection.signing_keys, stream: inspection.audit_stream }, findings)
}

/// It has no keys; where its folder is away, nobody knows.
fn absent(store: &StoreUrl) -> (Option<Vec<SigningKeyRow>>, Finding) {
    match store.check_folder() {
        Ok(()) => {
            let text = "there is no database yet: the first start of a server makes it";
            (Some(Vec::new()), Finding::note(Check::StoreOpens, text).at(store))
        }
        Err(fault) => (None, Finding::fault(Check::StoreOpens, fault.to_string()).at(store)),
    }
}

fn of_modes(store: &StoreUrl) -> Vec<Finding> {
    let writers =
        store.check_writers().err().map(|fault| Finding::fault(Check::FileModes, fault.to_string()));
    let readers = store.warning().map(|text| Finding::warning(Check::FileModes, text));
    writers.or(readers).into_iter().map(|finding| finding.at(store)).collect()
}

fn opened(store: &StoreUrl, inspection: &Inspection) -> Finding {
    let size = store.path().map_or_else(String::new, |path| {
        let (database, log) = Inspection::bytes_of(path);
        let kib = |bytes: u64| bytes.div_ceil(1024);
        format!(", {} KiB and a log of {} KiB", kib(database), kib(log))
    });
    Finding::ok(Check::StoreOpens, format!("{}{size}", inspection.engine)).at(store)
}

fn version(inspection: &Inspection) -> Finding {
    let Inspection { version, known_version, .. } = inspection;
    match version {
        0 => Finding::note(
            Check::StoreVersion,
            "there are no tables yet: the first start of a server makes them",
        ),
        _ if version == known_version => Finding::ok(Check::StoreVersion, format!("version {version}")),
        _ if version < known_version => Finding::note(
            Check::StoreVersion,
            format!("version {version}: the next start of a server brings it to {known_version}"),
        ),
        _ => Finding::fault(
            Check::StoreVersion,
            format!("the database has version {version}, this daypass knows {known_version}"),
        ),
    }
}

/// What may be written, as the system judges this user: nothing is opened for it.
fn writable(path: &Path) -> Option<Finding> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut needed = vec![(folder, Access::WRITE_OK | Access::EXEC_OK)];
    if path.exists() {
        needed.push((path, Access::READ_OK | Access::WRITE_OK));
    } else if !folder.is_dir() {
        return None;
    }
    let refused = needed.into_iter().find_map(|(place, how)| Some((place, access(place, how).err()?)));
    Some(match refused {
        None => Finding::ok(Check::StoreWritable, "this user may write the database and its folder")
            .at(&path.display()),
        Some((place, fault)) => {
            let text = format!("this user may not write `{}`: {fault}", place.display());
            Finding::fault(Check::StoreWritable, text).at(&path.display())
        }
    })
}

fn durable(path: &Path, inspection: &Inspection) -> Vec<Finding> {
    let mut findings = Vec::new();
    match inspection.journal_mode.as_deref() {
        None => {}
        Some("wal") => {
            findings.push(Finding::ok(Check::StoreDurable, "it is written through a write-ahead log"));
        }
        Some(other) => {
            let text = format!("it is written with journal_mode = {other}, not wal");
            findings.push(Finding::fault(Check::StoreDurable, text));
        }
    }
    let kind = rustix::fs::statfs(path).ok().and_then(|found| u64::try_from(found.f_type).ok());
    let network = NETWORK_FILE_SYSTEMS
        .iter()
        .find(|(number, _)| kind.is_some_and(|kind| kind & 0xffff_ffff == *number));
    if let Some((_, name)) = network {
        let text = format!(
            "the database is on {name}, which does not keep the locks that spending a token once needs"
        );
        findings.push(Finding::fault(Check::StoreDurable, text));
    }
    findings.into_iter().map(|finding| finding.at(&path.display())).collect()
}

fn log(path: &Path) -> Option<Finding> {
    let (_, log) = Inspection::bytes_of(path);
    (log > MAX_LOG_BYTES).then(|| {
        let text =
            format!("the write-ahead log has {} MiB: somebody reads what is old", log.div_ceil(1024 * 1024));
        Finding::warning(Check::StoreLog, text).at(&path.display())
    })
}
