//! Whether there is room where the database lives.

use std::path::Path;

use super::check::Check;
use super::finding::Finding;
use crate::settings::StoreUrl;

const MIB: u64 = 1024 * 1024;
/// Below, the write-ahead log alone could fill the disk (`daypass_store::MAX_LOG_BYTES`, twice).
const FAULT_BELOW_BYTES: u64 = 128 * MIB;
/// Below, an operator should look: some 300,000 exchanges.
const WARN_BELOW_BYTES: u64 = 1024 * MIB;

/// Of a database of a server, that server's operator knows.
pub(super) fn space(store: &StoreUrl) -> Option<Finding> {
    let path = store.path()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = match rustix::fs::statvfs(folder) {
        Ok(found) => found,
        Err(fault) => {
            let text = format!("how much room there is cannot be told: {fault}");
            return Some(Finding::note(Check::DiskSpace, text).at(&folder.display()));
        }
    };
    let free_bytes = found.f_bavail.saturating_mul(found.f_frsize);
    let percent = found.f_bavail.saturating_mul(100).checked_div(found.f_blocks).unwrap_or(0);
    let mib = free_bytes.checked_div(MIB).unwrap_or(0);
    let text = format!("{mib} MiB ({percent} %) are free where the database lives");
    let finding = match free_bytes {
        ..FAULT_BELOW_BYTES => Finding::fault(Check::DiskSpace, text),
        FAULT_BELOW_BYTES..WARN_BELOW_BYTES => Finding::warning(Check::DiskSpace, text),
        WARN_BELOW_BYTES.. => Finding::ok(Check::DiskSpace, text),
    };
    Some(finding.at(&folder.display()))
}
