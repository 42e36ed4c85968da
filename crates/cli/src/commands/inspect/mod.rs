//! `daypass inspect`: any JSON Web Token, decoded for a person. Nothing is verified, and nobody is asked.

mod decode;
mod describe;

use std::io::Read as _;

use super::Context;
use crate::args::InspectArguments;
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;

/// No token that anybody uses is longer.
const MAX_INPUT_SIZE_BYTES: u64 = 256 * 1024;

pub(super) fn run(arguments: &InspectArguments, context: &Context) -> Result<u8, CommandFault> {
    let input = if arguments.token == "-" { from_stdin()? } else { arguments.token.clone() };
    let token = decode::Decoded::read(&input);
    if arguments.json {
        output::line(describe::as_json(&token))?;
    } else {
        output::line(describe::for_people(&token, context.clock.now()))?;
    }
    Ok(if token.faults.is_empty() { OK } else { FINDINGS })
}

fn from_stdin() -> Result<String, CommandFault> {
    if output::stdin_is_terminal() {
        output::note("paste the token, then press Ctrl-D");
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_INPUT_SIZE_BYTES.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|fault| CommandFault::Usage(format!("stdin cannot be read: {fault}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_INPUT_SIZE_BYTES {
        return Err(CommandFault::Usage(format!(
            "this is no token: it has more than {MAX_INPUT_SIZE_BYTES} bytes"
        )));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
