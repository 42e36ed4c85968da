//! The command line of `daypass openapi`.

use std::path::PathBuf;

use clap::Args;
use daypass_jose::IssuerUrl;

/// Print the OpenAPI document of the server
///
/// OpenAPI 3.1: every endpoint with what it takes, each status that it answers, and every refusal with an example. Made by this
/// program alone: no settings are read and no server is asked. A server gives its own at /openapi.json. Clients can be made from
/// it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OpenapiArguments {
    /// Address of the server that the document is to name
    #[arg(long, value_parser = server, default_value = "https://pass.example.com")]
    pub(crate) url: IssuerUrl,

    /// File to write it to; what is there is overwritten [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  daypass openapi --url https://pass.example.com --out openapi.json
  daypass openapi | jq '.paths | keys'";

fn server(text: &str) -> Result<IssuerUrl, String> {
    IssuerUrl::parse(text).map_err(|fault| fault.to_string())
}
