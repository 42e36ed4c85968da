//! Lines on their way to stderr: a thread writes them, so that no request waits for whoever reads the log.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that wait; further lines are dropped and counted. Somebody has stopped reading then.
const MAX_WAITING_BYTES: usize = 1024 * 1024;
/// For how long lines gather: to write each by itself costs more than the line.
const GATHER: Duration = Duration::from_millis(10);
/// How long the end of the process waits for the last lines to be taken.
const END_DEADLINE: Duration = Duration::from_secs(1);

/// Takes lines.
pub(super) struct Lines(Arc<Shared>);

/// Dropping it writes what waits.
pub(crate) struct WrittenAtEnd(Arc<Shared>);

/// The writer of one line.
pub(super) struct Line<'a>(&'a Shared);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    /// Whether the thread sleeps until there is a line.
    is_idle: bool,
    is_ending: bool,
    has_ended: bool,
}

/// Starts the thread that writes to `to`. Where there can be none, lines wait and are dropped.
pub(super) fn start(to: impl Write + Send + 'static) -> (Lines, WrittenAtEnd) {
    let shared = Arc::new(Shared::default());
    let writing = Arc::clone(&shared);
    let started = thread::Builder::new().name("daypass-log".to_owned()).spawn(move || writing.write_to(to));
    shared.lock().has_ended = started.is_err();
    (Lines(Arc::clone(&shared)), WrittenAtEnd(shared))
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.bytes.len().saturating_add(line.len()) > MAX_WAITING_BYTES {
            waiting.dropped = waiting.dropped.saturating_add(1);
            return;
        }
        waiting.bytes.extend_from_slice(line);
        if std::mem::take(&mut waiting.is_idle) {
            self.changed.notify_all();
        }
    }

    fn write_to(&self, mut to: impl Write) {
        while let Some((lines, dropped)) = self.next() {
            // A terminal that is gone takes no lines.
            drop(to.write_all(&lines).and_then(|()| to.flush()));
            if dropped > 0 {
                tracing::warn!(dropped, "lines of the log were dropped, since nobody took those before");
            }
        }
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// What has gathered; `None` at the end.
    fn next(&self) -> Option<(Vec<u8>, u64)> {
        let mut waiting = self.lock();
        while waiting.bytes.is_empty() && !waiting.is_ending {
            waiting.is_idle = true;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_idle = false;
        waiting = self
            .changed
            .wait_timeout_while(waiting, GATHER, |waiting| !waiting.is_ending)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        let lines = std::mem::take(&mut waiting.bytes);
        (!lines.is_empty()).then(|| (lines, std::mem::take(&mut waiting.dropped)))
    }
}

impl Drop for WrittenAtEnd {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_ending = true;
        self.0.changed.notify_all();
        // Whoever does not read must not keep the process from ending.
        let ended = self.0.changed.wait_timeout_while(waiting, END_DEADLINE, |waiting| !waiting.has_ended);
        drop(ended);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A reader that takes one write after the other, when it is asked.
    struct Taken(mpsc::SyncSender<Vec<u8>>);

    impl Write for Taken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn say(lines: &Lines, line: &str) {
        lines.make_writer().write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn lines_come_out_in_their_order_and_all_of_them_by_the_end() {
        let (send, taken) = mpsc::sync_channel(1_000);
        let (lines, end) = start(Taken(send));
        for number in 0..100 {
            say(&lines, &format!("{number}\n"));
        }
        drop(end);
        let written: Vec<u8> = taken.try_iter().flatten().collect();
        let wanted = (0..100).fold(String::new(), |text, number| format!("{text}{number}\n"));
        assert_eq!(String::from_utf8(written).unwrap(), wanted);
    }

    #[test]
    fn a_reader_that_has_stopped_holds_up_nobody_and_not_the_end() {
        let (send, taken) = mpsc::sync_channel(0);
        let (lines, end) = start(Taken(send));
        let line = "x".repeat(1_000);
        for _ in 0..5_000 {
            say(&lines, &line);
        }
        assert!(lines.0.lock().dropped > 0);
        assert!(lines.0.lock().bytes.len() <= MAX_WAITING_BYTES);
        drop(end);
        drop(taken);
    }
}
