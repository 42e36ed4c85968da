//! The key file: made once, whole or not at all, readable by its owner only.

use std::fs::{self, DirBuilder};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use daypass_jose::{Json, Object, Secret};

use crate::fault::EmulatorFault;

/// Far above what two keys need.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What is kept between runs.
pub(crate) struct StoredKeys {
    /// The key that signs: PKCS #8 in base64.
    pub(crate) signing_key: Secret,
    /// The public half of the other published key. Nothing is ever signed with it, so its private half is not kept.
    pub(crate) other_key: Object,
}

/// Reads the file `name` in `directory`. Where there is none, writes what `make` makes; of several emulators that start
/// at once, one writes and all others read.
pub(crate) fn load_or_create(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<StoredKeys, EmulatorFault>,
) -> Result<StoredKeys, EmulatorFault> {
    let path = directory.join(name);
    if let Some(stored) = load(&path)? {
        return Ok(stored);
    }
    let keys = make()?;
    if create(directory, &path, &keys).map_err(in_file(&path))? {
        return Ok(keys);
    }
    load(&path)?.ok_or(EmulatorFault::KeyFileMalformed(path))
}

fn load(path: &Path) -> Result<Option<StoredKeys>, EmulatorFault> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(in_file(path)(fault)),
    };
    if is_exposed(&file.metadata().map_err(in_file(path))?) {
        return Err(EmulatorFault::KeyFileExposed(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(in_file(path))?;
    parse(&bytes).map(Some).ok_or_else(|| EmulatorFault::KeyFileMalformed(path.to_owned()))
}

fn parse(bytes: &[u8]) -> Option<StoredKeys> {
    let mut file = Object::parse(bytes).ok()?;
    match (file.remove("signing_key")?, file.remove("other_key")?) {
        (Json::String(signing_key), Json::Object(other_key)) => {
            Some(StoredKeys { signing_key: Secret::new(signing_key), other_key })
        }
        _ => None,
    }
}

/// Writes a temporary file (mode 0600 from the first moment) and gives it its name, unless the name is taken: `false`.
fn create(directory: &Path, path: &Path, keys: &StoredKeys) -> std::io::Result<bool> {
    make_private_directory(directory)?;
    let mut content = Object::default();
    content.insert("signing_key", keys.signing_key.reveal());
    content.insert("other_key", keys.other_key.clone());
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content.to_string().as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(fault) if fault.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(fault) => Err(fault.error),
    }
}

#[cfg(unix)]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(directory)
}

#[cfg(unix)]
fn is_exposed(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_exposed(_metadata: &fs::Metadata) -> bool {
    false
}

fn in_file(path: &Path) -> impl FnOnce(std::io::Error) -> EmulatorFault {
    move |source| EmulatorFault::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn keys() -> StoredKeys {
        let mut other_key = Object::default();
        other_key.insert("kid", "other");
        StoredKeys { signing_key: Secret::new("c2VjcmV0".to_owned()), other_key }
    }

    fn never() -> Result<StoredKeys, EmulatorFault> {
        panic!("a key that is there is not made again")
    }

    #[test]
    fn a_key_is_made_once_and_readable_by_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("state/daypass");
        load_or_create(&inner, "keys.json", || Ok(keys())).unwrap();
        let stored = load_or_create(&inner, "keys.json", never).unwrap();
        assert_eq!(stored.signing_key.reveal(), "c2VjcmV0");
        assert_eq!(stored.other_key, keys().other_key);
        assert_eq!(fs::metadata(inner.join("keys.json")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn of_two_that_start_at_once_the_second_takes_the_key_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let stored = load_or_create(directory.path(), "keys.json", || {
            fs::write(&path, r#"{"signing_key":"Zmlyc3Q=","other_key":{}}"#).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            Ok(keys())
        });
        assert_eq!(stored.unwrap().signing_key.reveal(), "Zmlyc3Q=");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        load_or_create(directory.path(), "keys.json", || Ok(keys())).unwrap();
        let path = directory.path().join("keys.json");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let fault = load_or_create(directory.path(), "keys.json", never).err().unwrap();
        assert!(matches!(fault, EmulatorFault::KeyFileExposed(_)), "{fault}");
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        for content in ["", "{}", r#"{"signing_key":"a"}"#, r#"{"signing_key":1,"other_key":{}}"#] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("keys.json");
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let fault = load_or_create(directory.path(), "keys.json", never).err().unwrap();
            assert!(matches!(fault, EmulatorFault::KeyFileMalformed(_)), "{fault}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
