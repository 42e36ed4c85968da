//! The command line of `daypass emulate`.

mod github;
mod gitlab;

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::{Args, Subcommand};
use daypass_emulator::ClaimOverride;

pub(crate) use github::{GithubArguments, IdTokenChoice};
pub(crate) use gitlab::{ClaimSetChoice, GitlabArguments};

pub(super) const EXAMPLES: &str = "\
Examples:
  daypass emulate github -- daypass exchange --url http://127.0.0.1:8080 --role deploy
  daypass emulate gitlab --id-token DAYPASS_ID_TOKEN=127.0.0.1 -- env";

/// The CI system to play.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulateCommand {
    Github(GithubArguments),
    Gitlab(GitlabArguments),
}

/// What is done with the job; common to all CI systems.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Where the identity provider listens; on 127.0.0.1 only
    #[arg(long, value_name = "127.0.0.1:PORT", default_value = "127.0.0.1:0", help_heading = "Emulator")]
    pub(crate) listen: SocketAddr,

    /// Run at the issuer of another emulator on this machine, which goes on serving it: a job beside its own
    #[arg(long, value_name = "http://127.0.0.1:PORT", help_heading = "Emulator", conflicts_with_all = ["serve", "listen"])]
    pub(crate) join: Option<String>,

    /// Print `export NAME='…'` lines for a shell instead of running a command, and serve until a signal comes, or until
    /// stdin closes where it is a pipe: the variables work for as long as the emulator runs
    #[arg(long, help_heading = "Emulator", conflicts_with_all = ["serve", "command"])]
    pub(crate) print_env: bool,

    /// Print the variables as a JSON object
    #[arg(long, help_heading = "Emulator", requires = "print_env", conflicts_with_all = ["serve", "command"])]
    pub(crate) json: bool,

    /// Keep running for several commands and for emulators that join, and say how to start them
    #[arg(long, help_heading = "Emulator", conflicts_with = "command")]
    pub(crate) serve: bool,

    /// A claim of its tokens, as NAME=TEXT or NAME:=JSON; may be given several times
    #[arg(long = "claim", value_name = "NAME=VALUE", help_heading = "Claims")]
    pub(crate) claims: Vec<ClaimOverride>,

    /// The command of the job
    #[arg(last = true, value_name = "CMD", required_unless_present_any = ["print_env", "serve"])]
    pub(crate) command: Vec<OsString>,
}
