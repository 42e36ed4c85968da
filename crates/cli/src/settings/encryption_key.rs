//! The encryption key: found where the settings, the environment or the service manager keep it, or made once.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use daypass_app::seal::{EncryptionKey, SealFault};
use daypass_jose::{Random, Secret};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::files::{self, FileFault};
use super::keys::EncryptionKeySource;
use super::store::StoreUrl;
use super::{Settings, server};
use crate::environment;

const VARIABLE: &str = "DAYPASS_ENCRYPTION_KEY";
/// Where systemd puts the credentials of a service (`LoadCredential=`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "daypass-encryption-key";
/// How long the command may take that prints the key.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);
/// Bytes that it may print.
const MAX_COMMAND_OUTPUT_BYTES: u64 = 4096;

/// Why there is no encryption key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFault {
    /// The file cannot be read.
    #[error("the encryption key in `{}`: {fault}{}", path.display(), remedy(path, fault))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// There is none, and a database holds what is sealed under one.
    #[error("{}", lost(place.as_deref(), database))]
    Lost {
        /// Where it is looked for, if the settings leave no choice.
        place: Option<PathBuf>,
        /// The database.
        database: SealedKeys,
    },
    /// It opens nothing of what a database holds.
    #[error(
        "the signing keys in `{}` are sealed under another encryption key than that of {place}, or altered\n  \
         help: name the key that was there before: `[keys]`, DAYPASS_ENCRYPTION_KEY, or the systemd credential \
         `daypass-encryption-key`{IF_LOST}", database.name
    )]
    Wrong {
        /// Where it was found.
        place: String,
        /// The database.
        database: SealedKeys,
    },
    /// What was found is no key.
    #[error("{place}: {fault}")]
    Malformed {
        /// Where it was found.
        place: String,
        /// Why.
        fault: SealFault,
    },
    /// The command gave none.
    #[error("`{setting}`: `{program}` {reason}")]
    Command {
        /// What names the program.
        setting: &'static str,
        /// The program.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// The command makes keys that are kept nowhere.
    #[error(
        "`{setting}`: `{program}` prints another key each time; it must print one that is kept, or nothing would open what \
         is sealed under it"
    )]
    NotSteady {
        /// What names the program.
        setting: &'static str,
        /// The program.
        program: String,
    },
    /// It cannot be made.
    #[error("an encryption key cannot be kept in `{}`: {source}", path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody names the new one.
    #[error(
        "there is no new encryption key: name its file with `--new-key-file`, a command that prints it with \
         `--new-key-command`, or put its text into DAYPASS_NEW_ENCRYPTION_KEY\n  \
         help: make one: (umask 077; openssl rand -base64 32 > new.key)"
    )]
    NoNew,
    /// Nobody names one, and none is made here.
    #[error(
        "there is no encryption key, and one is made by itself only while the host of `public_url` is loopback \
         and the store is a file\n  \
         help: make one: (umask 077; openssl rand -base64 32 > daypass.key)\n  \
         help: and name it: `encryption_key_file = \"daypass.key\"` in `[keys]`, or put its text into \
         DAYPASS_ENCRYPTION_KEY, or give it to the service as the systemd credential `daypass-encryption-key`"
    )]
    Missing,
}

/// What the search for the key came to.
pub(crate) enum Found {
    /// The key, and where it was.
    Key(EncryptionKey, String),
    /// There is none, and one may be made in this file.
    Nowhere(PathBuf),
}

/// A key that was made just now.
pub(crate) struct NewKey(pub(crate) PathBuf);

impl fmt::Display for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "made an encryption key in `{}`: without it, the signing keys in the database cannot be used; keep a copy elsewhere",
            self.0.display()
        )
    }
}

/// A database that holds signing keys, for the texts of faults.
#[derive(Debug)]
pub(crate) struct SealedKeys {
    name: String,
}

impl SealedKeys {
    /// The database of a store.
    pub(crate) fn of(store: &StoreUrl) -> Self {
        let name = store.path().map_or_else(|| store.to_string(), |path| path.display().to_string());
        Self { name }
    }
}

impl fmt::Display for SealedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What can be done without the key. A start never does it, and whoever has merely named the wrong key must not be led to it.
const IF_LOST: &str = "\n  help: only if it is lost for good, and not while it may still be found: docs/keys.md, \"The encryption key \
     is lost\"; every pass that is out becomes invalid then";

impl KeyFault {
    /// Says what the absence of the key means where a database holds keys that are sealed under it.
    pub(crate) fn with_sealed_keys_in(self, database: SealedKeys) -> Self {
        match self {
            Self::Missing => Self::Lost { place: None, database },
            Self::File { path, fault: FileFault::Absent } => Self::Lost { place: Some(path), database },
            other @ (Self::File { .. }
            | Self::Lost { .. }
            | Self::Wrong { .. }
            | Self::Malformed { .. }
            | Self::Command { .. }
            | Self::NotSteady { .. }
            | Self::NoNew
            | Self::NotKept { .. }) => other,
        }
    }
}

