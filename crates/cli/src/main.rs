//! The binary `daypass`: settings, commands, printing.

mod args;
mod clock;
mod commands;
mod environment;
mod fault;
mod logging;
mod output;
mod schema;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod words;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::args::Arguments;
use crate::commands::Context;
use crate::fault::CommandFault;

/// What one thread makes and another drops costs less by it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let status = match run(arguments) {
        Ok(status) => status,
        Err(fault) => {
            output::fault(&fault);
            fault.exit_code()
        }
    };
    ExitCode::from(status)
}

fn run(arguments: Arguments) -> Result<u8, CommandFault> {
    let context = Context {
        environment: environment::read(),
        clock: Arc::new(clock::SystemClock::start()),
        rng: Arc::new(clock::OsRandom::default()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| CommandFault::Unavailable(format!("cannot start: {fault}")))?;
    let status = runtime.block_on(commands::run(arguments, &context));
    // A thread that still reads stdin must not hold up the end.
    runtime.shutdown_background();
    status
}
