//! `daypass policy schema`.

use crate::args::PolicySchemaArguments;
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::schema;

pub(super) fn run(arguments: &PolicySchemaArguments) -> Result<u8, CommandFault> {
    let schema = if arguments.ceiling { schema::of_ceilings() } else { schema::of_policy() };
    output::line(schema::text(&schema))?;
    Ok(OK)
}
