//! `daypass policy`: what is done with policy files.

use crate::args::{PolicyCommand, PolicySchemaArguments};
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::schema;

pub(super) fn run(command: &PolicyCommand) -> Result<u8, CommandFault> {
    match command {
        PolicyCommand::Schema(arguments) => schema(arguments),
    }
}

fn schema(arguments: &PolicySchemaArguments) -> Result<u8, CommandFault> {
    let schema = if arguments.ceiling { schema::of_ceilings() } else { schema::of_policy() };
    output::line(schema::text(&schema))?;
    Ok(OK)
}
