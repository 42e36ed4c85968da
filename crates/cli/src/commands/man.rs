//! `daypass man`: the command line as man pages.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::args::{Arguments, ManArguments};
use crate::fault::{CommandFault, OK};
use crate::output;

/// How the renderer begins the text that `--help` has below the options, with and without the heading that it has there.
const EXTRA: [&str; 3] = ["\n.SH EXTRA\nExamples:\n", "\n.SH EXTRA\nExample:\n", "\n.SH EXTRA\n"];
/// How it begins here.
const EXAMPLES: &str = "\n.SH EXAMPLES\n";

/// One page: the file's name, and its text.
struct Page {
    file: String,
    text: String,
}

pub(super) fn run(arguments: &ManArguments) -> Result<u8, CommandFault> {
    let mut top = Arguments::command();
    // Gives each command its whole name, as `daypass-keys-list`.
    top.build();
    match &arguments.out {
        None => output::bytes(page(top)?.text.as_bytes())?,
        Some(folder) => write_all(top, folder)?,
    }
    Ok(OK)
}

fn write_all(top: clap::Command, folder: &Path) -> Result<(), CommandFault> {
    let mut pages = Vec::new();
    collect(top, &mut pages)?;
    let not_written = |path: &Path, fault: &io::Error| {
        CommandFault::Usage(format!("`{}` cannot be written: {fault}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|fault| not_written(folder, &fault))?;
    for page in &pages {
        let path = folder.join(&page.file);
        fs::write(&path, &page.text).map_err(|fault| not_written(&path, &fault))?;
    }
    output::note(format_args!("wrote {} pages into `{}`", pages.len(), folder.display()));
    Ok(())
}

/// The page of a command, then those of the commands below it.
fn collect(command: clap::Command, pages: &mut Vec<Page>) -> Result<(), CommandFault> {
    let below: Vec<clap::Command> =
        command.get_subcommands().filter(|below| !below.is_hide_set()).cloned().collect();
    pages.push(page(command)?);
    below.into_iter().try_for_each(|command| collect(command, pages))
}

fn page(command: clap::Command) -> Result<Page, CommandFault> {
    // Without a date, so that a version's pages are the same whenever they are made. An empty one would be left out, and
    // what follows taken for it.
    let man =
        Man::new(command).date(" ").source(concat!("daypass ", env!("CARGO_PKG_VERSION"))).manual("daypass");
    let mut text = Vec::new();
    man.render(&mut text).map_err(CommandFault::Output)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let text = EXTRA.iter().fold(text, |text, extra| text.replace(extra, EXAMPLES));
    Ok(Page { file: man.get_filename(), text })
}