/// Looks for the key; makes none.
pub(crate) async fn find(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
) -> Result<Found, KeyFault> {
    match &settings.encryption_key {
        EncryptionKeySource::File(path) => return of_private_file(path),
        EncryptionKeySource::Command(command) => return of_command("encryption_key_command", command).await,
        EncryptionKeySource::Unnamed => {}
    }
    if let Some(text) = environment::value(environment, VARIABLE) {
        return parse(VARIABLE, &Secret::new(text.to_owned()));
    }
    if let Some(folder) = environment::value(environment, CREDENTIALS_DIRECTORY) {
        let path = Path::new(folder).join(CREDENTIAL);
        // No check of the mode: systemd guards the folder, and shows its access list as group permissions.
        match files::read_text(&path) {
            Ok(text) => return parse(&format!("`{}`", path.display()), &Secret::new(text)),
            Err(FileFault::Absent) => {}
            Err(fault) => return Err(KeyFault::File { path, fault }),
        }
    }
    // Replicas share one key, so none is made by one of them for a database that all use.
    let path = match settings.store.path() {
        Some(database) if server::is_loopback_host(settings.public_url.host()) => beside(database),
        Some(_) | None => return Err(KeyFault::Missing),
    };
    match of_private_file(&path) {
        Err(KeyFault::File { fault: FileFault::Absent, .. }) => Ok(Found::Nowhere(path)),
        found => found,
    }
}

/// Makes a key in a file. Gives the key that is there: if somebody was faster, theirs.
pub(crate) fn make(path: PathBuf, rng: &dyn Random) -> Result<(EncryptionKey, Option<NewKey>), KeyFault> {
    let (key, text) = EncryptionKey::generate(rng);
    match keep(&path, &text) {
        Ok(()) => Ok((key, Some(NewKey(path)))),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => match of_private_file(&path)? {
            Found::Key(key, _) => Ok((key, None)),
            Found::Nowhere(path) => Err(KeyFault::NotKept { path, source }),
        },
        Err(source) => Err(KeyFault::NotKept { path, source }),
    }
}

/// `<database>.key`.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Writes the whole key, mode 0600, before it has its name, and never over another file.
fn keep(path: &Path, text: &Secret) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.reveal().as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|fault| fault.error)?;
    std::fs::File::open(folder)?.sync_all()
}

pub(super) fn of_private_file(path: &Path) -> Result<Found, KeyFault> {
    let text = files::read_private_text(path);
    let text = text.map_err(|fault| KeyFault::File { path: path.to_owned(), fault })?;
    parse(&format!("`{}`", path.display()), &Secret::new(text))
}

fn remedy(path: &Path, fault: &FileFault) -> String {
    let path = path.display();
    match fault {
        FileFault::Exposed => format!("\n  help: chmod 600 '{path}'"),
        FileFault::Absent => {
            format!("\n  help: make one: (umask 077; openssl rand -base64 32 > '{path}')")
        }
        FileFault::TooLarge | FileFault::NoFile | FileFault::NotText | FileFault::Unreadable(_) => {
            String::new()
        }
    }
}

fn lost(place: Option<&Path>, database: &SealedKeys) -> String {
    let back = match place {
        Some(path) => format!("into `{}` (mode 0600)", path.display()),
        None => "and name it: `encryption_key_file` in `[keys]`, DAYPASS_ENCRYPTION_KEY, or the systemd credential \
                 `daypass-encryption-key`"
            .to_owned(),
    };
    format!(
        "the encryption key is not there under which the signing keys in `{}` are sealed; no other can take its place\n  \
         help: put the key back {back}{IF_LOST}",
        database.name
    )
}

pub(super) fn parse(place: &str, text: &Secret) -> Result<Found, KeyFault> {
    match EncryptionKey::from_base64(text) {
        Ok(key) => Ok(Found::Key(key, place.to_owned())),
        Err(fault) => Err(KeyFault::Malformed { place: place.to_owned(), fault }),
    }
}

/// What a command prints. It is run as it is written, without a shell; what it says on stderr is the operator's to see.
pub(super) async fn of_command(setting: &'static str, command: &[String]) -> Result<Found, KeyFault> {
    let program = command.first().cloned().unwrap_or_default();
    let fault = |reason: String| KeyFault::Command { setting, program: program.clone(), reason };
    match tokio::time::timeout(COMMAND_DEADLINE, printed(&program, command)).await {
        Ok(Ok(text)) => parse(&format!("what `{program}` printed"), &text),
        Ok(Err(reason)) => Err(fault(reason)),
        Err(_) => Err(fault(format!("did not end in {} seconds", COMMAND_DEADLINE.as_secs()))),
    }
}

async fn printed(program: &str, command: &[String]) -> Result<Secret, String> {
    let mut child = Command::new(program)
        .args(command.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|fault| format!("cannot be started: {fault}"))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut bounded = stdout.take(MAX_COMMAND_OUTPUT_BYTES.saturating_add(1));
        bounded.read_to_string(&mut text).await.map_err(|_| "did not print text".to_owned())?;
    }
    let text = Secret::new(text);
    if u64::try_from(text.size_bytes()).unwrap_or(u64::MAX) > MAX_COMMAND_OUTPUT_BYTES {
        return Err(format!("printed more than {MAX_COMMAND_OUTPUT_BYTES} bytes"));
    }
    let status = child.wait().await.map_err(|fault| fault.to_string())?;
    if status.success() { Ok(text) } else { Err(format!("failed: {status}")) }
}
