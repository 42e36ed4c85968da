//! `daypass init`: a commented `daypass.toml` and a first policy file, which load as they are.

mod steps;
mod templates;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use daypass_emulator::Checkout;
use daypass_jose::IssuerUrl;

use crate::args::InitArguments;
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::settings::{DEFAULT_FILE, is_loopback_url};

/// Where the emulator listens that the settings name; it must be the same in both.
pub(super) const EMULATOR_LISTEN: &str = "127.0.0.1:4011";

const POLICY_FOLDER: &str = "policies";
const POLICY_FILE: &str = "policies/example.toml";

pub(super) async fn run(arguments: &InitArguments) -> Result<u8, CommandFault> {
    let url = IssuerUrl::parse(&arguments.url)
        .map_err(|fault| CommandFault::Usage(format!("--url: `{}` has {}", arguments.url, fault.0)))?;
    if url.is_plain_http() && !is_loopback_url(&url) {
        return Err(CommandFault::Usage(format!(
            "--url: `{url}` must be `https://…`: tokens and passes travel to it"
        )));
    }
    for path in [DEFAULT_FILE, POLICY_FILE] {
        if Path::new(path).exists() {
            return Err(CommandFault::Usage(format!(
                "`{path}` exists, and is never overwritten; nothing was written"
            )));
        }
    }
    let settings = templates::settings(arguments.ci, &url);
    fs::create_dir_all(POLICY_FOLDER).map_err(|fault| not_written(POLICY_FOLDER, &fault))?;
    write(POLICY_FILE, templates::policy(arguments.ci))?;
    write(DEFAULT_FILE, &settings)?;
    let next = if is_loopback_url(&url) {
        let checkout = Checkout::read(Path::new(".")).await;
        steps::with_emulator(arguments.ci, &url, checkout.as_ref())
    } else {
        steps::for_others(arguments.ci)
    };
    output::line(format_args!("wrote {DEFAULT_FILE} and {POLICY_FILE}\n\nNext:\n{next}"))?;
    Ok(OK)
}

fn write(path: &str, text: &str) -> Result<(), CommandFault> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|fault| not_written(path, &fault))
}

fn not_written(path: &str, fault: &io::Error) -> CommandFault {
    CommandFault::Usage(format!("`{path}` cannot be written: {fault}"))
}
