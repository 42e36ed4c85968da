//! `daypass init`: a commented `daypass.toml` and a first policy file, which load as they are.

mod templates;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use daypass_jose::IssuerUrl;

use crate::args::{Ci, InitArguments};
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::settings::{DEFAULT_FILE, is_loopback_url};

const POLICY_FOLDER: &str = "policies";
const POLICY_FILE: &str = "policies/example.toml";

pub(super) fn run(arguments: &InitArguments) -> Result<u8, CommandFault> {
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
    output::line(next_steps(arguments.ci, &url))?;
    Ok(OK)
}

fn write(path: &str, text: &str) -> Result<(), CommandFault> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|fault| not_written(path, &fault))
}

fn not_written(path: &str, fault: &io::Error) -> CommandFault {
    CommandFault::Usage(format!("`{path}` cannot be written: {fault}"))
}

fn next_steps(ci: Ci, url: &IssuerUrl) -> String {
    let (owner, issuer) = match ci {
        Ci::Github => ("OWNER", "github"),
        Ci::Gitlab => ("GROUP", "gitlab"),
    };
    let mut steps = vec![
        ("start the server", "daypass serve".to_owned()),
        (
            "onboard a repository: its jobs get passes without a role",
            format!("daypass project add {owner}/NAME --issuer {issuer} --id ID --owner-id ID"),
        ),
        ("write the first role", format!("$EDITOR {POLICY_FILE}")),
    ];
    if !is_loopback_url(url) {
        let make = "(umask 077; openssl rand -base64 32 > daypass.key)".to_owned();
        steps.insert(0, ("make the key under which secrets are stored", make));
    }
    let steps: Vec<String> =
        steps.iter().map(|(what, command)| format!("  {what}:\n    {command}")).collect();
    format!("wrote {DEFAULT_FILE} and {POLICY_FILE}\n\nNext:\n{}", steps.join("\n"))
}
