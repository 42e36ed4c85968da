//! `daypass policy`: what can be told of policy files without a server.

mod check;
mod explain;
mod sarif;
mod schema;
mod test;

use super::Context;
use crate::args::PolicyCommand;
use crate::fault::CommandFault;

pub(super) fn run(command: &PolicyCommand, context: &Context) -> Result<u8, CommandFault> {
    match command {
        PolicyCommand::Check(arguments) => match &arguments.explain {
            Some(lint) => explain::run(lint),
            None => check::run(arguments, context),
        },
        PolicyCommand::Schema(arguments) => schema::run(arguments),
        PolicyCommand::Test(arguments) => test::run(arguments, context),
    }
}
