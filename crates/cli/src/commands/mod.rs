//! The commands, a file each.

mod audit;
mod completions;
mod config;
pub(crate) mod demo;
mod doctor;
mod emulate;
mod ends;
mod exchange;
mod init;
mod inspect;
mod keys;
mod man;
mod openapi;
mod policy;
mod project;
mod records;
mod revoke;
pub(crate) mod serve;

use std::collections::BTreeMap;
use std::sync::Arc;

use daypass_jose::{Clock, Random};

use crate::args::{Arguments, Command};
use crate::fault::CommandFault;

/// What the outside hands in.
pub(crate) struct Context {
    /// The environment of the process.
    pub(crate) environment: BTreeMap<String, String>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub(crate) rng: Arc<dyn Random>,
}

/// Runs a command; gives the status with which the process ends.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<u8, CommandFault> {
    match arguments.command {
        Command::Demo(arguments) => Box::pin(demo::run(&arguments, context)).await,
        Command::Serve(arguments) => Box::pin(serve::run(arguments, context)).await,
        Command::Emulate(command) => emulate::run(*command, context).await,
        Command::Exchange(arguments) => exchange::run(&arguments, context).await,
        Command::Project(command) => project::run(&command, context).await,
        Command::Audit(command) => audit::run(&command, context).await,
        Command::Keys(command) => keys::run(&command, context).await,
        Command::Revoke(arguments) => revoke::run(&arguments, context).await,
        Command::Config(command) => config::run(&command, context),
        Command::Doctor(arguments) => Box::pin(doctor::run(&arguments, context)).await,
        Command::Inspect(arguments) => inspect::run(&arguments, context),
        Command::Policy(command) => policy::run(&command),
        Command::Init(arguments) => init::run(&arguments).await,
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}
