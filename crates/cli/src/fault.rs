//! Why a command fails, and the status with which it then ends.

use std::io;

use daypass_client::ClientFault;
use daypass_emulator::EmulatorFault;
use daypass_store::StoreFault;

use crate::settings::{KeyFault, SettingsFaults};

/// All is well. A no has the status 3, which `daypass_client` gives it.
pub(crate) const OK: u8 = 0;
/// The command did its work and found something.
pub(crate) const FINDINGS: u8 = 1;
/// The command line or the settings are wrong.
pub(crate) const USAGE: u8 = 2;
/// The command of a job cannot be run, as shells say it.
pub(crate) const NO_PROGRAM: u8 = 126;
/// There is no such command of a job, as shells say it.
pub(crate) const NO_SUCH_COMMAND: u8 = 127;
/// Somebody did not answer, or this process cannot do its work.
pub(crate) const UNREACHABLE: u8 = 4;

/// Why a command fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandFault {
    /// The command cannot be done as it was asked for.
    #[error("{0}")]
    Usage(String),
    /// The settings are wrong.
    #[error("{0}")]
    Settings(#[from] SettingsFaults),
    /// There is no encryption key, or not the one that is needed.
    #[error("{0}")]
    EncryptionKey(#[from] KeyFault),
    /// The server does not start.
    #[error("{text}")]
    NotStarted {
        /// Why.
        text: String,
        /// The status with which the command ends.
        status: u8,
        /// Whether it is a list of faults, each with its own place.
        is_list: bool,
    },
    /// The command of a job cannot be run.
    #[error("{text}")]
    NotRun {
        /// Which, and why.
        text: String,
        /// The status with which the command ends.
        status: u8,
    },
    /// The store does not do its work.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// The emulator does not start.
    #[error("{0}")]
    Emulator(#[from] EmulatorFault),
    /// No credential.
    #[error("{0}")]
    Client(#[from] ClientFault),
    /// Something of the machine does not do its work.
    #[error("{0}")]
    Unavailable(String),
    /// Something did not answer as it promised to.
    #[error("{0}")]
    Unexpected(String),
    /// Stdout does not take the output.
    #[error("cannot print: {0}")]
    Output(io::Error),
}

impl CommandFault {
    /// The status with which the command ends.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Settings(_) | Self::EncryptionKey(_) | Self::Store(StoreFault::Url(_)) => {
                USAGE
            }
            Self::Unexpected(_) => FINDINGS,
            Self::NotStarted { status, .. } | Self::NotRun { status, .. } => *status,
            Self::Emulator(fault) => of_emulator(fault),
            Self::Client(fault) => fault.exit_code(),
            Self::Output(_) if self.is_closed_pipe() => OK,
            Self::Store(
                StoreFault::Unavailable(_)
                | StoreFault::Refused(_)
                | StoreFault::Overtaken
                | StoreFault::Corrupt(_),
            )
            | Self::Unavailable(_)
            | Self::Output(_) => UNREACHABLE,
        }
    }

    /// Whether it is a list of faults, each with its own place.
    pub(crate) fn is_list(&self) -> bool {
        match self {
            Self::Settings(_) => true,
            Self::NotStarted { is_list, .. } => *is_list,
            Self::Usage(_)
            | Self::EncryptionKey(_)
            | Self::NotRun { .. }
            | Self::Store(_)
            | Self::Emulator(_)
            | Self::Client(_)
            | Self::Unavailable(_)
            | Self::Unexpected(_)
            | Self::Output(_) => false,
        }
    }

    /// Whether the reader of stdout has gone away, as `head` does.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(fault) if fault.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn of_emulator(fault: &EmulatorFault) -> u8 {
    match fault {
        EmulatorFault::Listen { .. }
        | EmulatorFault::File { .. }
        | EmulatorFault::KeyFileExposed(_)
        | EmulatorFault::KeyFileMalformed(_)
        | EmulatorFault::Mint(_)
        | EmulatorFault::Interrupted(_)
        | EmulatorFault::TooManyJobs => UNREACHABLE,
        EmulatorFault::ListenRefused(_)
        | EmulatorFault::ClaimMalformed(_)
        | EmulatorFault::ClaimReserved(_)
        | EmulatorFault::RepositoryMalformed(_)
        | EmulatorFault::ProjectMalformed(_)
        | EmulatorFault::VariableMalformed(_)
        | EmulatorFault::AudienceMissing(_)
        | EmulatorFault::JoinRefused(_)
        | EmulatorFault::JoinWithoutKeys
        | EmulatorFault::WorkflowMalformed(_)
        | EmulatorFault::SubjectMalformed(_)
        | EmulatorFault::SubjectClaimMissing(_)
        | EmulatorFault::PathReclaimed
        | EmulatorFault::NoIdTokens
        | EmulatorFault::WrongProvider => USAGE,
    }
}
