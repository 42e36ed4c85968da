//! A file of lines that others rotate and read: appended to, on the platter before a write returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

/// How often a batch is written where the file loses its name each time.
const MAX_MOVES: usize = 3;

/// The file, open while it is the one at its path.
pub(super) struct LogFile {
    path: PathBuf,
    open: Option<File>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Appends whole lines. Where it fails, a part of them may be in the file. A file that has lost its name meanwhile may
    /// be gone with them: they are written to the one that has it then, too.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.append_by(lines, File::sync_data)
    }

    fn append_by(&mut self, lines: &[u8], sync: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        for _ in 0..MAX_MOVES {
            let appended = self.current().and_then(|file| {
                file.write_all(lines)?;
                sync(file)
            });
            if appended.is_err() {
                self.open = None;
                return appended;
            }
            if self.is_at_path()? {
                return Ok(());
            }
        }
        Err(io::Error::other("it is renamed or removed again and again"))
    }

    /// Whether the file that is open is the one at the path.
    fn is_at_path(&self) -> io::Result<bool> {
        let at_path = fs::metadata(&self.path).ok().map(|found| (found.dev(), found.ino()));
        match &self.open {
            Some(file) => Ok(Some(identity(file)?) == at_path),
            None => Ok(false),
        }
    }

    /// The file that is at the path now: one that was renamed or removed since is left alone.
    fn current(&mut self) -> io::Result<&mut File> {
        if !self.is_at_path()? {
            self.open = Some(self.opened(fs::metadata(&self.path).is_err())?);
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
    fn lines_whose_file_goes_while_they_are_written_are_in_the_one_that_comes_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut file = LogFile::new(path.clone());
        file.append(b"1\n").unwrap();
        let is_first = std::cell::Cell::new(true);
        let sync = |file: &File| {
            if is_first.replace(false) {
                fs::remove_file(&path)?;
            }
            file.sync_data()
        };
        file.append_by(b"2\n", sync).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "2\n");
        let goes_each_time = |_: &File| fs::remove_file(&path);
        assert!(file.append_by(b"3\n", goes_each_time).is_err(), "it is tried again later");
        file.append(b"3\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "3\n");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LogFile::new(folder.path().to_owned()).append(b"1\n").is_err());
        assert!(LogFile::new("/dev/null".into()).append(b"1\n").is_err());
        assert!(LogFile::new(folder.path().join("absent/audit.jsonl")).append(b"1\n").is_err());
    }
}
