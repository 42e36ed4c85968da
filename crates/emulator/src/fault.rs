//! Why an emulator does not start, or a job in it.

use std::net::SocketAddr;
use std::path::PathBuf;

use daypass_jose::jwt::MintFault;

/// Jobs that one emulator starts; they stay until it stops.
pub const MAX_JOBS: usize = 1024;

/// Why an emulator does not start, or a job in it.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorFault {
    /// Another address than loopback.
    #[error("the emulator does not listen on `{0}`; it takes `127.0.0.1:PORT` only, with any port but 80")]
    ListenRefused(SocketAddr),
    /// The address is not free.
    #[error("cannot listen on `{address}`: {source}{}", help_of(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file or folder of the emulator's own.
    #[error("cannot use `{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others could read the key.
    #[error("`{}` holds a signing key and other users can read it; run `chmod 600` on it, or delete it", .0.display())]
    KeyFileExposed(PathBuf),
    /// The file is not what an emulator wrote.
    #[error("`{}` is not a key file of the emulator; delete it and a new one is made", .0.display())]
    KeyFileMalformed(PathBuf),
    /// A key cannot be made, or does not sign.
    #[error("cannot sign: {0}")]
    Mint(#[from] MintFault),
    /// The program ends while a key is made.
    #[error("making the keys was interrupted: {0}")]
    Interrupted(String),
    /// `NAME=VALUE` was expected.
    #[error("`{0}` is not a claim; write `NAME=VALUE` for a string, `NAME:=JSON` for any other value")]
    ClaimMalformed(String),
    /// The mark of an emulated token cannot be set or removed.
    #[error("the claim `{0}` cannot be changed: it keeps emulated tokens out of real servers")]
    ClaimReserved(String),
    /// Not `owner/name`.
    #[error("`{0}` is not a repository; write `owner/name`")]
    RepositoryMalformed(String),
    /// Not `group/…/project`.
    #[error("`{0}` is not a project path; write `group/project`")]
    ProjectMalformed(String),
    /// Not a name that a variable may have.
    #[error("`{0}` is not the name of a variable; write letters, digits and `_`")]
    VariableMalformed(String),
    /// GitLab's `id_tokens` need an audience.
    #[error("the identity token `{0}` has no audience; write `NAME=AUDIENCE`")]
    AudienceMissing(String),
    /// Not an address at which an emulator can be.
    #[error("`{0}` cannot be joined; write the URL of the emulator's issuer, `http://127.0.0.1:PORT`")]
    JoinRefused(String),
    /// No folder that keeps keys.
    #[error(
        "there is no folder for state in which to find the other emulator's key; set HOME or XDG_STATE_HOME"
    )]
    JoinWithoutKeys,
    /// Not a reusable workflow.
    #[error("`{0}` is not a workflow; write `OWNER/NAME/.github/workflows/FILE.yml@REF`")]
    WorkflowMalformed(String),
    /// Not a template or list of components of `sub`.
    #[error("`{0}` is no form of `sub`: names that may be in it, each once, with commas between")]
    SubjectMalformed(String),
    /// GitHub fails such a run.
    #[error("`sub` is to name `{0}`, which this job has not")]
    SubjectClaimMissing(String),
    /// GitLab fails such a job.
    #[error(
        "ID token issuance is disabled: another project had this path before, and `sub` names it; let it begin with          `project_id`"
    )]
    PathReclaimed,
    /// A job without `id-token: write`, and a pull request from a fork.
    #[error("this job may not ask for identity tokens")]
    NoIdTokens,
    /// A job of the other CI system.
    #[error("this emulator plays another CI system than the job's")]
    WrongProvider,
    /// More jobs than one emulator takes.
    #[error("this emulator has started {} jobs, and takes no more", MAX_JOBS)]
    TooManyJobs,
}

fn help_of(source: &std::io::Error) -> &'static str {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        "\n  help: something else listens there, perhaps another emulator; choose another port (`--listen`)"
    } else {
        ""
    }
}
