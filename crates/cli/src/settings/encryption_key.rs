//! The encryption key: found where the settings, the environment or the service manager keep it, or made once.

use std::collections::BTreeMap;
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
    /// What was found is no key.
    #[error("{place}: {fault}")]
    Malformed {
        /// Where it was found.
        place: String,
        /// Why.
        fault: SealFault,
    },
    /// The command gave none.
    #[error("`encryption_key_command`: `{program}` {reason}")]
    Command {
        /// The program.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// It cannot be made.
    #[error("an encryption key cannot be kept in `{}`: {source}", path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
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

/// The key, and a warning where it was made just now.
pub(crate) async fn obtain(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
    rng: &dyn Random,
) -> Result<(EncryptionKey, Option<String>), KeyFault> {
    match &settings.encryption_key {
        EncryptionKeySource::File(path) => return Ok((of_private_file(path)?, None)),
        EncryptionKeySource::Command(command) => return Ok((of_command(command).await?, None)),
        EncryptionKeySource::Unnamed => {}
    }
    if let Some(text) = environment::value(environment, VARIABLE) {
        return Ok((parse(VARIABLE, &Secret::new(text.to_owned()))?, None));
    }
    if let Some(folder) = environment::value(environment, CREDENTIALS_DIRECTORY) {
        let path = Path::new(folder).join(CREDENTIAL);
        // No check of the mode: systemd guards the folder, and shows its access list as group permissions.
        match files::read_text(&path) {
            Ok(text) => return Ok((parse(&path.display().to_string(), &Secret::new(text))?, None)),
            Err(FileFault::Absent) => {}
            Err(fault) => return Err(KeyFault::File { path, fault }),
        }
    }
    // Replicas share one key, so none is made by one of them beside a database that all use.
    match settings.store.path() {
        Some(path) if server::is_loopback_host(server::host_of(&settings.public_url)) => {
            beside_database(path, rng)
        }
        Some(_) | None => Err(KeyFault::Missing),
    }
}

/// The key in `<database>.key`, made there if there is none.
fn beside_database(database: &Path, rng: &dyn Random) -> Result<(EncryptionKey, Option<String>), KeyFault> {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    let path = PathBuf::from(name);
    match of_private_file(&path) {
        Ok(key) => return Ok((key, None)),
        Err(KeyFault::File { fault: FileFault::Absent, .. }) => {}
        Err(fault) => return Err(fault),
    }
    let (key, text) = EncryptionKey::generate(rng);
    match keep(&path, &text) {
        Ok(()) => {
            let warning = format!(
                "made an encryption key in `{}`: without it, the signing keys in the database cannot be used; keep a copy elsewhere",
                path.display()
            );
            Ok((key, Some(warning)))
        }
        // Somebody was faster: there is one key for all.
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok((of_private_file(&path)?, None)),
        Err(source) => Err(KeyFault::NotKept { path, source }),
    }
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

fn of_private_file(path: &Path) -> Result<EncryptionKey, KeyFault> {
    let text = files::read_private_text(path);
    let text = text.map_err(|fault| KeyFault::File { path: path.to_owned(), fault })?;
    parse(&format!("`{}`", path.display()), &Secret::new(text))
}

fn remedy(path: &Path, fault: &FileFault) -> String {
    let is_exposed = matches!(fault, FileFault::Exposed);
    if is_exposed { format!("\n  help: chmod 600 '{}'", path.display()) } else { String::new() }
}

fn parse(place: &str, text: &Secret) -> Result<EncryptionKey, KeyFault> {
    EncryptionKey::from_base64(text).map_err(|fault| KeyFault::Malformed { place: place.to_owned(), fault })
}

/// What a command prints. It is run as it is written, without a shell; what it says on stderr is the operator's to see.
async fn of_command(command: &[String]) -> Result<EncryptionKey, KeyFault> {
    let program = command.first().cloned().unwrap_or_default();
    let fault = |reason: String| KeyFault::Command { program: program.clone(), reason };
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
