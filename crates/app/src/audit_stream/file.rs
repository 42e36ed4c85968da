//! A file of lines that others rotate and read: appended to, on the platter before a write returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

/// The file, open while it is the one at its path.
pub(super) struct LogFile {
    path: PathBuf,
    open: Option<File>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Appends whole lines. Where it fails, a part of them may be in the file.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let appended = self.current().and_then(|file| {
            file.write_all(lines)?;
            file.sync_data()
        });
        if appended.is_err() {
            self.open = None;
        }
        appended
    }

    /// The file that is at the path now: one that was renamed or removed since is left alone.
    fn current(&mut self) -> io::Result<&mut File> {
        let at_path = fs::metadata(&self.path).ok().map(|found| (found.dev(), found.ino()));
        let is_same = match &self.open {
            Some(file) => Some(identity(file)?) == at_path,
            None => false,
        };
        if !is_same {
            self.open = Some(self.opened(at_path.is_none())?);
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("it is not open"))
    }

    fn opened(&self, is_new: bool) -> io::Result<File> {
        // Opened, a pipe would wait for a reader.
        if !is_new && !fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::other("it is a pipe, a device or a folder, and no file"));
        }
        let mut file =
            OpenOptions::new().append(true).read(true).create(true).mode(0o600).open(&self.path)?;
        end_torn_line(&mut file)?;
        if is_new && let Some(folder) = self.path.parent() {
            // Its name is to be found after a power cut, too.
            File::open(if folder.as_os_str().is_empty() { ".".as_ref() } else { folder })?.sync_all()?;
        }
        Ok(file)
    }
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|found| (found.dev(), found.ino()))
}

/// Ends a line that a crash or a full disk has cut, so that the next is not glued to it. Nothing is taken away: the file may
/// be one that can only grow, and its readers have read the piece already. What it was part of is written again, whole.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    let size = file.metadata()?.len();
    let Some(last) = size.checked_sub(1) else { return Ok(()) };
    let mut byte = [0_u8];
    file.read_exact_at(&mut byte, last)?;
    if byte == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn lines_are_appended_to_a_file_of_its_owner_alone_and_a_torn_one_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut file = LogFile::new(path.clone());
        file.append(b"{\"a\":1}\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "{\"a\":1}\n{\"a\":").unwrap();
        let mut file = LogFile::new(path.clone());
        file.append(b"{\"a\":2}\n").unwrap();
        file.append(b"{\"a\":3}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"a\":\n{\"a\":2}\n{\"a\":3}\n");
    }

    #[test]
    fn a_file_that_was_renamed_is_left_alone_and_the_one_that_took_its_place_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("audit.jsonl"), folder.path().join("audit.jsonl.1"));
        let mut file = LogFile::new(path.clone());
        file.append(b"1\n").unwrap();
        fs::rename(&path, &old).unwrap();
        file.append(b"2\n").unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        file.append(b"3\n").unwrap();
        assert_eq!([&old, &path].map(|path| fs::read_to_string(path).unwrap()), ["1\n", "3\n"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640, "as it was made");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LogFile::new(folder.path().to_owned()).append(b"1\n").is_err());
        assert!(LogFile::new("/dev/null".into()).append(b"1\n").is_err());
        assert!(LogFile::new(folder.path().join("absent/audit.jsonl")).append(b"1\n").is_err());
    }
}
