//! `daypass project config`.

use std::io::Read as _;

use daypass_jose::Object;
use daypass_store::Project;
use serde_json::Value;

use super::super::Context;
use super::super::records::Records;
use crate::args::ProjectConfigArguments;
use crate::fault::CommandFault;
use crate::output;

/// It is part of an answer that each job reads.
const MAX_CONFIG_SIZE_BYTES: u64 = 64 * 1024;

pub(super) async fn run(
    arguments: &ProjectConfigArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let project = records.project(&arguments.project).await?;
    let Some(file) = arguments.set.as_deref() else { return print(&project, arguments.json) };
    super::check_is_not_deleted(&project)?;
    let config = read(file)?;
    let changed =
        records.store.projects().set_config(project.id, &config.to_string(), context.clock.now()).await?;
    let changed =
        changed.ok_or_else(|| CommandFault::Usage(format!("the project `{}` is gone", project.id)))?;
    if arguments.json {
        return print(&changed, true);
    }
    output::line(format_args!("configured {} ({})", changed.path, changed.id))
}

fn print(project: &Project, on_one_line: bool) -> Result<(), CommandFault> {
    let value: Value = serde_json::from_str(&project.config)
        .map_err(|fault| CommandFault::Unavailable(format!("the stored configuration is broken: {fault}")))?;
    if on_one_line { output::line(value) } else { output::line(format_args!("{value:#}")) }
}

fn read(file: &str) -> Result<Object, CommandFault> {
    let fault = |reason: String| CommandFault::Usage(format!("--set: `{file}`: {reason}"));
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().lock().take(MAX_CONFIG_SIZE_BYTES.saturating_add(1)).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(MAX_CONFIG_SIZE_BYTES.saturating_add(1)).read_to_end(&mut bytes))
    };
    read.map_err(|reason| fault(reason.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_CONFIG_SIZE_BYTES {
        return Err(fault(format!("a configuration has at most {MAX_CONFIG_SIZE_BYTES} bytes")));
    }
    Object::parse(&bytes).map_err(|reason| fault(format!("a configuration is one JSON object: {reason}")))
}
