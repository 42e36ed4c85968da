//! `daypass openapi`: the document that clients can be made from.

use std::fs;

use crate::args::OpenapiArguments;
use crate::fault::{CommandFault, OK};
use crate::output;

pub(super) fn run(arguments: &OpenapiArguments) -> Result<u8, CommandFault> {
    let document = daypass_web::openapi_document(Some(arguments.url.as_str()));
    let text = format!("{document:#}\n");
    let Some(path) = &arguments.out else {
        output::bytes(text.as_bytes())?;
        return Ok(OK);
    };
    fs::write(path, &text)
        .map_err(|fault| CommandFault::Usage(format!("`{}` cannot be written: {fault}", path.display())))?;
    output::note(format_args!("wrote {} bytes to `{}`", text.len(), path.display()));
    Ok(OK)
}
