//! `daypass completions`.

use clap::CommandFactory as _;

use crate::args::{Arguments, CompletionsArguments};
use crate::fault::{self, CommandFault};
use crate::output;

pub(super) fn run(arguments: &CompletionsArguments) -> Result<u8, CommandFault> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "daypass", &mut script);
    output::bytes(&script)?;
    Ok(fault::OK)
}
