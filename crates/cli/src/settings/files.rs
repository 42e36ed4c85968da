//! Reading the files that the settings name: bounded, and with the reason where one cannot be read.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Bytes of one file; more is refused.
const MAX_FILE_SIZE_BYTES: u64 = 1024 * 1024;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    /// It is not there.
    #[error("there is no such file")]
    Absent,
    /// It is larger than any such file.
    #[error("it is larger than {MAX_FILE_SIZE_BYTES} bytes")]
    TooLarge,
    /// Users other than its owner can read or change it.
    #[error("other users can read or change it")]
    Exposed,
    /// It is a pipe, a device or a folder.
    #[error("it is no file that is kept")]
    NoFile,
    /// It is not text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// The system does not read it.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
}

/// The bytes of a file.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, FileFault> {
    bytes_of(File::open(path).map_err(of_io)?)
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, FileFault> {
    String::from_utf8(read_bytes(path)?).map_err(|_| FileFault::NotText)
}

/// The text of a file that nobody but its owner can read or change.
pub(crate) fn read_private_text(path: &Path) -> Result<String, FileFault> {
    let file = File::open(path).map_err(of_io)?;
    // Of the open file, so that it is the one that is read.
    let mode = file.metadata().map_err(of_io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(FileFault::Exposed);
    }
    String::from_utf8(bytes_of(file)?).map_err(|_| FileFault::NotText)
}

fn bytes_of(file: File) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_SIZE_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(of_io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_SIZE_BYTES {
        return Err(FileFault::TooLarge);
    }
    Ok(bytes)
}

fn of_io(fault: io::Error) -> FileFault {
    if fault.kind() == io::ErrorKind::NotFound { FileFault::Absent } else { FileFault::Unreadable(fault) }
}
