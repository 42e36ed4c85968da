//! An emulator without a command of its own: it gives away its variables and stays.

use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use daypass_emulator::{EmulatorFault, Running};
use tokio::io::AsyncReadExt as _;

use super::super::ends::Ends;
use super::super::init::EMULATOR_LISTEN;
use crate::fault::{CommandFault, OK};
use crate::output;

/// Prints `export` lines, or JSON, and serves until a signal comes, or until stdin closes where it is a pipe.
pub(super) async fn print_environment(
    emulator: &Running,
    as_json: bool,
    ends: &mut Ends,
) -> Result<u8, CommandFault> {
    let variables = if as_json { json(emulator) } else { exports(emulator) };
    output::line(variables)?;
    let reads_pipe = stdin_is_pipe();
    tokio::select! {
        _ = ends.next() => {}
        () = stdin_closed(), if reads_pipe => {}
    }
    Ok(OK)
}

/// Says how commands are started as its job, and serves until a signal comes.
pub(super) async fn serve(
    emulator: &Running,
    provider: &str,
    folder: Option<&Path>,
    ends: &mut Ends,
) -> Result<u8, CommandFault> {
    let file = environment_file(emulator, folder)?;
    let issuer = emulator.issuer_url();
    output::note(format_args!(
        "\nTo have a server on this machine trust it, in daypass.toml (in the block that `daypass init` wrote, change `url`):\n  \
         [[issuers]]\n  name = \"emulator\"\n  provider = \"{provider}\"\n  url = \"{issuer}\"\n  \
         insecure_http = true\n  shared = true\n\
         `--listen {EMULATOR_LISTEN}` keeps the URL from one run to the next, and is the one that `daypass init` writes.\n\n\
         To run a command as its job, in another shell:\n  (. {} && COMMAND)\n\n\
         To run a job of its own beside it, with the flags of any:\n  daypass emulate {provider} --join {issuer} -- COMMAND\n\n\
         Ctrl-C ends it.",
        quoted(&file.path().display().to_string())
    ));
    ends.next().await;
    Ok(OK)
}

/// A file with the `export` lines, which only its owner can read, and which goes away with the emulator.
fn environment_file(
    emulator: &Running,
    folder: Option<&Path>,
) -> Result<tempfile::NamedTempFile, CommandFault> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("job-").suffix(".env");
    let in_file = |source| {
        let path = folder.map_or_else(std::env::temp_dir, Path::to_path_buf);
        CommandFault::Emulator(EmulatorFault::File { path, source })
    };
    let mut file = match folder {
        Some(folder) => builder.tempfile_in(folder),
        None => builder.tempfile(),
    }
    .map_err(in_file)?;
    writeln!(file, "{}", exports(emulator)).map_err(in_file)?;
    Ok(file)
}

fn json(emulator: &Running) -> String {
    serde_json::json!(emulator.environment()).to_string()
}

fn exports(emulator: &Running) -> String {
    let line = |(name, value): (&String, &String)| format!("export {name}={}", quoted(value));
    emulator.environment().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A terminal must not be read in the background, and the null device, which a shell gives to a background command, is
/// at its end from the start: neither says anything about how long the emulator is needed.
fn stdin_is_pipe() -> bool {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return false;
    }
    let metadata = stdin.as_fd().try_clone_to_owned().and_then(|file| std::fs::File::from(file).metadata());
    metadata.is_ok_and(|metadata| metadata.file_type().is_fifo() || metadata.file_type().is_socket())
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0_u8; 1024];
    while stdin.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_a_quoted_word_as_it_is() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
