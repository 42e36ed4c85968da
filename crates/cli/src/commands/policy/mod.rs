//! `daypass policy`: what can be told of policy files without a server.

mod can;
mod check;
mod explain;
mod files;
mod matrix;
mod repository;
mod sarif;
mod schema;
mod test;
mod who;
mod why;

use super::Context;
use crate::args::PolicyCommand;
use crate::fault::CommandFault;

pub(super) fn run(command: &PolicyCommand, context: &Context) -> Result<u8, CommandFault> {
    match command {
        PolicyCommand::Check(arguments) => match &arguments.explain {
            Some(lint) => explain::run(lint),
            None => check::run(arguments, context),
        },
        PolicyCommand::Matrix(arguments) => matrix::run(arguments, context),
        PolicyCommand::Who(arguments) => who::run(arguments, context),
        PolicyCommand::Can(arguments) => can::run(arguments, context),
        PolicyCommand::Schema(arguments) => schema::run(arguments),
        PolicyCommand::Test(arguments) => test::run(arguments, context),
    }
}
