//! The signals that end a command which stays: an interrupt, a wish that it terminates, a terminal that is gone.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::fault::CommandFault;

/// The signals, from the moment on when they no longer end the process by themselves.
pub(super) struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP, as a terminal sends it that is closed.
    HangUp,
}

impl Ends {
    /// Takes them over. Whatever leaves something behind when it is killed calls this first.
    pub(super) fn listen() -> Result<Self, CommandFault> {
        let on = |kind| {
            signal(kind)
                .map_err(|fault| CommandFault::Unavailable(format!("cannot listen for signals: {fault}")))
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: if is_to_outlive_its_terminal() { None } else { Some(on(SignalKind::hangup())?) },
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.interrupt.recv() => End::Interrupt,
            _ = self.terminate.recv() => End::Terminate,
            () = received(self.hang_up.as_mut()) => End::HangUp,
        }
    }
}

impl End {
    /// The status of a process that this one has ended, as a shell tells it: 128 and the number of the signal.
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is ignored, as under `nohup`: a handler of our own would undo that. Only Linux tells.
fn is_to_outlive_its_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, and the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
