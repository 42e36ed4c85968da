//! Lines for a file or standard output, written by a thread of their own: whoever does not read them, or a disk that hangs,
//! keeps that thread waiting and nobody else, the end of the server included.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};

use super::batch::Batch;
use super::delivery::DeliveryFault;
use super::file::LogFile;

/// How long a write may take before an operator is told.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);

/// Where lines go.
pub(super) enum Output {
    File(PathBuf),
    Stdout,
}

type Answer = oneshot::Sender<io::Result<()>>;

/// The thread's other end.
pub(super) struct Lines {
    shown: String,
    is_file: bool,
    thread: Mutex<Thread>,
}

/// The thread, which is started with the first batch.
struct Thread {
    output: Option<Output>,
    work: Option<mpsc::SyncSender<(Vec<u8>, Answer)>>,
    /// The batch that it is at, by its id.
    writing: Option<(String, oneshot::Receiver<io::Result<()>>)>,
}

impl Lines {
    pub(super) fn new(output: Output) -> Self {
        let shown = match &output {
            Output::File(path) => format!("`{}`", path.display()),
            Output::Stdout => "standard output".to_owned(),
        };
        let is_file = matches!(output, Output::File(_));
        let thread = Mutex::new(Thread { output: Some(output), work: None, writing: None });
        Self { shown, is_file, thread }
    }

    pub(super) fn shown(&self) -> String {
        self.shown.clone()
    }

    /// Returns when the lines are written: in a file on the platter, on standard output with the kernel. A batch that is
    /// still being written is waited for, and not written twice.
    pub(super) async fn deliver(&self, batch: &Batch) -> Result<(), DeliveryFault> {
        let mut thread = self.thread.lock().await;
        let written = tokio::time::timeout(WRITE_PATIENCE, thread.write(batch)).await;
        written
            .map_err(|_| self.late())?
            .map_err(|fault| DeliveryFault::Write(format!("{}: {fault}", self.shown)))
    }

    /// What an operator is told of a write that takes too long. Nobody has to read a file.
    fn late(&self) -> DeliveryFault {
        let shown = self.shown.clone();
        if self.is_file { DeliveryFault::Hangs(shown) } else { DeliveryFault::NotRead(shown) }
    }
}

impl Thread {
    async fn write(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some((id, answer)) = &mut self.writing {
            let written = answer.await.unwrap_or_else(|_| Err(gone()));
            let is_this = *id == batch.id;
            self.writing = None;
            if is_this {
                return written;
            }
        }
        let (answer, answered) = oneshot::channel();
        self.sender()?.send((batch.body.clone(), answer)).map_err(|_| gone())?;
        let (_, answer) = self.writing.insert((batch.id.clone(), answered));
        let written = answer.await.unwrap_or_else(|_| Err(gone()));
        self.writing = None;
        written
    }

    /// INVARIANT: one batch is under way at most, so that sending it never waits.
    fn sender(&mut self) -> io::Result<&mpsc::SyncSender<(Vec<u8>, Answer)>> {
        if let Some(output) = self.output.take() {
            let (work, works) = mpsc::sync_channel(1);
            thread::Builder::new()
                .name("daypass-audit".to_owned())
                .spawn(move || output.write_all(&works))?;
            self.work = Some(work);
        }
        self.work.as_ref().ok_or_else(gone)
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

impl Output {
    /// Writes what comes, until nobody can send any more.
    fn write_all(self, works: &mpsc::Receiver<(Vec<u8>, Answer)>) {
        match self {
            Self::File(path) => {
                let mut file = LogFile::new(path);
                for (body, answer) in works {
                    // Whoever has stopped waiting asks again.
                    drop(answer.send(file.append(&body)));
                }
            }
            Self::Stdout => {
                let mut is_torn = false;
                for (body, answer) in works {
                    let written = to_stdout(&body, is_torn);
                    is_torn = written.is_err();
                    drop(answer.send(written));
                }
            }
        }
    }
}

/// A line that was cut by a failure gets its end first.
fn to_stdout(body: &[u8], is_torn: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if is_torn {
        stdout.write_all(b"\n")?;
    }
    stdout.write_all(body)?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_hangs_and_standard_output_is_not_read() {
        let late = |output| Lines::new(output).late().to_string();
        assert_eq!(
            late(Output::File("audit.jsonl".into())),
            "`audit.jsonl` is not written: its disk or network file system hangs"
        );
        assert_eq!(late(Output::Stdout), "nobody reads standard output");
    }
}
