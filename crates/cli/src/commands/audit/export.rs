//! `daypass audit export`: exchanges as JSON lines, oldest first, page by page.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use daypass_app::audit;
use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;
use daypass_store::{ExchangeFilter, Ledger, Order};
use tempfile::NamedTempFile;

use super::super::Context;
use super::super::ends::Ends;
use super::super::records::Records;
use super::filter;
use crate::args::AuditExportArguments;
use crate::fault::{CommandFault, OK};
use crate::output;

/// Exchanges that are in memory at once.
const PAGE: u32 = 500;
/// Exchanges that are younger may still be followed by one with a lower id: it waits for keys, its turn and its commit, and
/// the clocks of several servers differ.
const SETTLED_SECONDS: i64 = 30;

pub(super) async fn run(
    arguments: &AuditExportArguments,
    records: &Records,
    context: &Context,
) -> Result<u8, CommandFault> {
    let now = context.clock.now();
    let filter = filter::of(&arguments.filter, records, now).await?;
    let filter =
        filter.map(|filter| ExchangeFilter { after: arguments.after, order: Order::OldestFirst, ..filter });
    let mut export = Export { written: 0, last: None, from: arguments.after };
    match arguments.out.as_deref() {
        None => export.print(filter, records.store.ledger(), now).await.map(|()| OK),
        Some(path) => export.save(filter, records.store.ledger(), (path, now)).await,
    }
}

/// How far it is.
struct Export {
    written: u64,
    last: Option<ExchangeId>,
    from: Option<ExchangeId>,
}

impl Export {
    /// What is cut short ends with another status than 0, and says where to go on.
    async fn print(
        &mut self,
        filter: Option<ExchangeFilter>,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<(), CommandFault> {
        let ended = self.pages(filter, ledger, output::bytes).await;
        match &ended {
            Ok(()) => self.tell("", now),
            Err(fault) if fault.is_closed_pipe() => {}
            Err(_) => self.tell("not all of them: ", now),
        }
        ended
    }

    /// A signal must not leave a part of it behind.
    async fn save(
        &mut self,
        filter: Option<ExchangeFilter>,
        ledger: &Ledger,
        (path, now): (&Path, Timestamp),
    ) -> Result<u8, CommandFault> {
        let mut ends = Ends::listen()?;
        let mut part = Part::beside(path)?;
        tokio::select! {
            end = ends.next() => {
                output::progress("");
                output::note(format_args!("interrupted: `{}` was not written", path.display()));
                return Ok(end.exit_code());
            }
            ended = self.pages(filter, ledger, |bytes| part.write(bytes)) => ended?,
        }
        part.finish()?;
        self.tell("", now);
        Ok(OK)
    }

    async fn pages(
        &mut self,
        filter: Option<ExchangeFilter>,
        ledger: &Ledger,
        mut write: impl FnMut(&[u8]) -> Result<(), CommandFault>,
    ) -> Result<(), CommandFault> {
        let Some(mut filter) = filter else { return Ok(()) };
        loop {
            let page = ledger.list(&filter, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let lines: String =
                page.iter().map(|exchange| output::json_text(&audit::as_json(exchange)) + "\n").collect();
            write(lines.as_bytes())?;
            filter.after = Some(last.id);
            self.last = filter.after;
            self.written = self.written.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
            output::progress(format_args!("{} exchanges, up to {}", self.written, last.at));
        }
    }

    fn tell(&self, before: &str, now: Timestamp) {
        output::progress("");
        let settled = ExchangeId::first_of(now.plus_seconds(-SETTLED_SECONDS));
        let next = self.last.map(|last| last.min(settled)).max(self.from);
        let next = next.map(|id| format!("; `--after {id}` goes on from there")).unwrap_or_default();
        let what = if self.written == 1 { "exchange" } else { "exchanges" };
        output::note(format_args!("{before}{} {what} written{next}", self.written));
    }
}

/// A file that is not whole yet, beside its place. It goes when it is dropped.
struct Part {
    file: NamedTempFile,
    path: PathBuf,
}

impl Part {
    fn beside(path: &Path) -> Result<Self, CommandFault> {
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(CommandFault::Usage(format!(
                "--out: `{}` is no file; without --out, the export goes to stdout",
                path.display()
            )));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new().prefix(".daypass-export-").tempfile_in(folder);
        let path = path.to_owned();
        match file {
            Ok(file) => Ok(Self { file, path }),
            Err(fault) => Err(not_written(&path, &fault)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CommandFault> {
        self.file.write_all(bytes).map_err(|fault| not_written(&self.path, &fault))
    }

    fn finish(self) -> Result<(), CommandFault> {
        let Self { file, path } = self;
        file.as_file().sync_all().map_err(|fault| not_written(&path, &fault))?;
        file.persist(&path).map(drop).map_err(|fault| not_written(&path, &fault.error))
    }
}

fn not_written(path: &Path, fault: &std::io::Error) -> CommandFault {
    CommandFault::Unavailable(format!("cannot write `{}`: {fault}; it is not written", path.display()))
}
